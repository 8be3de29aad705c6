"""Job spec to job report, both plain JSON: one Spark run. Also the command line of the Glue job.

``convert`` reads the raw files of some days once and writes their daily files. ``export`` reads the daily files of all
days and writes the tables ``users`` and ``items`` and the parts of the CSVs. Neither puts anything in force: the files
are named in the report, and whoever asked commits them (``personalize_assets.storage.destination``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import IDS, Dataset
from personalize_assets.conversion.convert import planner
from personalize_assets.conversion.convert.spark_tasks import over_spark
from personalize_assets.conversion.export import csv_lines as csv_export
from personalize_assets.conversion.export import daily_rows as rows
from personalize_assets.conversion.export import deduplicate as interactions
from personalize_assets.conversion.export import export_profile as profile
from personalize_assets.conversion.export import part_writer as parts
from personalize_assets.conversion.export.latest_values import latest_by_id
from personalize_assets.conversion.mapping import daily_schema as mapping
from personalize_assets.conversion.mapping.masking import masked_columns, masked_profile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.spark import parallelism, spark_conf
from personalize_assets.conversion.spec import ConvertSpec


class Export(msgspec.Struct, frozen=True):
    """One dataset to export.

    Attributes:
        daily: The daily Parquet files of all days. None, for users and items only: the CSV is made of ``table``.
        table: The Parquet files of users or items as they are.
        to_table: Prefix of the Parquet files to write (users and items only).
        to_csv: Folder of the CSV parts to write.
        csv_header: Whether each of them begins with the header, as a CSV of its own.
    """

    dataset: Dataset
    daily: tuple[str, ...] | None = None
    table: tuple[str, ...] | None = None
    to_table: str | None = None
    to_csv: str | None = None
    csv_header: bool = False


class ExportSpec(msgspec.Struct, frozen=True, tag_field="job", tag="export"):
    """What to export; ``s3`` and ``mask`` as in ``Plan``: no profile shows what stands at a masked path."""

    exports: tuple[Export, ...]
    s3: dict[str, Any]
    mask: tuple[str, ...] = ()


Spec = ConvertSpec | ExportSpec


def run(spark: SparkSession | None, spec: dict[str, Any], spread: planner.Spread | None = None) -> dict[str, Any]:
    """Do what the spec says; see ``planner.convert`` and ``export`` for the reports. Raises ``UnreadableFile``.

    ``spread`` runs the tasks of ``convert``, by default on Spark; with one of its own, ``convert`` needs no session.
    """
    started = time.monotonic()
    job = msgspec.convert(spec, Spec)
    if spark is not None:
        for key, value in spark_conf().items():
            spark.conf.set(key, value)
    if isinstance(job, ConvertSpec):
        converted = planner.convert(job, parallelism(spark), spread or over_spark(_needed(spark)))
        report = msgspec.to_builtins(converted)
    else:
        report = export(_needed(spark), job)
    return {**report, "job": spec["job"], "seconds": round(time.monotonic() - started, 3)}


def _needed(spark: SparkSession | None) -> SparkSession:
    if spark is None:
        raise ValueError("this job needs a Spark session")
    return spark


def export(spark: SparkSession, job: ExportSpec) -> dict[str, Any]:
    """``{"datasets": {name: {"rows", "copies", "parts": […], "profile"}}}``; the parts in the order of the file.

    ``copies`` is the number of rows that went in, summed up over those that came out. ``profile`` as in
    ``profile.merged``, and for users and items made in the same job as interactions with ``crossed`` beside.
    """
    datasets, sketches = {}, {}
    # At the same time: what one leaves of the cores at its beginning and end is for the others.
    with ThreadPoolExecutor(len(job.exports) or 1) as threads:
        exported = list(threads.map(lambda one: _export(spark, one, job.s3), job.exports))
    for one, made in zip(job.exports, exported, strict=True):
        name = one.dataset.name
        datasets[name] = made
        found = [part.pop("profile") for part in datasets[name]["parts"]]
        datasets[name]["profile"], sketches[name] = profile.merged(found, one.dataset)
        hidden = masked_columns(one.dataset, job.mask)
        datasets[name]["profile"] = masked_profile(datasets[name]["profile"], hidden)
    for name, numbers in profile.crossed(sketches).items():
        datasets[name]["profile"]["crossed"] = numbers
    return {"datasets": datasets}


def _export(spark: SparkSession, one: Export, s3: dict[str, Any]) -> dict[str, Any]:
    dataset = one.dataset
    names = [column.name for column in dataset.columns]
    daily_schema = mapping.daily_schema(dataset)
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
    head = csv_export.header(names) if one.csv_header else b""
    written = parts.write_parts(table, order, parts.Target(schema, one.to_csv, one.to_table, s3, dataset, head))
    return {
        "rows": sum(part["rows"] for part in written),
        "copies": sum(part["copies"] for part in written),
        "parts": written,
    }


def execute(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the job spec that the arguments name and return its report, which ``--report`` puts into a file as well.

    Glue adds arguments of its own to a script's, so those that are not known here are let pass. A job that fails puts
    ``{"error": {"type", "message", "traceback"}}`` into that file, and raises what made it fail.
    """
    parser = argparse.ArgumentParser(prog="convert.py", description=main.__doc__, allow_abbrev=False)
    parser.add_argument("--spec", required=True, metavar="URI", help="JSON file with the job spec: a path or s3://…")
    parser.add_argument("--report", metavar="URI", help="where to put the report: a path or s3://…")
    parser.add_argument("--cores", type=int, help="how many tasks run at once, where Spark cannot tell at its start")
    parser.add_argument("--s3_region", metavar="NAME", help="region of the bucket that --spec and --report are in")
    parser.add_argument("--s3_endpoint", metavar="URL", help="another server that speaks S3")
    options, _ = parser.parse_known_args(arguments)
    files = FileSystem(_s3_options(options.s3_region, options.s3_endpoint))
    try:
        with files.open(options.spec) as file:
            spec = json.loads(file.read())
        _say(_summary(spec))
        settings = {"spark.default.parallelism": str(options.cores)} if options.cores else {}
        builder = _with(SparkSession.builder.appName("personalize_assets"), {**spark_conf(), **settings}.items())
        report = run(builder.getOrCreate(), spec)
        _say(f"{spec['job']}: done in {report['seconds']:.1f} s")
    except Exception as error:
        if options.report:
            told = {"type": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}
            _put(files, options.report, {"error": told})
        raise
    if options.report:
        _put(files, options.report, report)
    return report


def _s3_options(region: str | None, endpoint: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {"credentials": "boto3"}
    if region:
        options["region"] = region
    if endpoint:
        scheme, _, host = endpoint.partition("://")
        options |= {"scheme": scheme, "endpoint_override": host}
    return options


def _summary(spec: dict[str, Any]) -> str:
    """A line for the log: how much there is to do."""
    if spec["job"] == "export":
        return "export: " + ", ".join(one["dataset"]["name"] for one in spec["exports"])
    files = [file for source in spec["sources"] for file in source["files"]]
    size = sum(file["bytes"] for file in files) / 1e6
    return f"convert: {len(files)} files of {len({file['day'] for file in files})} days, {size:,.1f} MB"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _put(files: FileSystem, uri: str, report: dict[str, Any]) -> None:
    with files.create(uri) as file:
        file.write(json.dumps(report, indent=1, ensure_ascii=False).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job spec and print its report."""
    json.dump(execute(sys.argv[1:] if arguments is None else arguments), sys.stdout, indent=2)
    return 0


def _with(builder: Any, settings: Iterable[tuple[str, str]]) -> Any:
    for key, value in settings:
        builder = builder.config(key, value)
    return builder


if __name__ == "__main__":
    sys.exit(main())
