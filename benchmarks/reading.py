"""How fast raw files are read: the conversion's reader beside Spark's own, on the same files in the same session.

    .venv/bin/python benchmarks/reading.py [users] [runs]

The two ways of Spark make the interactions alone, without rejects or books; they take the first object of a line, drop
what is broken without a word and read only some of the forms of a timestamp.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.engines import LocalEngine
from personalize_assets.generate import generate
from personalize_assets.pipeline import Pipeline

WANTED = ("Product Clicked", "Product Added", "Order Completed")
PRODUCT = "struct<sku:string,price:double>"
EVENT = (
    "event string, messageId string, userId string, timestamp string, "
    f"properties struct<sku:string,price:double,products:array<{PRODUCT}>>"
)


def interactions(events: DataFrame) -> DataFrame:
    """What the sample's mapping says, as far as Spark's expressions go."""
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
    # The generator keeps the optimizer from parsing once a field.
    return lines.where(may_match).select(F.inline(F.array(F.from_json("value", EVENT))))


def seconds(do: Callable[[], object], runs: int) -> float:
    """The shortest of several runs."""
    taken = []
    for _ in range(runs):
        started = time.monotonic()
        do()
        taken.append(time.monotonic() - started)
    return min(taken)


def main(users: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        raw, out = folder / "raw", folder / "out"
        made = generate(raw, layout="segment", days=7, users=users, seed=1)
        env = {"PERSONALIZE__SOURCE__URI": str(raw), "PERSONALIZE__DESTINATION__URI": str(out)}
        pipeline = Pipeline(load_config(env=env))
        days = pipeline.days_with_files()
        pipeline.catalog(days)
        all_three = pipeline.convert_spec(days, list(pipeline.datasets))
        one = pipeline.convert_spec(days, ["interactions"])
        spark = LocalEngine.on_all_cores().session()

        def spark_way(read: Callable[[SparkSession, str], DataFrame]) -> Callable[[], object]:
            def write() -> None:
                shutil.rmtree(folder / "spark", ignore_errors=True)
                interactions(read(spark, str(raw))).write.parquet(str(folder / "spark"))

            return write

        ways: dict[str, Callable[[], object]] = {
            "conversion: three datasets, rejects, books": lambda: job.run(spark, all_three),
            "conversion: interactions, rejects, books": lambda: job.run(spark, one),
            "spark.read.json: interactions": spark_way(by_json),
            "text + from_json: interactions": spark_way(by_text),
        }
        taken = {name: seconds(way, runs) for name, way in ways.items()}
        print(f"{made.events:,} events, {made.bytes / 1e6:,.0f} MB packed, shortest of {runs} runs")
        for name, value in taken.items():
            print(f"{name:<45} {value:6.1f} s   {value / taken['spark.read.json: interactions']:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
