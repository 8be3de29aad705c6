"""What the readers of tables share: parts of a file, and batches of rows of which single ones cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from personalize_assets.conversion.reading.formats.json_lines import lines_of
from personalize_assets.conversion.reading.formats.row_columns import RowColumns, as_columns, raws_of
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
    """Takes batches of one file a few rows at once, as many as their lines' length allows.

    Attributes:
        rows: How many rows to read next.
        whole: The same rows with all columns, if the batches lack some.
    """

    def __init__(self, *, as_columns: bool = False) -> None:
        """Begin with few rows: how long they are shows when they are lines.

        ``as_columns``: whether rows are taken as columns where that is possible.
        """
        self.rows = _FIRST_ROWS
        self.whole: WholeRows | None = None
        self._as_columns = as_columns

    def parts(self, batch: pa.RecordBatch, first: int = 0) -> Iterator[RowColumns | bytes | Event]:
        """As ``lines_of_rows``, in blocks of about ``BYTES_AT_ONCE`` bytes, or of one row.

        ``first``: the number of the batch's first row in ``whole``.
        """
        at = 0
        while at < batch.num_rows:
            part = batch.slice(at, self.rows)
            while part.num_rows > 1 and _bytes_in(part) > BYTES_AT_ONCE:
                part = part.slice(0, part.num_rows // 2)
            whole_rows = partial(self.whole.raws, first + at) if self.whole else None
            columns = as_columns(part, whole_rows) if self._as_columns else None
            if columns is not None:
                self.fit(part.num_rows, _bytes_in(part), ROWS_OF_COLUMNS)
                yield columns
            elif self.whole is not None:
                for some in self.whole.batches(first + at, first + at + part.num_rows):
                    yield from lines_of_rows(some)
            else:
                part = part.slice(0, ROWS_AT_ONCE)
                size = 0
                for found in lines_of_rows(part):
                    size += len(found) if isinstance(found, bytes) else 0
                    yield found
                self.fit(part.num_rows, size, ROWS_AT_ONCE)
            at += part.num_rows

    def fit(self, rows: int, size: int, most: int = ROWS_AT_ONCE) -> None:
        """Choose how many rows to take next, after some of this size in bytes."""
        self.rows = max(1, min(rows * BYTES_AT_ONCE // max(size, 1), 4 * self.rows, most))


class WholeRows:
    """All columns of the rows of a part of a file of which only some columns are read: of few rows, forwards only."""

    def __init__(
        self, read: Callable[[Slices], Iterator[pa.RecordBatch]], failure: Callable[[], OSError | None]
    ) -> None:
        """``read`` begins at the first row; before each batch it looks at how many rows to take.

        ``failure``: why the file, damaged or not, could not be read.
        """
        self._slices = Slices()
        self._read = read(self._slices)
        self._failure = failure
        self._batch: pa.RecordBatch | None = None
        self._first = 0

    def batches(self, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """The rows from one number to another; not before those that were read last. Raises as ``read`` does."""
        while start < end:
            while self._batch is None or self._first + self._batch.num_rows <= start:
                self._first += self._batch.num_rows if self._batch is not None else 0
                self._batch = next(self._read, None)
                if self._batch is None:
                    raise pa.ArrowInvalid(f"no row {start:,}, though other columns have it")
                self._slices.fit(self._batch.num_rows, _bytes_in(self._batch))
            part = self._batch.slice(start - self._first, end - start)
            yield part
            start += part.num_rows

    def raws(self, first: int, batch: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[bytes]:
        """As ``row_columns.raws_of``, of a batch that begins at a row; of its own columns alone if others are damaged.

        Raises ``OSError`` if the file cannot be read.
        """
        done = 0
        try:
            while done < len(numbers):
                start = numbers[done]
                whole = next(self.batches(first + start, first + batch.num_rows))
                here = [number - start for number in numbers[done:] if number - start < whole.num_rows]
                yield from raws_of(whole, here)
                done += len(here)
        except ARROW_REFUSALS as error:
            if (failure := self._failure()) is not None:
                raise failure from error
            yield from raws_of(batch, numbers[done:])


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
