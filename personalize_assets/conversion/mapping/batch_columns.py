"""The fast path: one column of many rows, with the same cells and rejects as ``converters`` gives one by one.

Values that need no conversion go to Arrow together; each other value goes through the column's ``cell_converter``. So
nothing here defines what a value means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export.text_bytes import byte_facts, text_bytes
from personalize_assets.conversion.mapping import timestamps, values
from personalize_assets.conversion.mapping.batch_fields import BatchField, places_of_others
from personalize_assets.conversion.mapping.batch_rows import BatchRows
from personalize_assets.conversion.mapping.column_rows import at_places
from personalize_assets.conversion.mapping.converters import Dropped, RejectedError, cell_converter
from personalize_assets.conversion.mapping.null_words import NO_WORDS, NullWords

# Of these characters, Arrow's parser and ``values.NUMBER`` take the same texts.
_OF_NUMBERS = frozenset("0123456789.-")

Reasons = dict[int, str]
"""Why rows are rejected, or values dropped, by the index of the row."""


class Cells(NamedTuple):
    """The cells of one column.

    Attributes:
        cells: One per row, of the column's type.
        rejected: The rows that the column rejects, whose cells are null.
        dropped: The rows whose value could not be used, or not all of it; they stay.
    """

    cells: pa.Array
    rejected: Reasons
    dropped: Reasons


class BatchColumn:
    """A column of one dataset. Columns with the same ``key`` give the same result for the same rows."""

    def __init__(self, column: Column, words: NullWords = NO_WORDS) -> None:
        """Choose the strategy for a column. ``words`` are those that are null."""
        column_type = COLUMN_TYPES[column.type]
        self._column = column
        self._fields = [BatchField.of_column(path, words) for path in column.paths]
        self._convert_cell = cell_converter(column)
        self._arrow_type = column_type.arrow
        self._is_text = column_type.arrow == pa.string()
        self._is_time = column_type.is_time
        self._is_floating = pa.types.is_floating(column_type.arrow)
        self._has_bounds = column.value_range is not None
        self._ranged = [column.needs_event_time(path) for path in column.paths]
        self._is_constant_ranged = column.needs_event_time(None)
        self._kinds_to_keep = column_type.json_kinds | {type(None)}
        changes_values = column.changes_texts
        joins_texts = column.takes_arrays and column_type.keeps_text and not changes_values
        self._separator = column.separator if joins_texts else None
        self._constant = column.constant
        if type(column.constant) is str and not (column_type.keeps_text or column_type.is_time or changes_values):
            with suppress(ValueError):  # once, and not for each row
                self._constant = column_type.converter(column)(column.constant)
        self._read: Callable[[BatchRows, int], Cells]
        # A number is never taken apart, but its text would be.
        splits_numbers = isinstance(column.split, str) and not _OF_NUMBERS.isdisjoint(column.split)
        if column_type.keeps_text and not splits_numbers:
            self._read = self._read_distinct_texts if changes_values else self._read_texts
        elif changes_values or self._has_bounds:
            self._read = self._read_one_by_one
        elif column_type.is_time:
            self._read = self._read_times
        else:
            self._read = self._read_numbers if self._is_floating else self._read_values
        self.key = words.words, repr(msgspec.structs.replace(column, categorical=False, keep="latest"))

    def read(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        """Return the column's cells, which rows it rejects, and whose values it drops."""
        if rows.columns:
            cells = self._cells_of_column(rows)
            if cells is not None:
                return Cells(cells, self._missing(cells), {})
        return self._read(rows, max_epoch_seconds)

    # The strategies, one of which is chosen for the column

    def _read_texts(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        texts = self._texts(rows)
        if texts is None:
            return self._read_values(rows, max_epoch_seconds)
        if not self._are_valid(texts):
            return self._convert_all(texts.to_pylist(), max_epoch_seconds)
        return Cells(texts, self._missing(texts), {})

    def _read_distinct_texts(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        """Convert each distinct text once, as texts to map or to hash repeat."""
        texts = self._texts(rows)
        if texts is None:
            return self._read_one_by_one(rows, max_epoch_seconds)
        encoded = texts.dictionary_encode()
        distinct = self._convert_all(encoded.dictionary.to_pylist(), max_epoch_seconds)
        rejected, dropped = self._missing(texts), Reasons()
        if distinct.rejected or distinct.dropped:
            for row, index in enumerate(encoded.indices.to_pylist()):
                if index in distinct.rejected:
                    rejected[row] = distinct.rejected[index]
                elif index in distinct.dropped:
                    dropped[row] = distinct.dropped[index]
        return Cells(distinct.cells.take(encoded.indices), rejected, dropped)

    def _read_times(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        problems = Cells(None, {}, {})
        if len(self._fields) == 1 and self._column.constant is None and self._fields[0].is_in(rows):
            nanos = self._fields[0].nanos(rows)
        else:
            nanos = timestamps.many_nanos(self._values(rows))
        seconds = timestamps.many_seconds(nanos)
        is_ranged = self._are_ranged(rows)
        good = seconds.is_valid()
        if any(is_ranged):
            within = timestamps.are_in_range(seconds, max_epoch_seconds)
            good = within if all(is_ranged) else pc.if_else(pa.array(is_ranged), within, good)
        cells = pc.if_else(good, seconds, None)
        if not pc.all(good).as_py():
            others = []
            places = np.flatnonzero(pc.invert(good).to_numpy(zero_copy_only=False)).tolist()
            for row, value in zip(places, self._values_at(rows, places), strict=True):
                latest = max_epoch_seconds if is_ranged[row] else None
                others.append(self._convert(row, value, latest, problems))
            if any(other is not None for other in others):  # beyond the nanoseconds of 64 bits
                cells = pc.replace_with_mask(cells, pc.invert(good), pa.array(others, self._arrow_type))
        return problems._replace(cells=cells)

    def _are_ranged(self, rows: BatchRows) -> Sequence[bool]:
        """Whether each row's value is from a path, or the constant, whose times must be event times."""
        kinds = {self._is_constant_ranged} if self._column.constant is not None else set()
        kinds.update(self._ranged)
        if len(kinds) == 1:
            return list(kinds) * len(rows)
        found = [self._is_constant_ranged] * len(rows)
        for field, is_ranged in reversed(list(zip(self._fields, self._ranged, strict=True))):
            if field.is_in(rows):
                is_null = map(values.is_null, field.values(rows))
                found = [former if null else is_ranged for former, null in zip(found, is_null, strict=True)]
        return found

    def _read_numbers(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        """Parse texts together, as files without types have them, if all of them are plain finite numbers."""
        texts = self._texts(rows) if self._begins_with_text(rows) else None
        numbers = None if texts is None else _plain_numbers(texts)
        if numbers is None:
            return self._read_values(rows, max_epoch_seconds)
        # To a double first, as one by one: rounded twice, a float may differ in its last bit.
        cells = pc.add(numbers, 0.0).cast(self._arrow_type)
        if pc.all(pc.is_finite(cells)).as_py() is False:
            return self._read_values(rows, max_epoch_seconds)
        return Cells(cells, self._missing(cells), {})

    def _begins_with_text(self, rows: BatchRows) -> bool:
        if rows.columns:
            columns = [field.column(rows) for field in self._fields if field.is_in(rows)]
            return any(column is not None and pa.types.is_string(column.type) for column in columns)
        found = (value for field in self._fields if field.is_in(rows) for value in field.values(rows))
        return type(next(filter(None, found), None)) is str

    def _read_values(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        """Convert only values of other kinds than Arrow takes."""
        found, problems = self._values(rows), Cells(None, {}, {})
        others = list(places_of_others(found, self._kinds_to_keep))
        if others:
            found = found.copy()
            for row in others:
                found[row] = self._convert(row, found[row], max_epoch_seconds, problems)
        try:
            cells = pa.array(found, self._arrow_type)
        except (pa.ArrowException, OverflowError):  # an integer that is too large, or that no double holds exactly
            return self._convert_all(found, max_epoch_seconds, problems)
        if self._is_floating:
            cells = pc.add(cells, 0.0)  # minus zero becomes zero
        elif self._is_text and not self._are_valid(cells):
            return self._convert_all(found, max_epoch_seconds, problems)
        return Cells(cells, {**self._missing(cells), **problems.rejected}, problems.dropped)

    def _read_one_by_one(self, rows: BatchRows, max_epoch_seconds: int) -> Cells:
        return self._convert_all(self._values(rows), max_epoch_seconds)

    # What the rows have

    def _cells_of_column(self, rows: BatchRows) -> pa.Array | None:
        """The numbers or booleans of a column of a table, if they are cells as they are; else None."""
        column = self._only_column(rows)
        if column is None or self._is_text or self._is_time or self._column.changes_texts or self._has_bounds:
            return None
        kind = column.type
        if self._is_floating and pa.types.is_float64(kind):
            finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))  # as in JSON
            return pc.add(finite, 0.0)  # minus zero becomes zero
        if pa.types.is_boolean(kind) and kind == self._arrow_type:
            return column
        if pa.types.is_integer(kind) and not pa.types.is_boolean(self._arrow_type):
            with suppress(pa.ArrowException):  # an integer that is too large, or that no double holds exactly
                return column.cast(self._arrow_type)
        return None

    def _only_column(self, rows: BatchRows) -> pa.Array | None:
        """The column of a table in which all values of this one are, if there is such a column."""
        fields = [field for field in self._fields if field.is_in(rows)]
        if len(fields) != 1 or self._column.constant is not None or fields[0].has_words:
            return None
        return fields[0].column(rows)

    def _values(self, rows: BatchRows) -> list[Any]:
        """The first value that is not null along the paths, row by row, else the constant; None for null."""
        found: list[Any] | None = None
        for field in self._fields:
            if not field.is_in(rows):
                continue
            more = field.values(rows)
            found = more if found is None else [b if a is None else a for a, b in zip(found, more, strict=True)]
            kinds = set(map(type, found))
            if list in kinds or str in kinds:
                found = list(map(self._of_text_or_array, found))
            if None not in found:
                return found
        if found is None:
            found = [None] * len(rows)
        if self._constant is not None:
            found = [self._constant if value is None else value for value in found]
        return found

    def _values_at(self, rows: BatchRows, places: Sequence[int]) -> list[Any]:
        """``_values`` of some of the rows."""
        if rows.columns:
            return self._values(at_places(rows, places))
        found = self._values(rows)
        return [found[place] for place in places]

    def _of_text_or_array(self, value: Any) -> Any:
        """None for what counts as null; an array's text where that is only to join its elements, as most often."""
        if type(value) is list and self._separator is not None and value:
            with suppress(TypeError):  # an element that is not a text
                if not any(map(values.is_blank, map(str.__str__, value))):
                    return self._separator.join(value)
        return None if values.is_null(value) else value

    def _texts(self, rows: BatchRows) -> pa.Array | None:
        """``_values`` as an Arrow string array; None if a path has a value that is neither text nor int."""
        constant = self._column.constant
        if not (constant is None or (type(constant) is str and constant)):
            return None
        found: pa.Array | None = None
        for field in self._fields:
            if not field.is_in(rows):
                continue
            more = field.texts(rows)
            if more is None:
                return None
            found = more if found is None else pc.coalesce(found, more)
            if not found.null_count:
                return found
        if found is None:
            found = pa.nulls(len(rows), pa.string())
        return found if constant is None else pc.fill_null(found, constant)

    # Cells

    def _are_valid(self, texts: pa.Array) -> bool:
        """Whether all texts can be cells as they are: none is longer than ``max_chars``, and ids are printable."""
        limit = self._column.max_chars
        facts = byte_facts(texts)
        if limit is not None and facts.longest <= limit:  # a character has at least one byte
            limit = None
        if limit is not None and (pc.max(pc.utf8_length(texts)).as_py() or 0) > limit:
            return False
        if not self._column.is_id or (ord(" ") <= facts.least and facts.greatest <= ord("~")):
            return True
        if pc.all(pc.ascii_is_printable(texts)).as_py() is not False:
            return True
        return "".join(texts.drop_null().to_pylist()).isprintable()

    def _missing(self, cells: pa.Array) -> Reasons:
        if not self._column.required or not cells.null_count:
            return {}
        rows = np.flatnonzero(cells.is_null().to_numpy(zero_copy_only=False)).tolist()
        return dict.fromkeys(rows, f"missing:{self._column.name}")

    def _convert_all(self, found: Iterable[Any], max_epoch_seconds: int, problems: Cells | None = None) -> Cells:
        """Convert each value; ``problems`` of rows that were found already stay."""
        problems = problems or Cells(None, {}, {})
        cells = [self._convert(row, value, max_epoch_seconds, problems) for row, value in enumerate(found)]
        return problems._replace(cells=pa.array(cells, self._arrow_type))

    def _convert(self, row: int, value: Any, max_epoch_seconds: int | None, problems: Cells) -> Any:
        """Convert a value; None for one that is rejected, whose reason is entered, as is that of one dropped."""
        try:
            cell = self._convert_cell(value, max_epoch_seconds)
        except RejectedError as rejected:
            problems.rejected.setdefault(row, rejected.reason)
            return None
        if type(cell) is Dropped:
            problems.dropped.setdefault(row, cell.reason)
            return cell.cell
        return cell


def _plain_numbers(texts: pa.Array) -> pa.Array | None:
    """Texts as doubles, if all are plain numbers, without an exponent or space around them; else None."""
    if text_bytes(texts).to_pybytes().translate(None, "".join(_OF_NUMBERS).encode()):
        return None
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
