"""Reads daily Parquet files as a DataFrame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from personalize_assets.conversion.column_types import type_of_arrow
from personalize_assets.conversion.reading.filesystem import FileSystem

_PATTERN_MARKS = frozenset("*?[]{}\\")


def spark_schema(schema: pa.Schema) -> str:
    """An Arrow schema as a DDL text for Spark."""
    return ", ".join(f"`{field.name}` {type_of_arrow(field.type).spark}" for field in schema)


def read_rows(spark: SparkSession, uris: Sequence[str], schema: pa.Schema, s3: dict[str, Any]) -> DataFrame:
    """The rows of Parquet files, in no particular order.

    Files are read by Spark's own reader. Two kinds are read through Arrow: files on S3, for which Spark would need a
    Hadoop jar of its own version, and files whose names Hadoop would take for patterns. ``s3`` as in ``spec.Plan``.
    """
    ddl = spark_schema(schema)
    if not uris:
        return spark.createDataFrame([], ddl)
    if not uris[0].startswith("s3://") and not _PATTERN_MARKS.intersection("".join(uris)):
        return spark.read.schema(ddl).parquet(*uris)
    reader = partial(_read_files, uris=list(uris), schema=schema, s3=s3)
    return spark.range(0, len(uris), 1, len(uris)).mapInArrow(reader, ddl)


def _read_files(
    batches: Iterator[pa.RecordBatch], uris: list[str], schema: pa.Schema, s3: dict[str, Any]
) -> Iterator[pa.RecordBatch]:  # pragma: no cover - runs in Spark's Python workers
    filesystem = FileSystem(s3)
    for batch in batches:
        for number in batch.column(0).to_pylist():
            with filesystem.open(uris[number]) as file:
                yield from pq.ParquetFile(file).iter_batches(columns=schema.names)
