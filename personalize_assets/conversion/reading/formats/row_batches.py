"""What the readers of tables share: parts of a file, and batches of rows of which single ones cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from personalize_assets.conversion.reading.formats.json_lines import lines_of
from personalize_assets.conversion.reading.formats.rows import MALFORMED_ROW
from personalize_assets.conversion.reading.json_value import Event

ROWS_AT_ONCE = 8192
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
