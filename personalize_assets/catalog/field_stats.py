"""Which fields events have, of which JSON types, and how often they are null: the fields of a catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from personalize_assets.conversion.mapping.paths import EACH
from personalize_assets.storage.manifests import CatalogField

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


class _Shape(NamedTuple):
    """What objects of the same names and types at the same path have in common.

    Attributes:
        number: Position in the order in which shapes were first seen.
        types: ``(path, type)`` of its fields; an empty text is null, as in the conversion.
        nested: ``(name, path)`` of the fields that hold objects or arrays.
    """

    number: int
    types: tuple[tuple[str, str], ...]
    nested: tuple[tuple[str, str], ...]


class FieldStats:
    """Counts the fields of events.

    Most events are alike, so each event is only counted under its set of shapes; paths and types are summed up once per
    set, in ``fields``.

    Attributes:
        events: How many events were added.
    """

    def __init__(self) -> None:
        """Begin without events."""
        self.events = 0
        self._shapes: dict[Any, _Shape] = {}
        # A set: an array of ten products of one shape counts once.
        self._seen: Counter[frozenset[int]] = Counter()

    def add(self, event: Mapping[str, Any]) -> None:
        """Count the fields of one event."""
        self.events += 1
        found: set[int] = set()
        self._find(event, "", found)
        self._seen[frozenset(found)] += 1

    def _find(self, value: Any, path: str, found: set[int]) -> None:
        """Add the shapes of a value to ``found``. Fields of an array's elements follow the array's own path."""
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

    def fields(self) -> tuple[CatalogField, ...]:
        """The fields in the order of their paths; ``nulls`` is rounded to 4 digits."""
        types: dict[str, set[str]] = {}
        with_value: Counter[str] = Counter()
        shapes = list(self._shapes.values())  # in the order of their numbers
        for numbers, events in self._seen.items():
            pairs = {pair for number in numbers for pair in shapes[number].types}
            for path, kind in pairs:
                types.setdefault(path, set()).add(kind)
            for path in {path for path, kind in pairs if kind != "null"}:
                with_value[path] += events
        return tuple(
            CatalogField(path, tuple(sorted(kinds - {"null"})), round(1 - with_value[path] / self.events, 4))
            for path, kinds in sorted(types.items())
        )


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
    """The path of a field ``name`` below ``parent`` (``""``: the event itself), quoted as a config needs it."""
    # At the beginning of a path, `each` without quotes means an element of the config's `each`.
    is_plain = name.isidentifier() and (parent or name != EACH)
    step = name if is_plain else "`" + name.replace("`", "``") + "`"
    return f"{parent}.{step}" if parent else step
