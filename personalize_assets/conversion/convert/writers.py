"""Writes the daily files of one task: Parquet for rows, JSON lines for rejects; one file per task, day and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, EVENT_TIME, MESSAGE_ID
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS
from personalize_assets.conversion.months import month_name, month_of, starts_within
from personalize_assets.conversion.reading.filesystem import FileSystem

_ROWS_AT_ONCE = 65_536
_BYTES_AT_ONCE = 1024 * 1024
# By whose least and greatest times an export chooses row groups: it looks at no others.
_WITH_STATISTICS = {"TIMESTAMP", EVENT_TIME}
# Rows in which distinct values are counted, which costs as much as to write them, and the most that repeat enough.
_ROWS_COUNTED, _DISTINCT_COUNTED = 16_384, 13_107
# These columns hardly repeat a value: a Parquet dictionary would cost time and save nothing.
_WITHOUT_DICTIONARY = (DEDUPE, MESSAGE_ID, EVENT_TIME)

# Rows of one day of event time that are worth a row group of their own.
_GROUP_ROWS = 4_096

_encode_lines = msgspec.json.Encoder().encode_lines


class RowWriter:
    """Writes the kept rows of one dataset and day as Parquet. The file is created with the first row.

    Interactions are written some ten thousand at a time, in the order of their TIMESTAMP: a row group has rows of one
    month (UTC), and late rows of other days are in row groups of their own. The statistics of row groups then lead an
    export to the rows of a range of time, and it reads few others.

    Attributes:
        uri: Where the file is stored.
        rows: Number of rows written so far; complete after ``close``.
        months: Of these, interactions by month of TIMESTAMP, such as ``2026-10``.
        untimed: Of these, rows of entities without a readable event time.
        profile: Counts every row that is written.
    """

    def __init__(self, filesystem: FileSystem, uri: str, schema: pa.Schema, profile: DayProfileBuilder) -> None:
        """Write to ``uri``, which must not exist yet."""
        self.uri = uri
        self.rows = 0
        self.months: Counter[str] = Counter()
        self.untimed = 0
        self.profile = profile
        self._filesystem = filesystem
        self._schema = schema
        self._pending_rows: list[tuple[Any, ...]] = []
        self._pending: list[pa.RecordBatch] = []
        self._rows_pending = 0
        self._file: IO[bytes] | None = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: tuple[Any, ...]) -> None:
        """Add one row, its values in the order of the schema."""
        self._pending_rows.append(row)
        if len(self._pending_rows) >= _ROWS_AT_ONCE:
            self._gather()

    def add_many(self, batch: pa.RecordBatch) -> None:
        """Add rows of the schema."""
        self._pending.append(batch)
        self._rows_pending += batch.num_rows
        if self._rows_pending >= _ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is pending and close the file, if there is one."""
        if self._pending_rows:
            self._gather()
        if self._rows_pending:
            self._flush()
        if self._writer is not None and self._file is not None:
            self._writer.close()
            self._file.close()

    def _gather(self) -> None:
        columns = zip(*self._pending_rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._pending_rows.clear()
        self.add_many(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._pending, self._schema)
        if self._writer is None:
            self._file = self._filesystem.create(self.uri)
            repeating = [name for name in self._schema.names if _repeats(name, table)]
            options = {"use_dictionary": repeating, "write_statistics": [*_WITH_STATISTICS & {*self._schema.names}]}
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd", **options)
        for group in self._row_groups(table):
            self._writer.write_table(group)
        # Counted here and not in ``add``: the accounting compares what came in with what was written.
        self.rows += table.num_rows
        if EVENT_TIME in table.column_names:
            self.untimed += table.column(EVENT_TIME).null_count
        self.profile.add(table)
        self._pending.clear()
        self._rows_pending = 0

    def _row_groups(self, table: pa.Table) -> Iterator[pa.Table]:
        if DEDUPE not in self._schema.names:  # entities have no order
            yield table
            return
        seconds = table.column("TIMESTAMP").to_numpy()
        if (np.diff(seconds) < 0).any():
            table = table.take(pa.array(np.argsort(seconds, kind="stable")))
            seconds = table.column("TIMESTAMP").to_numpy()
        at = 0
        for end in row_group_ends(seconds):
            self.months[month_name(month_of(int(seconds[at])))] += end - at
            yield table.slice(at, end - at)
            at = end


def _repeats(name: str, table: pa.Table) -> bool:
    """Whether the values of a column repeat so much that a dictionary saves more than it costs."""
    if name in _WITHOUT_DICTIONARY:
        return False
    if name == "TIMESTAMP" and DEDUPE in table.column_names:
        return False  # in its order it is packed to a fifth of what a dictionary and its indices take
    column = table.column(name)
    if not pa.types.is_string(column.type):
        return True
    # If 65,000 rows have each value twice, about four fifths of the first 16,000 are distinct.
    few = column.slice(0, _ROWS_COUNTED)
    most = _DISTINCT_COUNTED if len(few) < len(column) else len(few) // 2
    return bool(pc.count_distinct(few).as_py() <= most)


def row_group_ends(seconds: npt.NDArray[np.int64]) -> list[int]:
    """Where row groups of rows with these ascending times end: before each month, and around days with many rows."""
    days = seconds // DAY_SECONDS
    starts = np.flatnonzero(np.diff(days)) + 1
    months = set(np.searchsorted(seconds, starts_within(int(seconds[0]), int(seconds[-1]))).tolist())
    ends: list[int] = []
    at = 0
    for start, end in pairwise([0, *starts.tolist(), len(seconds)]):
        is_large = start - at >= _GROUP_ROWS or end - start >= _GROUP_ROWS
        if start > at and (is_large or start in months):
            ends.append(start)
            at = start
    return [*ends, len(seconds)]


class _Reject(msgspec.Struct, gc=False, omit_defaults=True):
    dataset: str | None
    reason: str
    file: str
    raw: str | None
    lines: int = 1


class RejectWriter:
    """Writes rejects as JSON lines: ``{"dataset", "reason", "file", "raw"}``. The file is created with the first one.

    ``lines``, if it is there, is how many malformed events a broken stretch of several lines counts as. ``dataset`` is
    null for what is no event. ``raw`` is the event as it was read, with bytes that are not UTF-8 as
    ``\\xNN``. With a mask, ``raw`` is masked, and null for what is no event (``Mask.raw``).

    Attributes:
        uri: Where the file is stored.
        rows: Number of rejects.
    """

    def __init__(self, filesystem: FileSystem, uri: str, mask: Mask | None = None) -> None:
        """Write to ``uri``, which must not exist yet."""
        self.uri = uri
        self.rows = 0
        self._filesystem = filesystem
        self._mask = mask
        self._pending: list[_Reject] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def add(self, dataset: str | None, reason: str, file: str, raw: bytes, lines: int = 1) -> None:
        """Add one reject; ``file`` is the URI of the raw file it was read from."""
        text = self._mask.raw(raw) if self._mask else raw.decode("utf-8", "backslashreplace")
        self._add(_Reject(dataset, reason, file, text, lines), len(raw))

    def add_description(self, reason: str, file: str, description: str) -> None:
        """Add a reject of a whole file, with a description that holds nothing of it and is never masked."""
        self._add(_Reject(None, reason, file, description), len(description))

    def _add(self, reject: _Reject, size: int) -> None:
        self._pending.append(reject)
        self._bytes += size
        self.rows += 1
        if self._bytes >= _BYTES_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is pending and close the file, if there is one."""
        if self._pending:
            self._flush()
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        if self._file is None:
            self._file = self._filesystem.create(self.uri)
        self._file.write(_encode_lines(self._pending))
        self._pending.clear()
        self._bytes = 0
