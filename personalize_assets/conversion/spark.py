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


def parallelism(spark: SparkSession) -> int:
    """Return how many tasks run at once: the cores of the cluster."""
    return int(spark.sparkContext.defaultParallelism)


def machine_cores() -> int:
    """Return the number of cores of this machine, which every engine on it uses."""
    return os.cpu_count() or 1
