"""The job ``export``: one dataset after another from daily files to sorted parts, and checks of ids across datasets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow as pa
from msgspec import structs
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import IDS
from personalize_assets.conversion.export.csv_lines import header
from personalize_assets.conversion.export.daily_rows import read_rows
from personalize_assets.conversion.export.deduplicate import export_order, with_repeats_marked
from personalize_assets.conversion.export.export_profile import PartCounter, PartProfile, crossed
from personalize_assets.conversion.export.latest_values import latest_by_id
from personalize_assets.conversion.export.part_writer import Target, WrittenPart, write_parts
from personalize_assets.conversion.mapping.daily_schema import COPIES, IS_FIRST, daily_schema
from personalize_assets.conversion.mapping.masking import masked_columns, masked_profile
from personalize_assets.conversion.spec import DatasetExport, DatasetExported, ExportReport, ExportSpec


def export(spark: SparkSession, spec: ExportSpec) -> ExportReport:
    """Write the tables and CSV parts of a spec; the parts are reported in the order of the file.

    ``copies`` of a dataset is the number of daily rows that went in. Profiles have no values of masked columns; those
    of users and items have ``crossed`` if interactions are exported in the same job.
    """
    # At the same time: the exports of one dataset use the cores that another leaves idle at its start and end.
    with ThreadPoolExecutor(len(spec.exports) or 1) as threads:
        written = list(threads.map(partial(_export, spark, s3=spec.s3), spec.exports))
    profiles = {
        one.dataset.name: sum((part.profile for part in parts), PartCounter(one.dataset).profile())
        for one, parts in zip(spec.exports, written, strict=True)
    }
    return ExportReport(
        datasets={
            one.dataset.name: _report(one, parts, profiles, spec.mask)
            for one, parts in zip(spec.exports, written, strict=True)
        }
    )


def _report(
    one: DatasetExport, parts: list[WrittenPart], profiles: dict[str, PartProfile], mask: tuple[str, ...]
) -> DatasetExported:
    dataset = one.dataset
    profile = masked_profile(profiles[dataset.name].summary(dataset), masked_columns(dataset, mask))
    return DatasetExported(
        rows=sum(part.report.rows for part in parts),
        copies=sum(part.report.copies for part in parts),
        parts=tuple(part.report for part in parts),
        profile=structs.replace(profile, crossed=crossed(profiles).get(dataset.name)),
    )


def _export(spark: SparkSession, one: DatasetExport, s3: dict[str, Any]) -> list[WrittenPart]:
    dataset = one.dataset
    names = [column.name for column in dataset.columns]
    rows = _rows_of(spark, one, names, s3)
    if IS_FIRST not in rows.columns:
        rows = rows.withColumn(IS_FIRST, F.lit(True))
    order = export_order(names) if dataset.name == "interactions" else list(IDS[dataset.name])
    target = Target(
        schema=_csv_schema(one, names),
        csv=one.to_csv,
        parquet=one.to_table,
        s3=s3,
        dataset=dataset,
        header=header(names) if one.csv_header else b"",
    )
    return write_parts(rows, order, target)


def _csv_schema(one: DatasetExport, names: list[str]) -> pa.Schema:
    """The dataset's own columns, without those that only daily files have."""
    daily = daily_schema(one.dataset)
    return pa.schema([daily.field(name) for name in names])


def _rows_of(spark: SparkSession, one: DatasetExport, names: list[str], s3: dict[str, Any]) -> DataFrame:
    """The rows to export, with ``COPIES``; those of interactions include repeats, marked by ``IS_FIRST``."""
    dataset = one.dataset
    if one.daily is None:
        table = read_rows(spark, one.table or (), _csv_schema(one, names), s3)
        return table.withColumn(COPIES, F.lit(1).cast("bigint"))
    rows = read_rows(spark, one.daily, daily_schema(dataset), s3)
    if dataset.name == "interactions":
        return with_repeats_marked(rows, names)
    (id_column,) = IDS[dataset.name]
    return latest_by_id(rows, dataset.columns, id_column)
