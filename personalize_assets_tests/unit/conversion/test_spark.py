"""Facts of a Spark session; a stand-in takes the session's place."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

from pyspark.sql import SparkSession

from personalize_assets.conversion.spark import is_remote, parallelism, spark_conf


def classic(cores: int) -> SparkSession:
    return cast(SparkSession, SimpleNamespace(sparkContext=SimpleNamespace(defaultParallelism=cores)))


def connected() -> SparkSession:
    return cast(SparkSession, type("SparkSession", (), {"__module__": "pyspark.sql.connect.session"})())


def test_results_do_not_depend_on_the_sessions_time_zone_or_its_dialect() -> None:
    settings: dict[str, Any] = spark_conf()

    assert (settings["spark.sql.session.timeZone"], settings["spark.sql.ansi.enabled"]) == ("UTC", "true")


def test_a_session_of_spark_connect_is_remote() -> None:
    assert (is_remote(connected()), is_remote(classic(1))) == (True, False)


def test_as_many_tasks_run_at_once_as_the_cluster_has_cores() -> None:
    assert parallelism(classic(24)) == 24


def test_without_spark_and_over_connect_the_cores_of_this_machine_count() -> None:
    assert parallelism(None) == parallelism(connected()) == os.cpu_count()
