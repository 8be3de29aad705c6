"""The files of one part of an export: CSV lines and Parquet rows, written in the same pass as they are counted.

With a header of its own, each part is a complete CSV; without one, parts are joined by the caller in their order.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import IO, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.conversion.export.csv_scan import scan_csv
from personalize_assets.conversion.export.export_profile import PartCounter, PartProfile
from personalize_assets.conversion.export.suppressed import UserIds, read_ids
from personalize_assets.conversion.kept import PartReport
from personalize_assets.conversion.reading.filesystem import FileSystem


class Target(NamedTuple):
    """What to write: CSVs ``<csv>/00000.csv, …``, Parquet files ``<parquet>-00000.parquet, …``, or both.

    Attributes:
        schema: The columns to write, in their order.
        csv: URI of a folder, or None.
        parquet: URI prefix, or None.
        s3: As in ``spec.Plan``.
        header: The first line of each CSV; empty if parts are to be joined.
        suppressed: URI of the ids of users that are left out (``suppressed``); empty if none are.
        suppress_list: Their digest.
    """

    schema: pa.Schema
    csv: str | None
    parquet: str | None
    s3: dict[str, Any]
    dataset: Dataset
    header: bytes = b""
    suppressed: str = ""
    suppress_list: str = ""

    def ids_left_out(self) -> UserIds | None:
        """The ids of users that are left out; None without any."""
        return read_ids(self.suppressed, self.s3) if self.suppressed else None


class WrittenPart(msgspec.Struct, frozen=True):
    """A part that was written, and the profile of its rows."""

    report: PartReport
    profile: PartProfile


class PartWriter:
    """Writes the rows of one part; its files are created with its first row.

    ``copies``, ``outside`` and ``suppressed`` are set by the caller, and are as in ``PartReport``.
    """

    def __init__(self, number: int, target: Target) -> None:
        """Create nothing yet; ``number`` is the place of the part in the file."""
        self.copies = 0
        self.outside = 0
        self.suppressed = 0
        self._number = number
        self._target = target
        self._rows = 0
        self._csv_bytes = 0
        self._counter = PartCounter(target.dataset)
        self._files = ExitStack()
        self._csv: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> PartWriter:
        """Return itself."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Close the files, after an error too."""
        self._files.__exit__(*error)

    def add(self, rows: pa.RecordBatch) -> None:
        """Write rows, which have the columns of the target's schema and come in the order of the file."""
        if not rows.num_rows:
            return
        if not self._rows:
            self._open()
        self._rows += rows.num_rows
        self._counter.add(rows)
        if self._csv is not None:
            self._write_csv(self._csv, csv_lines(rows))
        if self._parquet is not None:
            self._parquet.write_batch(rows)

    def written(self) -> WrittenPart:
        """What was written; complete once the files are closed."""
        is_complete_csv = self._csv is not None and self._target.header
        report = PartReport(
            part=self._number,
            rows=self._rows,
            copies=self.copies,
            outside=self.outside,
            suppressed=self.suppressed,
            csv=self._csv_uri if self._csv is not None else None,
            csv_bytes=self._csv_bytes,
            csv_sha256=self._digest.hexdigest() if is_complete_csv else None,
            parquet=self._parquet_uri if self._parquet is not None else None,
            is_clean=self._csv is not None and self._is_clean(),
        )
        return WrittenPart(report, self._counter.profile())

    def _is_clean(self) -> bool:
        """Whether the stored CSV reads as Personalize wants it, with as many rows and bytes as were written."""
        header = None if self._target.header else self._target.schema.names
        ids = self._target.ids_left_out()
        with FileSystem(self._target.s3).open(self._csv_uri) as file:
            scan = scan_csv(file, self._target.dataset, header=header, has_digest=False, suppressed=ids)
        counts = (scan.rows, scan.bytes) == (self._rows, self._csv_bytes)
        return counts and not (scan.broken_count or scan.wrong_count or scan.suppressed_count)

    @property
    def _csv_uri(self) -> str:
        return f"{self._target.csv}/{self._number:05d}.csv"

    @property
    def _parquet_uri(self) -> str:
        return f"{self._target.parquet}-{self._number:05d}.parquet"

    def _open(self) -> None:
        filesystem = FileSystem(self._target.s3)
        if self._target.csv is not None:
            self._csv = self._files.enter_context(filesystem.create(self._csv_uri))
            self._write_csv(self._csv, self._target.header)
        if self._target.parquet is not None:
            file = self._files.enter_context(filesystem.create(self._parquet_uri))
            self._parquet = self._files.enter_context(pq.ParquetWriter(file, self._target.schema, compression="zstd"))

    def _write_csv(self, file: IO[bytes], data: bytes | pa.Buffer) -> None:
        file.write(data)
        self._csv_bytes += len(data)
        if self._target.header:  # parts without one are joined, and their bytes are read again anyway
            self._digest.update(data)
