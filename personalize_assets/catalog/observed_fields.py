"""The fields of a sample of events: in which events each has a value, of which JSON types, and which values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personalize_assets.catalog.field_stats import path_of
from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS
from personalize_assets.conversion.export.value_variety import MISSING_IDS
from personalize_assets.conversion.mapping.paths import EACH, Path, parse_path
from personalize_assets.conversion.mapping.timestamps import NANOS, epoch_nanos
from personalize_assets.conversion.mapping.values import NUMBER, to_text

MAX_VALUES = 20_000
"""Distinct values that are kept of a field; one with more is an id or free text."""
_DAY = re.compile(r"(19|20|21)\d\d([-/.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])", re.ASCII)
# 2100-01-01: a larger number is not taken for a time.
_LATEST_SECONDS = 4_102_444_800


@dataclass
class Field:
    """One field of the events.

    Attributes:
        path: From the event, as in a catalog; fields of an array's elements follow the array's path.
        parent: Path of the object that has the field; ``""`` is the event.
        array: Path of the array whose elements have the field, or None.
        at: Numbers of the events in which it has a value: not null, a blank text or an empty array.
        kinds: Number of values by JSON type, as Python types; an array counts as one ``list``.
        values: Number of values by their text; the elements of an array count one by one.
    """

    path: str
    parent: str
    array: str | None
    at: set[int] = field(default_factory=set)
    kinds: Counter[type] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)

    @property
    def steps(self) -> Path:
        """The path, parsed."""
        return parse_path(self.path)

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.steps[-1]

    @property
    def column_path(self) -> str:
        """The path as a column needs it: ``each.…`` for a field of an array's elements."""
        if self.array is None:
            return self.path
        return f"{EACH}.{self.path[len(self.array) + 1 :]}"

    @property
    def is_scalar(self) -> bool:
        """Whether it has values, and all of them are texts or numbers, as ids are."""
        return bool(self.values) and not set(self.kinds) & {dict, list, bool}

    @property
    def is_numeric(self) -> bool:
        """Whether at least 95 % of the values are numbers, or numbers written as text, and none is a boolean."""
        return self._share(lambda text: NUMBER.fullmatch(text.strip()) is not None) >= 0.95 and bool not in self.kinds

    @property
    def is_whole(self) -> bool:
        """Whether all values are integers, or integers written as text."""
        return self._share(lambda text: text.strip().lstrip("+-").isdigit()) == 1

    @property
    def is_time(self) -> bool:
        """Whether at least 90 % of the values can be read as times from 1990 to 2100."""
        return self.is_scalar and self._share(_is_time) >= 0.9

    @property
    def is_date(self) -> bool:
        """Whether the values are times, or dates of any year written as such: ``1942-11-26``."""
        return self.is_time or (self.is_scalar and self._share(_is_date) >= 0.9)

    @property
    def null_words(self) -> frozenset[str]:
        """Values that stand for a missing one, as ``undefined``; numbers are not here, for a price may be 0."""
        return frozenset(word for word in MISSING_IDS.intersection(self.values) if not NUMBER.fullmatch(word))

    @property
    def is_day(self) -> bool:
        """Whether all values are days without a time: ``2026-10-01``, ``20261001``."""
        return self._share(lambda text: _DAY.fullmatch(text.strip()) is not None) == 1

    def _share(self, is_true: Callable[[str], bool]) -> float:
        if not self.values:
            return 0.0
        return sum(count for text, count in self.values.items() if is_true(text)) / self.values.total()


def _is_time(text: str) -> bool:
    nanos = epoch_nanos(text)
    return nanos is not None and MIN_EPOCH_SECONDS <= nanos // NANOS <= _LATEST_SECONDS


def _is_date(text: str) -> bool:
    # A bare number of another range may be anything.
    return not NUMBER.fullmatch(text.strip()) and epoch_nanos(text) is not None


class Observed:
    """Events and their fields, as far as a column's path reaches them.

    Left out are fields of an array within an array, and those of an object whose names are numbers (``is_numbered``),
    which stands for an array: ``event_shapes`` finds them.

    Attributes:
        events: As given; kept in memory. Their numbers are positions in it.
        fields: By path.
    """

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Collect the fields of all events."""
        self.events = events
        self.fields: dict[str, Field] = {}
        for number, event in enumerate(events):
            for path, parent, array, value in _values(event):
                seen = self.fields.get(path)
                if seen is None:
                    seen = self.fields[path] = Field(path, parent, array)
                _enter(seen, value, number)

    def __iter__(self) -> Iterator[Field]:
        """The fields that have a value in any event, in the order of their paths."""
        return iter(sorted((field for field in self.fields.values() if field.at), key=lambda field: field.path))

    def where(self, path: str, value: str) -> set[int]:
        """Numbers of the events that have this value, as text, at a path outside arrays."""
        steps = parse_path(path)
        return {number for number in self.fields[path].at if _text(_at(self.events[number], steps)) == value}

    def text(self, number: int, path: str) -> str | None:
        """The value of an event at a path outside arrays, as text; None if there is none."""
        return _text(_at(self.events[number], parse_path(path)))


def is_numbered(value: Mapping[str, Any]) -> bool:
    """Whether an object stands for an array: all its names are numbers."""
    return bool(value) and all(name.isascii() and name.isdigit() for name in value)


def _enter(seen: Field, value: Any, number: int) -> None:
    if value is None or value == [] or (type(value) is str and not value.strip()):
        return
    seen.at.add(number)
    seen.kinds[type(value)] += 1
    for one in value if type(value) is list else (value,):
        if (text := _text(one)) and (text in seen.values or len(seen.values) < MAX_VALUES):
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
            if not is_numbered(child):
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
    except ValueError:  # an object, or a number that no column type can hold
        return None
