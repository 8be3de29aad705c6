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


def parallelism(spark: SparkSession) -> int:
    """How many tasks run at once: the cluster's cores, or this machine's over Spark Connect, which cannot tell."""
    try:
        return int(spark.sparkContext.defaultParallelism)
    except Exception:
        # Spark Connect raises its own kind of error for sparkContext, which only exists where Connect is installed.
        return os.cpu_count() or 1
