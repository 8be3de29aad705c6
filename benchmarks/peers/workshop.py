"""What the Glue job of AWS's Segment workshop does (github.com/james-jory/segment-personalize-workshop, exercise 1).

Written anew in plain PySpark, step by step: read everything with whatever types are found, count it, keep by a Python
function what names a user, an item and a wanted event, count that, put it all into one partition, read the times by one
pattern there, write. Nothing is mended: an order that lists its products has no ``properties.sku`` and is lost, a time
in any other form is null, repeats stay, rows come in any order, and there is no EVENT_VALUE.

Glue's DynamicFrames find types record by record; here Spark's JSON reader infers them in a pass of its own.
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
    # A field that one event has all have here, null where the event has none.
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
    # Glue's Spark of that time read times leniently; the reader of today gives the same for these.
    spark.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    main(spark, Path(sys.argv[1]), Path(sys.argv[2]))
