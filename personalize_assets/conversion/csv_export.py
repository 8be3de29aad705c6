"""Sorted rows to the parts of a CSV as Personalize reads it: parts are written in parallel and joined in order.

Written by hand and not by Spark's CSV writer, which quotes and prints numbers in its own way on each engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from personalize_assets.conversion.files import FileSystem
from personalize_assets.conversion.mapping import COPIES
from personalize_assets.conversion.values import one_line, plain_decimal

_PART = "_part"
_NEEDS_QUOTES = re.compile(r'[,"\\]')
_ESCAPED = re.compile(r'(["\\])')


def header(columns: Sequence[str]) -> bytes:
    """The first line of the file; names are never quoted."""
    return (",".join(columns) + "\n").encode()


def csv_text(value: str) -> str:
    """A text as a CSV cell: line breaks become spaces; quoted only where it must be, with backslash escapes."""
    value = one_line(value)
    if _NEEDS_QUOTES.search(value):
        return '"' + _ESCAPED.sub(r"\\\1", value) + '"'
    return value


def csv_lines(batch: pa.RecordBatch) -> bytes:
    """Rows as CSV lines, null as nothing between the commas."""
    cells = [
        ["" if value is None else write(value) for value in column.to_pylist()]
        for column, write in ((column, _writer(column.type)) for column in batch.columns)
    ]
    return "".join([",".join(row) + "\n" for row in zip(*cells, strict=True)]).encode()


def _writer(kind: pa.DataType) -> Callable[[Any], str]:
    if kind == pa.string():
        return csv_text
    return plain_decimal if kind == pa.float64() else str


def write_parts(
    rows: DataFrame, order: Sequence[str], schema: pa.Schema, csv: str | None, parquet: str | None, s3: dict[str, Any]
) -> list[dict[str, Any]]:
    """Sort rows and write them as ``<csv>/00000.csv, …`` and, in the same pass, ``<parquet>-00000.parquet, …``.

    Returns the parts in order: ``{"part", "rows", "copies", "csv", "csv_bytes", "parquet"}``; ``copies`` sums up the
    column of that name, which is not written.
    """
    write = partial(_write_partition, schema=schema, csv=csv, parquet=parquet, s3=s3)
    parts = (
        rows.orderBy(*order)
        .select(*schema.names, COPIES, F.spark_partition_id().alias(_PART))
        .mapInArrow(write, "report string")
        .collect()
    )
    return sorted((json.loads(part.report) for part in parts), key=lambda part: part["part"])


def _write_partition(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, csv: str | None, parquet: str | None, s3: dict[str, Any]
) -> Iterator[pa.RecordBatch]:  # pragma: no cover - runs in Spark's Python workers
    filesystem = FileSystem(s3)
    report: dict[str, Any] = {}
    with ExitStack() as open_files:
        for batch in batches:
            if not batch.num_rows:
                continue
            own = pa.RecordBatch.from_arrays(batch.columns[: len(schema)], schema=schema)
            if not report:
                part = batch.column(len(schema) + 1)[0].as_py()
                report = {"part": part, "rows": 0, "copies": 0, "csv": None, "csv_bytes": 0, "parquet": None}
                if csv is not None:
                    report["csv"] = f"{csv}/{part:05d}.csv"
                    csv_file: IO[bytes] = open_files.enter_context(filesystem.create(report["csv"]))
                if parquet is not None:
                    report["parquet"] = f"{parquet}-{part:05d}.parquet"
                    file = open_files.enter_context(filesystem.create(report["parquet"]))
                    rows_writer = open_files.enter_context(pq.ParquetWriter(file, schema, compression="zstd"))
            report["rows"] += own.num_rows
            report["copies"] += pc.sum(batch.column(len(schema))).as_py()
            if csv is not None:
                lines = csv_lines(own)
                csv_file.write(lines)
                report["csv_bytes"] += len(lines)
            if parquet is not None:
                rows_writer.write_batch(own)
    if report:
        yield pa.RecordBatch.from_pydict({"report": pa.array([json.dumps(report)], pa.string())})
