"""Sorted rows to the parts of an export: written side by side, named in their order, joined by the caller.

With a header of its own, each part is a complete CSV, and nothing is joined.

Spark sorts into ranges, and each of its tasks writes one part. Sail keeps the order of rows only in the result of a
query, not on the way into Python code: there the sorted rows are read as a stream, and threads of this process write
the parts.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import IO, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.conversion.export.export_profile import PartCounter, PartProfile
from personalize_assets.conversion.mapping.daily_schema import COPIES, IS_FIRST
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spark import is_remote, machine_cores
from personalize_assets.conversion.spec import PartReport

_PART = "_part"
# Rows of a part that is cut out of a stream: some 10 MB of CSV, more than the smallest piece of a multipart upload.
_ROWS_A_PART = 250_000


class Target(NamedTuple):
    """What to write: CSVs ``<csv>/00000.csv, …``, Parquet files ``<parquet>-00000.parquet, …``, or both.

    Attributes:
        schema: The columns to write, in their order.
        csv: URI of a folder, or None.
        parquet: URI prefix, or None.
        s3: As in ``spec.Plan``.
        header: The first line of each CSV; empty if parts are to be joined.
    """

    schema: pa.Schema
    csv: str | None
    parquet: str | None
    s3: dict[str, Any]
    dataset: Dataset
    header: bytes = b""


class WrittenPart(msgspec.Struct, frozen=True):
    """A part that was written, and the profile of its rows."""

    report: PartReport
    profile: PartProfile


def write_parts(rows: DataFrame, order: Sequence[str], target: Target) -> list[WrittenPart]:
    """Sort rows by columns and write them, CSV and Parquet in the same pass; the parts come in the order of the file.

    ``rows`` has two columns that are not written: ``IS_FIRST`` says whether a row is written, and ``COPIES``, summed
    over all rows, becomes ``PartReport.copies``.
    """
    in_order = rows.orderBy(*order).select(*target.schema.names, COPIES, IS_FIRST)
    return _from_stream(in_order, target) if is_remote(rows.sparkSession) else _by_spark(in_order, target)


def _by_spark(in_order: DataFrame, target: Target) -> list[WrittenPart]:
    numbered = in_order.withColumn(_PART, F.spark_partition_id())
    rows = numbered.mapInArrow(partial(_write_partition, target=target), "part string").collect()
    parts = (msgspec.json.decode(row.part, type=WrittenPart) for row in rows)
    return sorted(parts, key=lambda written: written.report.part)


def _write_partition(
    batches: Iterator[pa.RecordBatch], target: Target
) -> Iterator[pa.RecordBatch]:  # pragma: no cover - runs in Spark's Python workers
    filled = (batch for batch in batches if batch.num_rows)
    first = next(filled, None)
    if first is None:
        return
    with _Part(first.column(_PART)[0].as_py(), target) as part:
        part.add(first)
        for batch in filled:
            part.add(batch)
    encoded = msgspec.json.encode(part.written()).decode()
    yield pa.RecordBatch.from_pydict({"part": pa.array([encoded], pa.string())})


def _from_stream(in_order: DataFrame, target: Target) -> list[WrittenPart]:
    parts: list[WrittenPart] = []
    waiting: deque[Future[WrittenPart]] = deque()
    cores = machine_cores()
    with ThreadPoolExecutor(cores) as threads:
        for number, tables in enumerate(_cut(_stream(in_order))):
            waiting.append(threads.submit(_write_part, number, tables, target))
            while len(waiting) > cores:  # no more in memory than is being written
                parts.append(waiting.popleft().result())
        parts.extend(future.result() for future in waiting)
    return parts


def _stream(in_order: DataFrame) -> Iterator[pa.Table]:
    """The rows of a query over Spark Connect as they come, in the query's order."""
    query: Any = in_order
    found = query.sparkSession.client.to_table_as_iterator(
        query._plan.to_proto(query.sparkSession.client), query._plan.observations
    )
    return (table for table in found if isinstance(table, pa.Table) and table.num_rows)


def _cut(tables: Iterator[pa.Table]) -> Iterator[list[pa.Table]]:
    part: list[pa.Table] = []
    rows = 0
    for table in tables:
        part.append(table)
        rows += table.num_rows
        if rows >= _ROWS_A_PART:
            yield part
            part, rows = [], 0
    if part:
        yield part


def _write_part(number: int, tables: Sequence[pa.Table], target: Target) -> WrittenPart:
    with _Part(number, target) as part:
        for table in tables:
            for batch in table.to_batches():
                part.add(batch)
    return part.written()


class _Part:
    """The files of one part; they are created when its first row is written."""

    def __init__(self, number: int, target: Target) -> None:
        self._number = number
        self._target = target
        self._rows = 0
        self._copies = 0
        self._csv_bytes = 0
        self._counter = PartCounter(target.dataset)
        self._files = ExitStack()
        self._csv: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)

    def add(self, batch: pa.RecordBatch) -> None:
        self._copies += pc.sum(batch.column(COPIES)).as_py()
        kept = batch.filter(batch.column(IS_FIRST))
        if not kept.num_rows:
            return
        if not self._rows:
            self._open()
        self._rows += kept.num_rows
        schema = self._target.schema
        own = pa.RecordBatch.from_arrays([kept.column(name) for name in schema.names], schema=schema)
        self._counter.add(own)
        if self._csv is not None:
            self._write_csv(self._csv, csv_lines(own))
        if self._parquet is not None:
            self._parquet.write_batch(own)

    def written(self) -> WrittenPart:
        """What was written; complete once the files are closed."""
        is_complete_csv = self._csv is not None and self._target.header
        report = PartReport(
            part=self._number,
            rows=self._rows,
            copies=self._copies,
            csv=self._csv_uri if self._csv is not None else None,
            csv_bytes=self._csv_bytes,
            csv_sha256=self._digest.hexdigest() if is_complete_csv else None,
            parquet=self._parquet_uri if self._parquet is not None else None,
        )
        return WrittenPart(report, self._counter.profile())

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
