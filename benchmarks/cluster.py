"""The jobs on a Spark cluster: tasks, shuffled bytes and skew, and Spark's own sort of the same rows.

The cluster has two workers on this machine (``standalone``). The jobs run by ``conversion.job.run_on_spark``, as on
Glue. The full size of each case (scale 1): 30 M events of which one user has a tenth, one gzip file of 5 GB, one plain
file of 5 GB, 200,000 files of 20 KB.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click
import pyspark
from pyspark.sql import SparkSession

from benchmarks.contestants import CONFIG, settings
from benchmarks.data import Raw
from benchmarks.large_data import large_site, one_file, small_files_of
from benchmarks.standalone import Cluster, standalone_cluster
from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.conversion.export.interactions import export_order
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION
from personalize_assets.conversion.spec import ConvertReport, DatasetExport, ExportReport
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import commit_export, plan_export

WORKERS = 2
_EVENTS = 30_000_000
_FILE_BYTES = 5 * 10**9
_SMALL_FILES, _SMALL_FILE_BYTES = 200_000, 20_000
_LEAST_GZIP_BYTES, _LEAST_PLAIN_BYTES = 75, 600
"""Fewer bytes than an event takes: a file of so many bytes does not need more events than were made."""


def on_cluster(data: Path, scale: float) -> dict[str, Any]:
    """Each case at a part of its full size: figures of `convert`, of `export`, and of Spark's own sort."""
    rows: list[dict[str, Any]] = []
    with standalone_cluster(WORKERS) as cluster:
        for case, raw in _cases(data, scale).items():
            out = data / "cluster"
            shutil.rmtree(out, ignore_errors=True)
            for row in _jobs(cluster, raw, out):
                click.echo(
                    f"{case}: {row['job']:<18} {row['seconds']:8.1f} s, {row['tasks']:,} tasks, "
                    f"{row['shuffle_bytes'] / 1e6:,.1f} MB shuffled, longest task {row['longest_seconds']:.1f} s, "
                    f"median {row['median_seconds']:.1f} s"
                )
                rows.append({"case": case, **row})
            shutil.rmtree(out, ignore_errors=True)
    return {"workers": WORKERS, "scale": scale, "spark": pyspark.__version__, "rows": rows}


def _cases(data: Path, scale: float) -> dict[str, Raw]:
    size = round(_FILE_BYTES * scale)
    count = max(1, round(_SMALL_FILES * scale))
    hot = large_site(data, round(_EVENTS * scale), 7, hot_user=True)
    gzip = one_file(data, large_site(data, size // _LEAST_GZIP_BYTES, 7), size, zipped=True)
    plain = one_file(data, large_site(data, size // _LEAST_PLAIN_BYTES, 7), size, zipped=False)
    small_events = count * _SMALL_FILE_BYTES // _LEAST_PLAIN_BYTES
    small = small_files_of(data, large_site(data, small_events, 7), count, _SMALL_FILE_BYTES)
    return {
        f"{hot.events / 1e6:,.1f} M events, a tenth of one user": hot,
        f"one gzip file of {gzip.packed / 1e6:,.0f} MB": gzip,
        f"one plain file of {plain.packed / 1e6:,.0f} MB": plain,
        f"{small.files:,} files of 20 KB": small,
    }


def _jobs(cluster: Cluster, raw: Raw, out: Path) -> list[dict[str, Any]]:
    group = DatasetGroup(load_config(CONFIG, env=settings(raw.folder, out)))
    days = list(group.bytes_by_day())
    catalog_days(group, days)
    spec = plan_convert(group, days, tuple(group.datasets))
    cluster.stages()

    converted, found = _measured(cluster, "convert", lambda: job.run_on_spark(cluster.spark, spec))
    assert isinstance(converted, ConvertReport)
    rows = [{**found, "input_bytes": raw.packed}]
    commit_convert(group, days, spec, converted)

    # Interactions alone, both ways; not committed, so that the export of all starts from nothing, too.
    (interactions,) = (only := plan_export(group, ["interactions_csv"])).spec.exports
    daily, order = _daily(interactions), export_order(group.datasets["interactions"])
    size = _bytes_of(daily)
    _, found = _measured(cluster, "interactions", lambda: job.run_on_spark(cluster.spark, only.spec))
    rows.append({**found, "input_bytes": size})
    sort = partial(sort_by_spark, cluster.spark, daily, order, out / "sorted")
    _, found = _measured(cluster, "interactions, Spark's sort", sort)
    rows.append({**found, "input_bytes": size})
    shutil.rmtree(out / "sorted")

    tables = [name for name in group.datasets if name != "interactions"]
    planned = plan_export(group, [*tables, *(f"{name}_csv" for name in group.datasets)])
    exported, found = _measured(cluster, "export", lambda: job.run_on_spark(cluster.spark, planned.spec))
    assert isinstance(exported, ExportReport)
    rows.append({**found, "input_bytes": sum(_bytes_of(_daily(one)) for one in planned.spec.exports)})
    commit_export(group, planned, exported)
    return rows


def _daily(one: DatasetExport) -> list[str]:
    return [uri for day in one.daily or () for uri in day.files]


def _bytes_of(uris: Iterable[str]) -> int:
    return sum(Path(uri).stat().st_size for uri in uris)


def sort_by_spark(spark: SparkSession, daily: list[str], order: list[str], out: Path) -> None:
    """What one would write: each message once, whichever row of it, and CSV parts in the order of the export.

    Rows without a message id would count as repeats of each other; these files have none.
    """
    rows = spark.read.parquet(*daily).dropDuplicates([DEDUPE, POSITION])
    rows.select(order).orderBy(*order).write.csv(str(out), header=False)


def _measured(cluster: Cluster, name: str, run: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    started = time.monotonic()
    result = run()
    seconds = time.monotonic() - started
    stages = cluster.stages()
    longest = max(stages, key=lambda stage: sum(stage.seconds))
    return result, {
        "job": name,
        "seconds": round(seconds, 2),
        "tasks": sum(stage.tasks for stage in stages),
        "stages": len(stages),
        "shuffle_bytes": sum(stage.shuffle_bytes for stage in stages),
        "longest_seconds": longest.longest,
        "median_seconds": longest.median,
    }
