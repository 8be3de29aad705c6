"""What the readers of tables share: parts of a file, and batches of rows of which single ones cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from personalize_assets.conversion.reading.formats.json_lines import lines_of
from personalize_assets.conversion.reading.formats.row_columns import RowColumns, as_columns
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.json_value import Event

ROWS_AT_ONCE = 8192
"""The most rows that are decoded at once and become lines."""
ROWS_OF_COLUMNS = 65_536
"""The most rows that are taken as columns at once."""
BYTES_AT_ONCE = 8 * 1024 * 1024
"""About the most bytes of rows that are lines at once: a short file may repeat one long value in every row."""
_FIRST_ROWS = 64
ARROW_REFUSALS = (pa.ArrowException, OSError, ValueError, IndexError, TypeError, OverflowError, MemoryError)
"""What pyarrow raises for damaged bytes, and for values that have no form in Python."""


class Share(NamedTuple):
    """A part of a file, of several that are read side by side; numbered from 0."""

    number: int
    of: int

    def holds(self, part: int, parts: int) -> bool:
        """Whether a row group or stripe belongs to it, of so many in the file."""
        return part * self.of // parts == self.number


WHOLE = Share(0, 1)


def lines_of_rows(batch: pa.RecordBatch) -> Iterator[bytes | Event]:
    """The rows as lines; a row with a value that has no form in Python, as a time in the year 290,000, by itself."""
    try:
        yield lines_of(batch)
    except ARROW_REFUSALS as error:
        if batch.num_rows == 1:
            yield Event(f"a row with a value that cannot be read: {error}".encode(), None, MALFORMED_ROW)
            return
        for row in range(batch.num_rows):
            yield from lines_of_rows(batch.slice(row, 1))


class Slices:
    """Takes batches of one file a few rows at once, as many as their lines' length allows."""

    def __init__(self, as_columns: bool = False) -> None:
        """Begin with few rows: how long they are shows when they are lines.

        ``as_columns``: whether rows are taken as columns where that is possible.
        """
        self.rows = _FIRST_ROWS
        self._as_columns = as_columns

    def parts(self, batch: pa.RecordBatch) -> Iterator[RowColumns | bytes | Event]:
        """As ``lines_of_rows``, in blocks of about ``BYTES_AT_ONCE`` bytes, or of one row."""
        at = 0
        while at < batch.num_rows:
            part = batch.slice(at, self.rows)
            while part.num_rows > 1 and _bytes_in(part) > BYTES_AT_ONCE:
                part = part.slice(0, part.num_rows // 2)
            columns = as_columns(part) if self._as_columns else None
            if columns is not None:
                size, most = _bytes_in(part), ROWS_OF_COLUMNS
                yield columns
            else:
                part = part.slice(0, ROWS_AT_ONCE)
                size, most = 0, ROWS_AT_ONCE
                for found in lines_of_rows(part):
                    size += len(found) if isinstance(found, bytes) else 0
                    yield found
            at += part.num_rows
            fitting = part.num_rows * BYTES_AT_ONCE // max(size, 1)
            self.rows = max(1, min(fitting, 4 * self.rows, most))


def _bytes_in(batch: pa.RecordBatch) -> int:
    """About how many bytes a batch has once its dictionaries are decoded."""
    size = 0
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            values = column.dictionary
            size += len(column) * values.nbytes // max(len(values), 1)
        else:
            size += column.nbytes
    return size
