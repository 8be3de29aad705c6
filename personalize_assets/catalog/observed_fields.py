"""What a sample of events holds, field by field: where values stand, of which types they are, and which they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personalize_assets.catalog.field_stats import path_of
from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS
from personalize_assets.conversion.mapping.paths import EACH, Path, parse_path
from personalize_assets.conversion.mapping.timestamps import NANOS, epoch_nanos
from personalize_assets.conversion.mapping.values import NUMBER, to_text

# Beyond this a field is an id or free text, and one value more says nothing new.
MOST_VALUES = 20_000
# 2100-01-01: a larger number is no point in time that an event could have.
_LATEST_SECONDS = 4_102_444_800


@dataclass
class Field:
    """One field of the events.

    Attributes:
        path: From the event, as the catalog writes it; through an array to the fields of its elements.
        parent: The path of the object it lies in; ``""`` is the event.
        array: The path of the array of objects that it lies in, or None.
        at: The numbers of the events in which it has a value; null, empty texts and empty arrays are none.
        kinds: How often a value was of a type of JSON; ``list`` once for an array, and its elements by themselves.
        values: How often a value was found, as text; each element of an array by itself.
    """

    path: str
    parent: str
    array: str | None
    at: set[int] = field(default_factory=set)
    kinds: Counter[type] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)

    @property
    def steps(self) -> Path:
        return parse_path(self.path)

    @property
    def name(self) -> str:
        return self.steps[-1]

    @property
    def column_path(self) -> str:
        """As a column names it: from the element of ``each``, where the field lies in one."""
        if self.array is None:
            return self.path
        return f"{EACH}.{self.path[len(self.array) + 1 :]}"

    @property
    def is_scalar(self) -> bool:
        """Whether values are texts and numbers that could be an id."""
        return bool(self.values) and not set(self.kinds) & {dict, list, bool}

    @property
    def is_numeric(self) -> bool:
        """Whether nearly all values are numbers, or numbers written as text."""
        return self._share(lambda text: NUMBER.fullmatch(text.strip()) is not None) >= 0.95 and bool not in self.kinds

    @property
    def is_whole(self) -> bool:
        return self._share(lambda text: text.strip().lstrip("+-").isdigit()) == 1

    @property
    def is_time(self) -> bool:
        """Whether nearly all values are points in time from 1990 on. A small number is none."""
        return self.is_scalar and self._share(_is_time) >= 0.9

    def _share(self, is_so: Any) -> float:
        if not self.values:
            return 0.0
        return sum(count for text, count in self.values.items() if is_so(text)) / self.values.total()


def _is_time(text: str) -> bool:
    nanos = epoch_nanos(text)
    return nanos is not None and MIN_EPOCH_SECONDS <= nanos // NANOS <= _LATEST_SECONDS


class Observed:
    """Events, and their fields by path. Fields of an array in an array are left out: no path of a column leads there.

    ``events`` are kept as they are: they must be few enough to lie in memory.
    """

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        self.events = events
        self.fields: dict[str, Field] = {}
        for number, event in enumerate(events):
            for path, parent, array, value in _values(event):
                seen = self.fields.get(path)
                if seen is None:
                    seen = self.fields[path] = Field(path, parent, array)
                _enter(seen, value, number)

    def __iter__(self) -> Iterator[Field]:
        """The fields that have a value at all, by path."""
        return iter(sorted((field for field in self.fields.values() if field.at), key=lambda field: field.path))

    def where(self, path: str, value: str) -> set[int]:
        """The numbers of the events that have this text at a path outside arrays."""
        steps = parse_path(path)
        return {number for number in self.fields[path].at if _text(_at(self.events[number], steps)) == value}

    def text(self, number: int, path: str) -> str | None:
        """The value of an event at a path outside arrays, as text."""
        return _text(_at(self.events[number], parse_path(path)))


def _enter(seen: Field, value: Any, number: int) -> None:
    if value is None or value in ("", []):
        return
    seen.at.add(number)
    seen.kinds[type(value)] += 1
    for one in value if type(value) is list else (value,):
        if (text := _text(one)) and (text in seen.values or len(seen.values) < MOST_VALUES):
            seen.values[text] += 1


def _values(
    value: Mapping[str, Any], path: str = "", array: str | None = None
) -> Iterator[tuple[str, str, str | None, Any]]:
    for name, child in value.items():
        if not name:
            continue
        child_path = path_of(path, name)
        yield child_path, path, array, child
        if type(child) is dict:
            yield from _values(child, child_path, array)
        elif type(child) is list and array is None:
            for element in child:
                if type(element) is dict:
                    yield from _values(element, child_path, child_path)


def _at(event: Any, steps: Path) -> Any:
    for step in steps:
        event = event.get(step) if isinstance(event, dict) else None
    return event


def _text(value: Any) -> str | None:
    try:
        return None if isinstance(value, list) else to_text(value)
    except ValueError:  # an object, or a number beyond every type
        return None
