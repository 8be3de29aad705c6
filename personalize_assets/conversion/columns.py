"""Many events at once, column by column: what ``mapping`` says of one event, at a fraction of the price.

A column's values are looked at together. If they are what such a column usually holds, Arrow takes them as they are;
else each is judged by the same function as in ``mapping``. So nothing here decides what a value means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
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
from personalize_assets.conversion.selection import TEXTS, Rows, Selection
from personalize_assets.conversion.shape import Getter, Shape

# What JSON has for a type, so that Arrow can take it as it is.
_USUAL: dict[str, set[type]] = {
    "string": {str},
    "float": {float, int},
    "double": {float, int},
    "int": {int},
    "long": {int},
    "boolean": {bool},
}


class Converted(NamedTuple):
    """One dataset's part of some events. ``rejected`` holds the place of the event and the reason, row by row."""

    kept: pa.RecordBatch
    rejected: list[tuple[int, str]]


class Columns:
    """The rows of one dataset."""

    def __init__(self, dataset: Dataset, shape: Shape) -> None:
        self.selection = Selection(dataset, shape)
        self._schema = schema(dataset)
        self._columns = [_Column(column, dataset, shape) for column in dataset.columns]
        self._is_interactions = dataset.name == "interactions"
        self._dedupe_by = _optional(dataset.dedupe_by, shape)
        self._event_time = _optional(dataset.event_time, shape)
        self._event_time_path = (dataset.event_time,)
        self._message_id = _optional(dataset.message_id, shape)

    def convert(self, rows: Rows, latest: int) -> Converted:
        """``latest`` is the last second (UTC since the epoch) that a timestamp may carry."""
        reasons: dict[int, str] = {}
        arrays = []
        for column in self._columns:
            array, own_reasons = rows.once(column.key, partial(column.read, rows, latest))
            arrays.append(array)
            for row, reason in own_reasons.items():
                reasons.setdefault(row, reason)
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
        get = self._event_time
        if get is None:
            return pa.nulls(len(rows.events), pa.int64())
        nanos = rows.once(("nanos", self._event_time_path), lambda: timestamps.many_nanos(get(rows.events)))
        return pc.if_else(_are_in_range(_seconds(nanos), latest), nanos, None)


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
        self._usual = _USUAL.get(column.type, set()) | {type(None)}
        self.key = repr(msgspec.structs.replace(column, categorical=False, keep="latest"))

    def read(self, rows: Rows, latest: int) -> tuple[pa.Array, dict[int, str]]:
        """The column, and the reason of each row that it rejects, which is null in it."""
        found = self._found(rows)
        if self._column.map or self._column.hash:
            return self._one_by_one(found, latest)
        if self._column.type == "timestamp":
            return self._seconds(rows, found, latest)
        reasons: dict[int, str] = {}
        kinds = set(map(type, found))
        if self._column.required and type(None) in kinds:
            missing = f"missing:{self._column.name}"
            reasons = {row: missing for row, value in enumerate(found) if value is None}
        if not kinds <= self._usual:
            found = [
                value if type(value) in self._usual else self._one(row, value, latest, reasons)
                for row, value in enumerate(found)
            ]
        if self._type == pa.string() and not self._are_usual(found):
            return self._one_by_one(found, latest, reasons)
        try:
            array = pa.array(found, self._type)
        except (pa.ArrowException, OverflowError):  # a whole number that is too large, or that no double holds exactly
            return self._one_by_one(found, latest, reasons)
        return (pc.add(array, 0.0) if self._type == pa.float64() else array), reasons  # minus zero becomes zero

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

    def _seconds(self, rows: Rows, found: Sequence[Any], latest: int) -> tuple[pa.Array, dict[int, str]]:
        reasons: dict[int, str] = {}
        make = partial(timestamps.many_nanos, found)
        seconds = _seconds(make() if self._column.constant else rows.once(("nanos", self._column.paths), make))
        good = _are_in_range(seconds, latest)
        if not pc.all(good).as_py():
            for row, is_good in enumerate(good.to_pylist()):
                if not is_good:
                    self._one(row, found[row], latest, reasons)
        return pc.if_else(good, seconds, None), reasons

    def _one_by_one(
        self, found: Sequence[Any], latest: int, reasons: dict[int, str] | None = None
    ) -> tuple[pa.Array, dict[int, str]]:
        reasons = {} if reasons is None else reasons
        return pa.array(
            [self._one(row, value, latest, reasons) for row, value in enumerate(found)], self._type
        ), reasons

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
    if not set(map(type, found)) <= TEXTS or "" in found:
        found = [text_or_none(value) for value in found]
    return pa.array(found, pa.string())


def _seconds(nanos: pa.Array) -> pa.Array:
    # Rounds towards zero: what that changes is before 1970, and so out of range either way.
    return pc.divide(nanos, timestamps.NANOS)


def _are_in_range(seconds: pa.Array, latest: int) -> pa.Array:
    within = pc.and_(pc.greater_equal(seconds, timestamps.EARLIEST_SECONDS), pc.less_equal(seconds, latest))
    return pc.fill_null(within, False)
