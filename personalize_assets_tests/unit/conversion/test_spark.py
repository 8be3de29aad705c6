"""Facts of a Spark session; a stand-in takes the session's place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from personalize_assets.conversion.spark import machine_cores, parallelism, spark_conf


def classic(cores: int) -> SparkSession:
    return cast(SparkSession, SimpleNamespace(sparkContext=SimpleNamespace(defaultParallelism=cores)))


def test_results_do_not_depend_on_the_sessions_time_zone_or_its_dialect() -> None:
    settings: dict[str, Any] = spark_conf()

    assert (settings["spark.sql.session.timeZone"], settings["spark.sql.ansi.enabled"]) == ("UTC", "true")


def test_as_many_tasks_run_at_once_as_the_cluster_has_cores() -> None:
    assert parallelism(classic(24)) == 24


@pytest.mark.parametrize(("found", "cores"), [(6, 6), (None, 1)])
def test_the_cores_of_this_machine_are_at_least_one(
    monkeypatch: pytest.MonkeyPatch, found: int | None, cores: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: found)

    assert machine_cores() == cores
