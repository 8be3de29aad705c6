"""How fast raw files are read: the conversion's way beside others that were tried, on the same files.

    .venv/bin/python -m benchmarks.reading [users] [runs]

The ways of Spark make the interactions alone, without rejects or books; they take the first object of a line,
drop what is broken without a word and read only some of the forms of a timestamp.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.conversion.convert import event_sink
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.reading.field_tree import NoShapeError
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets.conversion.spec import ConvertSpec, Task
from personalize_assets.engines.local import LocalEngine
from personalize_assets.engines.process_pool import processes
from personalize_assets.generate import generate
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup

WANTED = ("Product Clicked", "Product Added", "Order Completed")
PRODUCT = "struct<sku:string,price:double>"
EVENT = (
    "event string, messageId string, userId string, timestamp string, "
    f"properties struct<sku:string,price:double,products:array<{PRODUCT}>>"
)


def interactions(events: DataFrame) -> DataFrame:
    """The sample's mapping, as far as Spark's expressions can follow it."""
    properties = F.col("properties")
    element: Column = F.col("element")
    return (
        events.where(F.col("event").isin(*WANTED) & F.col("userId").isNotNull())
        .withColumn("element", F.explode_outer(properties["products"]))
        .select(
            F.col("userId").alias("USER_ID"),
            F.coalesce(element["sku"], properties["sku"]).alias("ITEM_ID"),
            F.col("event").alias("EVENT_TYPE"),
            F.coalesce(element["price"], properties["price"]).alias("EVENT_VALUE"),
            F.expr("unix_timestamp(try_to_timestamp(timestamp))").alias("TIMESTAMP"),
            F.col("messageId"),
        )
        .where("ITEM_ID IS NOT NULL AND TIMESTAMP IS NOT NULL")
    )


def by_json(spark: SparkSession, raw: str) -> DataFrame:
    return spark.read.schema(EVENT).option("recursiveFileLookup", "true").json(raw)


def by_text(spark: SparkSession, raw: str) -> DataFrame:
    lines = spark.read.option("recursiveFileLookup", "true").text(raw)
    may_match = F.lit(False)
    for event in WANTED:
        may_match = may_match | F.col("value").contains(event)
    # The generator keeps the optimizer from parsing the text once for each field.
    return lines.where(may_match).select(F.inline(F.array(F.from_json("value", EVENT))))


def by_tuple(spark: SparkSession, raw: str) -> DataFrame:
    lines = spark.read.option("recursiveFileLookup", "true").text(raw)
    may_match = F.lit(False)
    for event in WANTED:
        may_match = may_match | F.col("value").contains(event)
    names = ("event", "messageId", "userId", "timestamp", "properties")
    return (
        lines.where(may_match)
        .select(F.json_tuple("value", *names).alias(*names))
        .withColumn(
            "properties",
            F.struct(
                F.get_json_object("properties", "$.sku").alias("sku"),
                F.get_json_object("properties", "$.price").cast("double").alias("price"),
                F.from_json(F.get_json_object("properties", "$.products"), f"array<{PRODUCT}>").alias("products"),
            ),
        )
    )


SPARKS_WAYS = {
    "read.json": by_json,
    "read.text, contains, from_json": by_text,
    "read.text, contains, json_tuple": by_tuple,
}


def seconds(do: Callable[[], object], runs: int) -> float:
    """The shortest of several runs; infinite if one fails."""
    taken = []
    for _ in range(runs):
        started = time.monotonic()
        try:
            do()
        except Exception as error:
            print(f"  {type(error).__name__}: {str(error).splitlines()[0][:150]}")
            return float("inf")
        taken.append(time.monotonic() - started)
    return min(taken)


@contextmanager
def event_by_event() -> Iterator[None]:
    """Read every event on the exact path."""

    def refuse(_: object) -> StructDecoder:
        raise NoShapeError

    with mock.patch.object(event_sink, "StructDecoder", refuse):
        yield


def main(users: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        raw, out = folder / "raw", folder / "out"
        made = generate(raw, layout="segment", days=7, users=users, seed=1)
        env = {"PERSONALIZE__SOURCE__URI": str(raw), "PERSONALIZE__DESTINATION__URI": str(out)}
        group = DatasetGroup(load_config(env=env))
        days = list(group.bytes_by_day())
        catalog_days(group, days)
        specs = {"three datasets": list(group.datasets), "interactions": ["interactions"]}
        jobs = {name: plan_convert(group, days, made) for name, made in specs.items()}
        print(f"{made.events:,} events, {made.bytes / 1e6:,.0f} MB packed, shortest of {runs} runs, seconds")

        def report(where: str, way: str, do: Callable[[], object]) -> None:
            print(f"| {where} | {way} | {seconds(do, runs):.1f} |", flush=True)

        one = jobs["three datasets"]
        alone = Task(0, one.sources[0])
        report("one core", "conversion, in batches: three datasets", lambda: run_task(alone, one.plan))
        with event_by_event():
            report("one core", "conversion, event by event: three datasets", lambda: run_task(alone, one.plan))
        cores = os.cpu_count() or 1
        for name, spec in jobs.items():
            report("`arrow`", f"conversion: {name}", partial(over_processes, spec, cores))
        spark = LocalEngine.on_all_cores().session()
        for name, spec in jobs.items():
            report("`local`", f"conversion: {name}", partial(job.run_on_spark, spark, spec))
        spark_ways("`local`", spark, raw, folder, report)


def over_processes(spec: ConvertSpec, cores: int) -> None:
    with processes(lambda: cores) as spread:
        job.run(spec, spread, cores)


def spark_ways(
    where: str, spark: SparkSession, raw: Path, folder: Path, report: Callable[[str, str, Callable[[], object]], None]
) -> None:
    for name, read in SPARKS_WAYS.items():

        def write(read: Callable[[SparkSession, str], DataFrame] = read) -> None:
            shutil.rmtree(folder / "spark", ignore_errors=True)
            interactions(read(spark, str(raw))).write.parquet(str(folder / "spark"))

        report(where, f"{name}: interactions", write)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
