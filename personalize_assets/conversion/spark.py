"""Settings and facts of a Spark session, the same for every engine and version."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession


def spark_conf() -> dict[str, str]:
    """Return the settings on which results depend, so that those of the user's session do not matter."""
    return {
        "spark.sql.session.timeZone": "UTC",
        # The default of Spark 4, but not of 3.5.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    }


def is_remote(spark: SparkSession) -> bool:
    """Whether a session uses Spark Connect, which reports no cores and may return rows in another order."""
    return type(spark).__module__.startswith("pyspark.sql.connect.")


def parallelism(spark: SparkSession | None) -> int:
    """Return how many tasks run at once: the cores of the cluster, or of this machine without Spark or over Connect."""
    if spark is None or is_remote(spark):
        return machine_cores()
    return int(spark.sparkContext.defaultParallelism)


def machine_cores() -> int:
    """Return the number of cores of this machine, which every engine on it uses."""
    return os.cpu_count() or 1
