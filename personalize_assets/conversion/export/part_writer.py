"""Sorted rows to the parts of an export: written side by side, named in their order, joined by whoever commits them.

With a header of its own, each part is a CSV as Personalize takes it, and nothing is joined.

Spark sorts in ranges and each of its tasks writes one part. Sail does not keep an order on its way into Python code,
only on its way out of a query: there the sorted rows are drawn as a stream, and threads of this process write parts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.conversion.export.export_profile import PartProfile
from personalize_assets.conversion.mapping.daily_schema import COPIES, IS_FIRST
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spark import is_remote

_PART = "_part"
# Rows of a part that is cut out of a stream: some 10 MB of CSV, more than the smallest piece of a multipart upload.
_ROWS_A_PART = 250_000


class Target(NamedTuple):
    """What to write: the rows' own columns as ``<csv>/00000.csv, …`` and, if asked, ``<parquet>-00000.parquet, …``.

    Each CSV begins with ``header``.
    """

    schema: pa.Schema
    csv: str | None
    parquet: str | None
    s3: dict[str, Any]
    dataset: Dataset
    header: bytes = b""


def write_parts(rows: DataFrame, order: Sequence[str], target: Target) -> list[dict[str, Any]]:
    """Sort rows and write them, CSV and Parquet in the same pass.

    Returns the parts in order: ``{"part", "rows", "copies", "csv", "csv_bytes", "csv_sha256", "parquet", "profile"}``.
    ``copies`` sums up the column of that name, which is not written, over all rows, also those that are not
    ``IS_FIRST`` and so left out. ``csv_sha256`` is null without a header: such parts are joined, and then read anyway.
    ``profile`` is that of the rows written (``PartProfile``).
    """
    in_order = rows.orderBy(*order).select(*target.schema.names, COPIES, IS_FIRST)
    return _from_stream(in_order, target) if is_remote(rows.sparkSession) else _by_spark(in_order, target)


def _by_spark(in_order: DataFrame, target: Target) -> list[dict[str, Any]]:
    numbered = in_order.withColumn(_PART, F.spark_partition_id())
    reports = numbered.mapInArrow(partial(_write_partition, target=target), "report string").collect()
    return sorted((json.loads(row.report) for row in reports), key=lambda part: part["part"])


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
    yield pa.RecordBatch.from_pydict({"report": pa.array([json.dumps(part.report)], pa.string())})


def _from_stream(in_order: DataFrame, target: Target) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = []
    waiting: deque[Future[dict[str, Any]]] = deque()
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as threads:
        for number, tables in enumerate(_cut(_stream(in_order))):
            waiting.append(threads.submit(_write_part, number, tables, target))
            while len(waiting) > cores:  # no more in memory than is being written
                reports.append(waiting.popleft().result())
        reports.extend(future.result() for future in waiting)
    return reports


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


def _write_part(number: int, tables: Sequence[pa.Table], target: Target) -> dict[str, Any]:
    with _Part(number, target) as part:
        for table in tables:
            for batch in table.to_batches():
                part.add(batch)
    return part.report


class _Part:
    """The files of one part, which are there from its first row on."""

    def __init__(self, number: int, target: Target) -> None:
        self.report: dict[str, Any] = {
            "part": number, "rows": 0, "copies": 0, "csv": None, "csv_bytes": 0, "csv_sha256": None, "parquet": None,
        }  # fmt: skip
        self._target = target
        self._profile = PartProfile(target.dataset)
        self._files = ExitStack()
        self._csv: IO[bytes] | None = None
        self._digest = hashlib.sha256() if target.header else None
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)
        self.report["profile"] = self._profile.report()
        if self._csv is not None and self._digest is not None:
            self.report["csv_sha256"] = self._digest.hexdigest()

    def _open(self) -> None:
        filesystem, number = FileSystem(self._target.s3), self.report["part"]
        if self._target.csv is not None:
            self.report["csv"] = f"{self._target.csv}/{number:05d}.csv"
            self._csv = self._files.enter_context(filesystem.create(self.report["csv"]))
            self._write_csv(self._target.header)
        if self._target.parquet is not None:
            self.report["parquet"] = f"{self._target.parquet}-{number:05d}.parquet"
            file = self._files.enter_context(filesystem.create(self.report["parquet"]))
            self._parquet = self._files.enter_context(pq.ParquetWriter(file, self._target.schema, compression="zstd"))

    def add(self, batch: pa.RecordBatch) -> None:
        self.report["copies"] += pc.sum(batch.column(COPIES)).as_py()
        kept = batch.filter(batch.column(IS_FIRST))
        if not kept.num_rows:
            return
        if not self.report["rows"]:
            self._open()
        self.report["rows"] += kept.num_rows
        schema = self._target.schema
        own = pa.RecordBatch.from_arrays([kept.column(name) for name in schema.names], schema=schema)
        self._profile.add(own)
        if self._csv is not None:
            self._write_csv(csv_lines(own))
        if self._parquet is not None:
            self._parquet.write_batch(own)

    def _write_csv(self, data: bytes | pa.Buffer) -> None:
        assert self._csv is not None
        self._csv.write(data)
        self.report["csv_bytes"] += len(data)
        if self._digest is not None:
            self._digest.update(data)
