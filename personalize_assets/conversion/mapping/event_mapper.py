"""The column mapping at work: from an event's fields to the typed rows of one dataset.

A row is judged once, here, while its event is at hand: it comes out whole and typed, or as a reject with its reason.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping import timestamps, values
from personalize_assets.conversion.mapping.hashing import hashed
from personalize_assets.conversion.mapping.paths import Path, is_relative_to_each, parse_path

# Bookkeeping beside a dataset's own columns in the daily Parquet files; they never reach a CSV.
DEDUPE, POSITION = "_dedupe", "_position"
EVENT_TIME, MESSAGE_ID = "_event_time", "_message_id"
# How many daily rows one exported row stands for: it closes the books of an export.
COPIES = "_copies"
# Whether a row is exported, or was found to repeat one that is.
IS_FIRST = "_is_first"

ARROW_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    # Doubles for both: Personalize's float is a declaration in the schema; the file keeps the digits the event had.
    "float": pa.float64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.int64(),
}


class Row(NamedTuple):
    """One row for the daily files (``values`` in the order of ``schema``), or the reason why there is none."""

    values: tuple[Any, ...]
    reason: str | None = None


def schema(dataset: Dataset) -> pa.Schema:
    """The daily Parquet schema: the dataset's columns in their order, then the bookkeeping."""
    own = [pa.field(column.name, ARROW_TYPES[column.type]) for column in dataset.columns]
    if dataset.name == "interactions":
        return pa.schema([*own, pa.field(DEDUPE, pa.string()), pa.field(POSITION, pa.int32())])
    return pa.schema([*own, pa.field(EVENT_TIME, pa.int64()), pa.field(MESSAGE_ID, pa.string())])


def lookup(value: Any, path: Path) -> Any:
    """What lies at the end of a path; None where a step is missing. A step into an array goes into each element."""
    for at, step in enumerate(path):
        if type(value) is dict:
            value = value.get(step)
        elif type(value) is list:
            found = []
            for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
                found.append(lookup(element, path[at:]))
            return found
        else:
            return None
    return value


class Mapping:
    """The rows of one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._readers = [_reader(column) for column in dataset.columns]
        self._each = parse_path(dataset.each) if dataset.each else None
        self._is_interactions = dataset.name == "interactions"
        self._dedupe_by = _optional_path(dataset.dedupe_by)
        self._event_time = _optional_path(dataset.event_time)
        self._message_id = _optional_path(dataset.message_id)

    def rows(self, fields: dict[str, Any], latest: int) -> Iterator[Row]:
        """A row for every element of ``each``, or one for the event itself.

        ``latest`` is the last second (UTC since the epoch) that a timestamp may carry.
        """
        elements = lookup(fields, self._each) if self._each else None
        if self._is_interactions:
            key = text_or_none(lookup(fields, self._dedupe_by)) if self._dedupe_by else None
            extra: tuple[Any, ...] = (key,)
        else:
            message_id = text_or_none(lookup(fields, self._message_id)) if self._message_id else None
            extra = (self._time(fields, latest), message_id)
        if type(elements) is not list or not elements:
            yield self._row(fields, None, latest, (*extra, 0) if self._is_interactions else extra)
            return
        for position, element in enumerate(elements):
            yield self._row(fields, element, latest, (*extra, position) if self._is_interactions else extra)

    def _row(self, fields: dict[str, Any], element: Any, latest: int, extra: tuple[Any, ...]) -> Row:
        try:
            return Row((*[read(fields, element, latest) for read in self._readers], *extra))
        except RejectedError as rejected:
            return Row((), rejected.reason)

    def _time(self, fields: dict[str, Any], latest: int) -> int | None:
        """When the event happened, in nanoseconds since the epoch; None (the oldest) if that cannot be told."""
        nanos = timestamps.epoch_nanos(lookup(fields, self._event_time)) if self._event_time else None
        return nanos if nanos is not None and in_range(nanos // timestamps.NANOS, latest) else None


class RejectedError(Exception):
    """A value for which its row is a reject."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


_Reader = Callable[[dict[str, Any], Any, int], Any]


def _reader(column: Column) -> _Reader:
    """A function of the event, the element of ``each`` and the latest second: the value, or a ``RejectedError``."""
    sources = [(is_relative_to_each(path), parse_path(path)) for path in column.paths]
    getters = [(relative, getter(path[1:] if relative else path)) for relative, path in sources]
    finish = finisher(column)

    def read(fields: dict[str, Any], element: Any, latest: int) -> Any:
        for relative, get in getters:
            value = get(element if relative else fields)
            if not values.is_null(value):
                return finish(value, latest)
        return finish(column.constant, latest)

    return read


def finisher(column: Column) -> Callable[[Any, int], Any]:
    """A function of what was found in an event (or None) and the latest second: the typed value.

    None where a column may be null; it raises a ``RejectedError`` where not, and for what Personalize refuses.
    """
    is_text = column.type == "string" and not column.map and not column.hash
    convert = _converter(column)
    missing = f"missing:{column.name}"
    bad = "bad_timestamp" if column.type == "timestamp" else f"bad_value:{column.name}"
    max_chars = column.max_chars or sys.maxsize
    is_id = column.is_id

    def null(reason: str) -> None:
        if column.required:
            raise RejectedError(reason)

    def finish(value: Any, latest: int) -> Any:
        if value is None:
            return null(missing)
        if not is_text or type(value) is not str:
            try:
                value = convert(value, latest)
            except ValueError:
                return null(bad)
            if value is None:
                return null(missing)
        if type(value) is str:
            if len(value) > max_chars:
                raise RejectedError(f"too_long:{column.name}")
            if is_id and not value.isprintable():
                # As it will stand in the CSV: two ids that differ in this alone would be one id there, twice.
                value = values.one_line(value)
        return value

    return finish


def _converter(column: Column) -> Callable[[Any, int], Any]:
    """A function of a value that is not null and of the latest second; ``ValueError`` where it cannot be had."""
    if column.type == "timestamp":
        typed: Callable[[Any, int], Any] = _epoch_seconds
    else:
        convert = values.converter(column.type, column.separator)

        def typed(value: Any, _latest: int) -> Any:
            return convert(value)

    def one_name(value: Any, latest: int) -> Any:
        if type(value) is list:
            raise ValueError("a list is not one id")
        return typed(value, latest)

    unmapped = one_name if column.is_id or column.name == "EVENT_TYPE" else typed
    if column.hash:
        unmapped = hashed(column, _on_one_line(unmapped) if column.is_id else unmapped)
    if not column.map:
        return unmapped

    def mapped(value: Any, latest: int) -> Any:
        renamed = _renamed(value, column.map)
        return None if renamed is None else unmapped(renamed, latest)

    return mapped


def _on_one_line(convert: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
    """An id as it would stand in the CSV: ids that are one there are one hash."""

    def converted(value: Any, latest: int) -> Any:
        text = convert(value, latest)
        return text if text is None else values.one_line(text)

    return converted


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A value, or each element of an array, as text and by its new name where it has one."""
    if type(value) is list:
        elements = []
        for element in value:
            elements.append(_renamed(element, names))
        return elements
    text = values.to_text(value)
    return names.get(text, text) if text else None


def getter(path: Path) -> Callable[[Any], Any]:
    """``lookup`` of one path, quicker for the short ones."""
    first, *rest = path
    if not rest:
        return lambda value: value.get(first) if type(value) is dict else lookup(value, path)
    if len(rest) > 1:
        return lambda value: lookup(value, path)
    (second,) = rest

    def get(value: Any) -> Any:
        if type(value) is dict:
            inner = value.get(first)
            if type(inner) is dict:
                return inner.get(second)
        return lookup(value, path)

    return get


def _epoch_seconds(value: Any, latest: int) -> int | None:
    if value == "":
        return None
    nanos = timestamps.epoch_nanos(value)
    seconds = None if nanos is None else nanos // timestamps.NANOS
    if seconds is None or not in_range(seconds, latest):
        raise ValueError("not a point in time between 1990 and the day after arrival")
    return seconds


def in_range(seconds: int, latest: int) -> bool:
    return timestamps.EARLIEST_SECONDS <= seconds <= latest


def _optional_path(text: str | None) -> Path | None:
    return parse_path(text) if text else None


def text_or_none(value: Any) -> str | None:
    try:
        return values.to_text(value)
    except ValueError:
        return None
