"""One value of an event -> one typed cell of a column, or ``RejectedError``.

The exact path and the fast path both convert here; the fast path only skips values that need no conversion.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from personalize_assets.conversion.column_types import COLUMN_TYPES, Convert
from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.mapping import values
from personalize_assets.conversion.mapping.hashing import hashing_converter
from personalize_assets.conversion.mapping.timestamps import is_in_range

CellConverter = Callable[[Any, int | None], Any]
"""(value, max_epoch_seconds or None) -> cell; see ``cell_converter``."""


class RejectedError(Exception):
    """A value for which its row is rejected."""

    def __init__(self, reason: str) -> None:
        """``reason`` as in rejects: ``missing:``, ``bad_value:``, ``too_long:`` or ``out_of_range:`` and the column, or
        ``bad_timestamp``.
        """
        self.reason = reason


class Dropped(NamedTuple):
    """A cell of a row that stays, though its value could not be used, or not all of it.

    ``reason`` as in ``RejectedError``. ``cell`` is null, or what is left of the value.
    """

    cell: Any
    reason: str


def cell_converter(column: Column) -> CellConverter:
    """Make the converter of a column's cells.

    It takes the value found in the event (None for one that counts as null: see ``values.is_null``), and the last
    second since the epoch that an event time may have, or None for a value that is no event time. It returns the typed
    cell, or ``Dropped`` for a value that does not fit. For null it returns None. If the column is required, it raises
    ``RejectedError`` for each that would be null.
    """
    column_type = COLUMN_TYPES[column.type]
    keeps_text = column_type.keeps_text and not column.changes_texts
    is_time, is_id, required = column_type.is_time, column.is_id, column.required
    convert = _value_converter(column, column_type.converter(column))
    missing, too_long, out_of_range = (f"{why}:{column.name}" for why in ("missing", "too_long", "out_of_range"))
    bad = "bad_timestamp" if column.is_event_time else f"bad_value:{column.name}"
    max_chars = column.max_chars or sys.maxsize
    bounds = column.value_range

    def null() -> None:
        if required:
            raise RejectedError(missing)

    def unusable(reason: str, rest: Any = None) -> Dropped:
        if required and rest is None:
            raise RejectedError(reason)
        return Dropped(rest, reason)

    def convert_cell(value: Any, max_epoch_seconds: int | None) -> Any:
        if value is None:
            return null()
        if not keeps_text or type(value) is not str:
            try:
                value = convert(value)
            except ValueError:
                return unusable(bad)
            if value is None:
                return null()
        if is_time:
            is_good = max_epoch_seconds is None or is_in_range(value, max_epoch_seconds)
            return value if is_good else unusable(bad)
        if bounds and not bounds[0] <= value <= bounds[1]:
            return unusable(out_of_range)
        if type(value) is str:
            if len(value) > max_chars:
                rest = _whole_ids(value, max_chars, column.separator) if column.name == "IMPRESSION" else None
                return unusable(too_long, rest)
            if is_id and not value.isprintable():
                # The CSV writes line breaks as spaces: ids that differ in these alone would be one id there, twice.
                value = values.one_line(value)
        return value

    return convert_cell


def _whole_ids(text: str, max_chars: int, separator: str) -> str | None:
    """As many of the joined ids as fit, from the first on; None if not even one does."""
    return text[: max(text.rfind(separator, 0, max_chars + len(separator)), 0)] or None


def text_or_none(value: Any) -> str | None:
    """Convert a value to text; None also for what has no text."""
    try:
        return values.to_text(value)
    except ValueError:
        return None


def _value_converter(column: Column, convert: Convert) -> Convert:
    """Add to a type's converter what the column asks for: no arrays, a hash, a map."""
    if not column.takes_arrays:
        convert = _refusing_arrays(convert)
    if column.hash:
        convert = hashing_converter(column, _on_one_line(convert) if column.is_id else convert)
    if column.map:
        convert = _renaming(column.map, convert)
    if isinstance(column.split, str):
        convert = _splitting(column.split, convert)
    return convert


def _refusing_arrays(convert: Convert) -> Convert:
    def convert_one(value: Any) -> Any:
        if type(value) is list:
            raise ValueError("an array is not one value")
        return convert(value)

    return convert_one


def _on_one_line(convert: Convert) -> Convert:
    """Convert an id to what the CSV would hold: ids that are equal there get the same hash."""

    def convert_id(value: Any) -> Any:
        text = convert(value)
        return text if text is None else values.one_line(text)

    return convert_id


def _splitting(mark: str, convert: Convert) -> Convert:
    def convert_parts(value: Any) -> Any:
        return convert(_parts(value, mark))

    return convert_parts


def _parts(value: Any, mark: str) -> Any:
    """A text as the array of its parts; an array with each of its texts so."""
    if type(value) is str:
        return [part.strip() for part in value.split(mark)]
    if type(value) is list:
        parts = []
        for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
            parts.append(_parts(element, mark))
        return parts
    return value


def _renaming(names: dict[str, str], convert: Convert) -> Convert:
    def convert_renamed(value: Any) -> Any:
        renamed = _renamed(value, names)
        return None if renamed is None else convert(renamed)

    return convert_renamed


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """Replace a value, or each element of an array, by its text, and that by its new name if it has one."""
    if type(value) is list:
        elements = []
        for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
            elements.append(_renamed(element, names))
        return elements
    text = values.to_text(value)
    return names.get(text, text) if text else None
