"""How Spark is set up, the same on every engine and version."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession


def spark_conf() -> dict[str, str]:
    """What the conversion's results may not depend on the user's settings for."""
    return {
        "spark.sql.session.timeZone": "UTC",
        # On by default from Spark 4, off in 3.5; the expressions used here mean the same in both.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    }


def is_remote(spark: SparkSession) -> bool:
    """Whether a session goes over Spark Connect: then it shows no cores, and rows may lose their order on the way."""
    return type(spark).__module__.startswith("pyspark.sql.connect.")


def parallelism(spark: SparkSession | None) -> int:
    """How many tasks run at once: the cluster's cores, or this machine's where Spark cannot tell or is not there."""
    if spark is None or is_remote(spark):
        return machine_cores()
    return int(spark.sparkContext.defaultParallelism)


def machine_cores() -> int:
    """Return the number of cores of this machine, which every engine on it uses."""
    return os.cpu_count() or 1
