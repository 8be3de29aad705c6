"""The logic of the Glue job of AWS's Segment workshop (github.com/james-jory/segment-personalize-workshop, exercise 1).

Rewritten in plain PySpark, step by step: read everything with inferred types, count it, filter by a Python function the
events with a user, an item and a wanted name, count them, repartition into one partition, parse the times by one
pattern, write. Its flaws are kept: an order that lists its products has no ``properties.sku`` and is lost, a time in
any other form is null, repeats stay, rows have no order, and there is no EVENT_VALUE.

Glue's DynamicFrames infer types record by record; here Spark's JSON reader infers them in a separate pass.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from benchmarks.peers.plain_spark import WANTED, write_csv
from benchmarks.peers.spark_session import local_session

TIME_PATTERN = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"


def names_user_item_and_event(record: Row) -> bool:
    # The inferred schema has the fields of all events; those that an event lacks are null.
    return (
        record["userId"] is not None
        and record["properties"] is not None
        and record["properties"]["sku"] is not None
        and record["event"] in WANTED
    )


def main(spark: SparkSession, raw: Path, out: Path) -> None:
    records = spark.read.option("recursiveFileLookup", "true").json(str(raw / "segment-logs"))
    print("Input file total record count: ", records.count())

    kept = spark.createDataFrame(records.rdd.filter(names_user_item_and_event), records.schema, verifySchema=False)
    print("Filtered record count: ", kept.count())

    interactions = kept.select(
        F.col("userId").cast("string").alias("USER_ID"),
        F.col("properties.sku").alias("ITEM_ID"),
        F.col("event").alias("EVENT_TYPE"),
        F.col("timestamp").cast("string").alias("TIMESTAMP_ISO"),
    )
    in_one_partition = interactions.repartition(1)
    with_seconds = in_one_partition.withColumn("TIMESTAMP", F.unix_timestamp("TIMESTAMP_ISO", TIME_PATTERN))
    write_csv(with_seconds.drop("TIMESTAMP_ISO"), out)


if __name__ == "__main__":
    spark = local_session("workshop")
    # The Spark of the workshop's time parsed leniently; the current parser gives the same for these times.
    spark.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    main(spark, Path(sys.argv[1]), Path(sys.argv[2]))
