"""The Spark session of both Spark scripts: all cores, and the memory that this project's engine `local` takes."""

from __future__ import annotations

from pyspark.sql import SparkSession


def local_session(name: str) -> SparkSession:
    return (
        SparkSession.builder.master("local[*]")
        .appName(name)
        .config("spark.driver.memory", "2g")
        .config("spark.driver.host", "localhost")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
        # As Spark was before version 4, and as the job of the workshop needs it: what cannot be read is null.
        .config("spark.sql.ansi.enabled", "false")
        .getOrCreate()
    )
