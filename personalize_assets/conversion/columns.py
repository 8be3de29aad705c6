"""Many events at once, column by column: what ``mapping`` says of one event, at a quarter of the price.

A column's values are looked at together. If they are what such a column usually holds, Arrow takes them as they are;
else each is judged by the same function as in ``mapping``. So nothing here decides what a value means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion import timestamps, values
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping import (
    ARROW_TYPES,
    RejectedError,
    finisher,
    schema,
    text_or_none,
)
from personalize_assets.conversion.paths import is_relative_to_each, parse_path
from personalize_assets.conversion.shape import Getter, Shape
from personalize_assets.conversion.wanted import is_one_of

_TEXTS = {str, type(None)}
# What JSON has for a type, so that Arrow can take it as it is.
_USUAL: dict[str, set[type]] = {
    "string": {str},
    "float": {float, int},
    "double": {float, int},
    "int": {int},
    "long": {int},
    "boolean": {bool},
}


class Rows(NamedTuple):
    """The rows that events give: each with its event, its element of ``each`` (or None) and that element's place."""

    numbers: list[int]
    """The place of each row's event among those that were given."""
    events: list[Any]
    elements: list[Any] | None
    positions: list[int] | None


class Converted(NamedTuple):
    """One dataset's part of some events. ``rejected`` holds the place of the event and the reason, row by row."""

    kept: pa.RecordBatch
    rejected: list[tuple[int, str]]


class Columns:
    """The rows of one dataset."""

    def __init__(self, dataset: Dataset, shape: Shape) -> None:
        self.selection = _Selection(dataset, shape)
        self._schema = schema(dataset)
        self._columns = [_Column(column, dataset, shape) for column in dataset.columns]
        self._is_interactions = dataset.name == "interactions"
        self._dedupe_by = _optional(dataset.dedupe_by, shape)
        self._event_time = _optional(dataset.event_time, shape)
        self._message_id = _optional(dataset.message_id, shape)

    def convert(self, rows: Rows, latest: int) -> Converted:
        """``latest`` is the last second (UTC since the epoch) that a timestamp may carry."""
        reasons: dict[int, str] = {}
        arrays = [column.read(rows, latest, reasons) for column in self._columns]
        if self._is_interactions:
            arrays.append(_texts(self._dedupe_by, rows))
            arrays.append(pa.array(rows.positions or [0] * len(rows.events), pa.int32()))
        else:
            arrays.append(self._times(rows, latest))
            arrays.append(_texts(self._message_id, rows))
        kept = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        if reasons:
            kept = kept.filter(pa.array([number not in reasons for number in range(len(rows.events))]))
        return Converted(kept, [(rows.numbers[row], reasons[row]) for row in sorted(reasons)])

    def _times(self, rows: Rows, latest: int) -> pa.Array:
        """When events happened, in nanoseconds since the epoch; null (the oldest) where that cannot be told."""
        if self._event_time is None:
            return pa.nulls(len(rows.events), pa.int64())
        nanos = timestamps.many_nanos(self._event_time(rows.events))
        return pc.if_else(_are_in_range(_seconds(nanos), latest), nanos, None)


class _Selection:
    """Which events a dataset wants, and into which rows they go. Equal ones are asked once for all datasets."""

    def __init__(self, dataset: Dataset, shape: Shape) -> None:
        self._key = (tuple(dataset.where.items()), dataset.each)
        self._tests = [
            (shape.of_event(parse_path(field)), frozenset(allowed)) for field, allowed in dataset.where.items()
        ]
        self._each = shape.of_event(parse_path(dataset.each)) if dataset.each else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Selection) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def rows(self, events: Sequence[Any]) -> Rows:
        """The rows of the wanted ones among these events."""
        numbers, wanted = list(range(len(events))), list(events)
        for get, allowed in self._tests:
            found = get(wanted)
            if set(map(type, found)) <= _TEXTS:
                hits = [place for place, value in enumerate(found) if value in allowed]
            else:
                hits = [place for place, value in enumerate(found) if is_one_of(value, allowed)]
            numbers, wanted = [numbers[place] for place in hits], [wanted[place] for place in hits]
        arrays = self._each(wanted) if self._each else ()
        if not any(arrays):
            return Rows(numbers, wanted, None, None)
        rows = Rows([], [], [], [])
        assert rows.elements is not None
        assert rows.positions is not None
        for number, event, array in zip(numbers, wanted, arrays, strict=True):
            count = len(array) if array else 1
            rows.numbers.extend([number] * count)
            rows.events.extend([event] * count)
            rows.elements.extend(array or [None])
            rows.positions.extend(range(count))
        return rows


class _Column:
    def __init__(self, column: Column, dataset: Dataset, shape: Shape) -> None:
        self._column = column
        self._sources: list[tuple[bool, Getter]] = []
        each = parse_path(dataset.each) if dataset.each else None
        for text in column.paths:
            path = parse_path(text)
            relative = is_relative_to_each(text)
            if relative and each is None:
                continue  # nothing to be relative to: null
            get = shape.of_element(each, path[1:]) if relative and each else shape.of_event(path)
            self._sources.append((relative, get))
        self._finish = finisher(column)
        self._type = ARROW_TYPES[column.type]
        self._usual = _USUAL.get(column.type, set())

    def read(self, rows: Rows, latest: int, reasons: dict[int, str]) -> pa.Array:
        """The column. ``reasons`` gets an entry for each row without one that this column rejects."""
        found = self._found(rows)
        if self._column.map:
            return self._one_by_one(found, latest, reasons)
        if self._column.type == "timestamp":
            return self._seconds(found, latest, reasons)
        as_they_are = self._usual if self._column.required else self._usual | {type(None)}
        if not set(map(type, found)) <= as_they_are:
            found = [
                value if type(value) in as_they_are else self._one(row, value, latest, reasons)
                for row, value in enumerate(found)
            ]
        if self._type == pa.string() and not self._are_usual(found):
            return self._one_by_one(found, latest, reasons)
        try:
            array = pa.array(found, self._type)
        except (pa.ArrowException, OverflowError):  # a whole number that is too large, or that no double holds exactly
            return self._one_by_one(found, latest, reasons)
        return pc.add(array, 0.0) if self._type == pa.float64() else array  # minus zero becomes zero

    def _found(self, rows: Rows) -> list[Any]:
        """What the first path that leads to something has, row by row; None for null."""
        found: list[Any] = [None] * len(rows.events)
        for number, (relative, get) in enumerate(self._sources):
            if relative and rows.elements is None:
                continue
            more = get(rows.elements if relative and rows.elements is not None else rows.events)
            found = more if number == 0 else [b if a is None else a for a, b in zip(found, more, strict=True)]
            kinds = set(map(type, found))
            if list in kinds or "" in found:
                found = [None if values.is_null(value) else value for value in found]
            elif type(None) not in kinds:
                return found
        if self._column.constant is not None:
            found = [self._column.constant if value is None else value for value in found]
        return found

    def _are_usual(self, found: Sequence[str | None]) -> bool:
        """Whether no text is too long, or an id with something in it that must not reach a CSV."""
        limit = self._column.max_chars
        if limit is not None and max(map(len, filter(None, found)), default=0) > limit:
            return False
        return not self._column.is_id or "".join(filter(None, found)).isprintable()

    def _seconds(self, found: Sequence[Any], latest: int, reasons: dict[int, str]) -> pa.Array:
        seconds = _seconds(timestamps.many_nanos(found))
        good = _are_in_range(seconds, latest)
        if not pc.all(good).as_py():
            for row, is_good in enumerate(good.to_pylist()):
                if not is_good:
                    self._one(row, found[row], latest, reasons)
        return pc.if_else(good, seconds, None)

    def _one_by_one(self, found: Sequence[Any], latest: int, reasons: dict[int, str]) -> pa.Array:
        return pa.array([self._one(row, value, latest, reasons) for row, value in enumerate(found)], self._type)

    def _one(self, row: int, value: Any, latest: int, reasons: dict[int, str]) -> Any:
        try:
            return self._finish(value, latest)
        except RejectedError as rejected:
            reasons.setdefault(row, rejected.reason)
            return None


def _optional(text: str | None, shape: Shape) -> Getter | None:
    return shape.of_event(parse_path(text)) if text else None


def _texts(get: Getter | None, rows: Rows) -> pa.Array:
    if get is None:
        return pa.nulls(len(rows.events), pa.string())
    found = get(rows.events)
    if not set(map(type, found)) <= _TEXTS or "" in found:
        found = [text_or_none(value) for value in found]
    return pa.array(found, pa.string())


def _seconds(nanos: pa.Array) -> pa.Array:
    # Rounds towards zero: what that changes is before 1970, and so out of range either way.
    return pc.divide(nanos, timestamps.NANOS)


def _are_in_range(seconds: pa.Array, latest: int) -> pa.Array:
    within = pc.and_(pc.greater_equal(seconds, timestamps.EARLIEST_SECONDS), pc.less_equal(seconds, latest))
    return pc.fill_null(within, False)
