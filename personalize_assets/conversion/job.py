"""Job spec to job report, both plain JSON: one Spark run. Also the command line of the Glue job.

``convert`` reads the raw files of some days once and writes their daily files. ``export`` reads the daily files of all
days and writes the tables ``users`` and ``items`` and the parts of the CSVs. Neither puts anything in force: the files
are named in the report, and whoever asked commits them (``personalize_assets.storage``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from personalize_assets.conversion import events, interactions, mapping, parts, rows, tasks
from personalize_assets.conversion.contract import IDS, Dataset
from personalize_assets.conversion.hashing import with_key
from personalize_assets.conversion.latest import latest_by_id
from personalize_assets.conversion.session import parallelism, spark_conf


class ConvertSpec(msgspec.Struct, frozen=True, tag_field="job", tag="convert"):
    """Which raw files to read, what to make of them, and where to."""

    sources: tuple[tasks.Source, ...]
    plan: tasks.Plan


class Export(msgspec.Struct, frozen=True):
    """One dataset to export.

    Attributes:
        daily: The daily Parquet files of all days. None, for users and items only: the CSV is made of ``table``.
        table: The Parquet files of users or items as they are.
        to_table: Prefix of the Parquet files to write (users and items only).
        to_csv: Folder of the CSV parts to write.
    """

    dataset: Dataset
    daily: tuple[str, ...] | None = None
    table: tuple[str, ...] | None = None
    to_table: str | None = None
    to_csv: str | None = None


class ExportSpec(msgspec.Struct, frozen=True, tag_field="job", tag="export"):
    """What to export; ``s3`` as in ``tasks.Plan``."""

    exports: tuple[Export, ...]
    s3: dict[str, Any]


Spec = ConvertSpec | ExportSpec


def run(spark: SparkSession | None, spec: dict[str, Any], spread: events.Spread | None = None) -> dict[str, Any]:
    """Do what the spec says; see ``convert`` and ``export`` for the reports. Raises ``tasks.UnreadableFile``.

    ``spread`` runs the tasks of ``convert``, by default on Spark; with one of its own, ``convert`` needs no session.
    """
    started = time.monotonic()
    job = msgspec.convert(spec, Spec)
    if spark is not None:
        for key, value in spark_conf().items():
            spark.conf.set(key, value)
    if isinstance(job, ConvertSpec):
        report = convert(job, parallelism(spark), spread or events.over_spark(_needed(spark)))
    else:
        report = export(_needed(spark), job)
    return {"job": spec["job"], **report, "seconds": round(time.monotonic() - started, 3)}


def _needed(spark: SparkSession | None) -> SparkSession:
    if spark is None:
        raise ValueError("this job needs a Spark session")
    return spark


def convert(job: ConvertSpec, cores: int, spread: events.Spread) -> dict[str, Any]:
    """``{"days": {day: {"sources": {id: books}, "datasets": {name: counts and files}}}}``."""
    days: dict[str, Any] = {}
    # Here, where the job runs, and not where its spec is made: specs are kept and sent, the key is not.
    sources = [msgspec.structs.replace(source, datasets=with_key(source.datasets)) for source in job.sources]
    tasks_to_run = list(events.tasks_of(sources, cores))
    for task in spread(tasks_to_run, job.plan) if tasks_to_run else []:
        for day, part in task["days"].items():
            total = days.setdefault(day, {"sources": {}, "datasets": {}})
            _add(total["sources"].setdefault(task["source"], {}), part["source"])
            for name, counts in part["datasets"].items():
                _add(total["datasets"].setdefault(name, {}), counts)
    return {"days": days}


def _add(total: dict[str, Any], part: dict[str, Any]) -> None:
    """Sum up reports: numbers are added, lists appended, mappings entered."""
    for key, value in part.items():
        if isinstance(value, dict):
            _add(total.setdefault(key, {}), value)
        else:
            total[key] = total[key] + value if key in total else value


def export(spark: SparkSession, job: ExportSpec) -> dict[str, Any]:
    """``{"datasets": {name: {"rows", "copies", "parts": […]}}}``; the parts in the order of the file.

    ``copies`` is the number of rows that went in, summed up over those that came out.
    """
    return {"datasets": {one.dataset.name: _export(spark, one, job.s3) for one in job.exports}}


def _export(spark: SparkSession, one: Export, s3: dict[str, Any]) -> dict[str, Any]:
    dataset = one.dataset
    names = [column.name for column in dataset.columns]
    daily_schema = mapping.schema(dataset)
    schema = pa.schema([daily_schema.field(name) for name in names])
    if one.daily is None:
        table = rows.read(spark, one.table or (), schema, s3).withColumn(mapping.COPIES, F.lit(1).cast("bigint"))
    else:
        table = rows.read(spark, one.daily, daily_schema, s3)
        if dataset.name == "interactions":
            table = interactions.with_repeats_marked(table, names)
        else:
            (id_column,) = IDS[dataset.name]
            table = latest_by_id(table, dataset.columns, id_column)
    if mapping.IS_FIRST not in table.columns:
        table = table.withColumn(mapping.IS_FIRST, F.lit(True))
    order = interactions.export_order(names) if dataset.name == "interactions" else list(IDS[dataset.name])
    written = parts.write_parts(table, order, parts.Target(schema, one.to_csv, one.to_table, s3))
    return {
        "rows": sum(part["rows"] for part in written),
        "copies": sum(part["copies"] for part in written),
        "parts": written,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """``--spec FILE``: run the job spec in a JSON file and print the report."""
    parser = argparse.ArgumentParser(prog="python -m personalize_assets.conversion.job", description=main.__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="JSON file with the job spec")
    options = parser.parse_args(arguments)
    builder = SparkSession.builder.appName("personalize_assets")
    spark = _with(builder, spark_conf().items()).getOrCreate()
    json.dump(run(spark, json.loads(options.spec.read_text())), sys.stdout, indent=2)
    return 0


def _with(builder: Any, settings: Iterable[tuple[str, str]]) -> Any:
    for key, value in settings:
        builder = builder.config(key, value)
    return builder


if __name__ == "__main__":
    sys.exit(main())
