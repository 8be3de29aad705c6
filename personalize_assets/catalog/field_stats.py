"""Which fields events have, of which types, and how often: what a catalog says of a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from personalize_assets.conversion.mapping.paths import EACH

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


class _Shape(NamedTuple):
    """What objects of the same names and types at the same place have in common."""

    number: int
    said: tuple[tuple[str, str], ...]
    """The paths of its fields and their types; an empty text is null, as it is to the conversion."""
    nested: tuple[tuple[str, str], ...]
    """The names and paths of those that hold objects or arrays."""


class Fields:
    """The fields of the events seen so far.

    Events are much alike: an object whose like was seen is known by its shape, and what shapes say is told at the end.
    """

    def __init__(self) -> None:
        self.events = 0
        self._shapes: dict[Any, _Shape] = {}
        # A set of shapes: an array of ten products says the same thing once.
        self._seen: Counter[frozenset[int]] = Counter()

    def add(self, fields: Mapping[str, Any]) -> None:
        self.events += 1
        found: set[int] = set()
        self._find(fields, "", found)
        self._seen[frozenset(found)] += 1

    def _find(self, value: Any, path: str, found: set[int]) -> None:
        """Paths as a config writes them. The fields of an array's elements follow the array's path."""
        if type(value) is list:
            for element in value:
                if type(element) is dict or type(element) is list:
                    self._find(element, path, found)
            return
        types = tuple(map(type, value.values()))
        if "" in value.values():
            types = tuple(type(None) if inner == "" else type(inner) for inner in value.values())
        key = (path, tuple(value), types)
        shape = self._shapes.get(key) or self._shapes.setdefault(key, _shape(len(self._shapes), *key))
        found.add(shape.number)
        for name, inner_path in shape.nested:
            self._find(value[name], inner_path, found)

    def as_json(self) -> list[dict[str, Any]]:
        """``[{"path", "types", "nulls"}]`` in the order of paths; ``nulls`` is the share of events without a value."""
        types: dict[str, set[str]] = {}
        with_value: Counter[str] = Counter()
        shapes = list(self._shapes.values())  # in the order of their numbers
        for numbers, events in self._seen.items():
            said = {pair for number in numbers for pair in shapes[number].said}
            for path, kind in said:
                types.setdefault(path, set()).add(kind)
            for path in {path for path, kind in said if kind != "null"}:
                with_value[path] += events
        return [
            {
                "path": path,
                "types": sorted(kinds - {"null"}),
                "nulls": round(1 - with_value[path] / self.events, 4),
            }
            for path, kinds in sorted(types.items())
        ]


def _shape(number: int, parent: str, names: tuple[str, ...], types: tuple[type, ...]) -> _Shape:
    # A field without a name has no path.
    found = [(name, path_of(parent, name), kind) for name, kind in zip(names, types, strict=True) if name]
    return _Shape(
        number,
        tuple((path, _JSON_TYPES.get(kind, "null")) for _, path, kind in found),
        tuple((name, path) for name, path, kind in found if kind is dict or kind is list),
    )


@lru_cache(maxsize=65_536)
def path_of(parent: str, name: str) -> str:
    """The path of a field called ``name`` below another (``""``: the event itself), as a config writes it."""
    # At the beginning of a path, `each` without quotes would be an element of the config's `each`.
    is_plain = name.isidentifier() and (parent or name != EACH)
    step = name if is_plain else "`" + name.replace("`", "``") + "`"
    return f"{parent}.{step}" if parent else step
