"""Plain PySpark: the JSON reader with a schema of the needed fields, sorted parts, joined into one file.

Of two objects on one line Spark's reader keeps the first, in every mode and without a word.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.peers.spark_session import local_session

WANTED = ["Product Clicked", "Product Added", "Order Completed"]
# Prices are numbers in most events and texts in some; a string takes both.
EVENT = (
    "event string, messageId string, userId string, timestamp string, "
    "properties struct<sku:string,price:string,products:array<struct<sku:string,price:string>>>"
)
COLUMNS = ["USER_ID", "ITEM_ID", "EVENT_TYPE", "EVENT_VALUE", "TIMESTAMP"]


def interactions(events: DataFrame) -> DataFrame:
    number = F.col("timestamp").cast("long")
    epoch = F.when(number > 10**11, F.floor(number / 1000)).otherwise(number)
    return (
        events.where(F.col("event").isin(WANTED) & F.col("userId").isNotNull())
        .select("*", F.posexplode_outer("properties.products").alias("position", "product"))
        .dropDuplicates(["messageId", "position"])
        .select(
            F.col("userId").alias("USER_ID"),
            F.coalesce("product.sku", "properties.sku").alias("ITEM_ID"),
            F.col("event").alias("EVENT_TYPE"),
            F.coalesce("product.price", "properties.price").cast("double").alias("EVENT_VALUE"),
            F.coalesce(F.unix_timestamp(F.to_timestamp("timestamp")), epoch).alias("TIMESTAMP"),
        )
        .where("ITEM_ID IS NOT NULL AND TIMESTAMP IS NOT NULL")
        .orderBy("TIMESTAMP", *COLUMNS[:-1])
    )


def write_csv(rows: DataFrame, out: Path) -> None:
    """Sorted rows as one file. Parts keep the order in their names."""
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        rows.write.option("escape", '"').csv(f"{scratch}/parts")
        with out.open("wb") as joined:
            joined.write((",".join(rows.columns) + "\n").encode())
            for part in sorted(Path(scratch, "parts").glob("part-*")):
                with part.open("rb") as lines:
                    shutil.copyfileobj(lines, joined)


def main(spark: SparkSession, raw: Path, out: Path) -> None:
    reader = spark.read.schema(EVENT).option("recursiveFileLookup", "true").option("pathGlobFilter", "*.gz")
    write_csv(interactions(reader.json(str(raw / "segment-logs"))), out)


if __name__ == "__main__":
    main(local_session("plain_spark"), Path(sys.argv[1]), Path(sys.argv[2]))
