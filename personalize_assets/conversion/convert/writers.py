"""The daily files that one task writes: Parquet for rows, JSON lines for rejects, one file a task, day and kind."""

from __future__ import annotations

from collections import Counter
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from personalize_assets.conversion.convert.day_profile import DayProfile
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, EVENT_TIME, MESSAGE_ID
from personalize_assets.conversion.mapping.event_mapper import Row
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.json_value import Event

_ROWS_AT_ONCE = 65_536
_BYTES_AT_ONCE = 1024 * 1024
# A dictionary of what does not repeat is made in vain.
_NEVER_THE_SAME = (DEDUPE, MESSAGE_ID, EVENT_TIME)

_encode_lines = msgspec.json.Encoder().encode_lines


class RowFile:
    """The kept rows of one dataset and day. Nothing is created before the first row."""

    def __init__(self, filesystem: FileSystem, uri: str, schema: pa.Schema, profile: DayProfile | None = None) -> None:
        self.uri = uri
        self.rows = 0
        self.profile = profile
        self._filesystem = filesystem
        self._schema = schema
        self._waiting: list[tuple[Any, ...]] = []
        self._batches: list[pa.RecordBatch] = []
        self._in_batches = 0
        self._file: IO[bytes] | None = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: tuple[Any, ...]) -> None:
        self._waiting.append(row)
        if len(self._waiting) >= _ROWS_AT_ONCE:
            self._gather()

    def add_many(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self._in_batches += batch.num_rows
        if self._in_batches >= _ROWS_AT_ONCE:
            self._flush()

    def _gather(self) -> None:
        columns = zip(*self._waiting, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._waiting.clear()
        self.add_many(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def _flush(self) -> None:
        if self._writer is None:
            self._file = self._filesystem.create(self.uri)
            repeating = [name for name in self._schema.names if name not in _NEVER_THE_SAME]
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd", use_dictionary=repeating)
        table = pa.Table.from_batches(self._batches, self._schema)
        self._writer.write_table(table)
        # Counted where they are written, and not where they came in: the books compare the two.
        self.rows += table.num_rows
        if self.profile is not None:
            self.profile.add(table)
        self._batches.clear()
        self._in_batches = 0

    def close(self) -> None:
        if self._waiting:
            self._gather()
        if self._in_batches:
            self._flush()
        if self._writer is not None and self._file is not None:
            self._writer.close()
            self._file.close()


class _Reject(msgspec.Struct, gc=False):
    dataset: str | None
    reason: str
    file: str
    raw: str | None


class RejectFile:
    """What was wanted but cannot be used, as it was: ``{"dataset", "reason", "file", "raw"}`` a line.

    With a mask, ``raw`` is without what it masks, and null for what is no event: see ``Mask``.
    """

    def __init__(self, filesystem: FileSystem, uri: str, mask: Mask | None = None) -> None:
        self.uri = uri
        self.rows = 0
        self._filesystem = filesystem
        self._mask = mask
        self._waiting: list[_Reject] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def add(self, dataset: str | None, reason: str, file: str, raw: bytes) -> None:
        # Bytes that are not UTF-8 are shown as \xNN: a reject is for people, and JSON has no other place for them.
        text = self._mask.raw(raw) if self._mask else raw.decode("utf-8", "backslashreplace")
        self._waiting.append(_Reject(dataset, reason, file, text))
        self._bytes += len(raw)
        self.rows += 1
        if self._bytes >= _BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._file is None:
            self._file = self._filesystem.create(self.uri)
        self._file.write(_encode_lines(self._waiting))
        self._waiting.clear()
        self._bytes = 0

    def close(self) -> None:
        if self._waiting:
            self._flush()
        if self._file is not None:
            self._file.close()


class DatasetDay:
    """One dataset's rows of one day, kept or rejected, and the count of both."""

    def __init__(self, dataset: str, rows: RowFile, rejects: RejectFile) -> None:
        self._dataset = dataset
        self._rows = rows
        self._rejects = rejects
        self._rejected: Counter[str] = Counter()
        self._seen = 0

    def add(self, row: Row, event: Event, file: str) -> None:
        if row.reason is None:
            self._seen += 1
            self._rows.add(row.values)
        else:
            self.add_reject(row.reason, event.raw, file)

    def add_many(self, kept: pa.RecordBatch) -> None:
        self._seen += kept.num_rows
        if kept.num_rows:
            self._rows.add_many(kept)

    def add_reject(self, reason: str, raw: bytes, file: str) -> None:
        self._seen += 1
        self._rejected[reason] += 1
        self._rejects.add(self._dataset, reason, file, raw)

    def close(self) -> dict[str, Any]:
        """The day's part of the report: ``rows = kept + rejected``, and the files that hold them."""
        self._rows.close()
        self._rejects.close()
        return {
            "rows": self._seen,
            "kept": self._rows.rows,
            "rejected": dict(self._rejected),
            "files": [self._rows.uri] if self._rows.rows else [],
            "reject_files": [self._rejects.uri] if self._rejects.rows else [],
            **({"profile": self._rows.profile.report()} if self._rows.profile else {}),
        }


class SourceDay:
    """The books of one source and day: events read = wanted + not wanted + malformed."""

    def __init__(self, rejects: RejectFile) -> None:
        self.files = 0
        self.bytes = 0
        self.read = 0
        self.wanted = 0
        self.not_wanted = 0
        self._malformed: Counter[str] = Counter()
        self._rejects = rejects

    def add_file(self, size: int) -> None:
        self.files += 1
        self.bytes += size

    def add_read(self, events: int, wanted: int) -> None:
        self.read += events
        self.wanted += wanted
        self.not_wanted += events - wanted

    def add_malformed(self, event: Event, file: str) -> None:
        assert event.reason is not None
        self.read += 1
        self._malformed[event.reason] += 1
        self._rejects.add(None, event.reason, file, event.raw)

    def close(self) -> dict[str, Any]:
        self._rejects.close()
        return {
            "raw_files": self.files,
            "bytes": self.bytes,
            "read": self.read,
            "wanted": self.wanted,
            "not_wanted": self.not_wanted,
            "malformed": dict(self._malformed),
            "reject_files": [self._rejects.uri] if self._rejects.rows else [],
        }
