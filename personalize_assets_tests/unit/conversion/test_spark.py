"""Facts of a Spark session; a stand-in takes the session's place."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from personalize_assets.conversion import spark as spark_module
from personalize_assets.conversion.spark import counting_tasks, parallelism, spark_conf


def classic(cores: int) -> SparkSession:
    return cast(SparkSession, SimpleNamespace(sparkContext=SimpleNamespace(defaultParallelism=cores)))


def test_results_do_not_depend_on_the_sessions_time_zone_or_its_dialect() -> None:
    settings: dict[str, Any] = spark_conf()

    assert (settings["spark.sql.session.timeZone"], settings["spark.sql.ansi.enabled"]) == ("UTC", "true")


def test_as_many_tasks_run_at_once_as_the_cluster_has_cores() -> None:
    assert parallelism(classic(24)) == 24


class TwoJobs:
    """A Spark context in which two jobs of the group run, three stages in all; a stage of them is forgotten."""

    def __init__(self) -> None:
        self.group = ""

    def setJobGroup(self, group: str, description: str) -> None:  # noqa: N802 - Spark's name
        self.group = group

    def statusTracker(self) -> SimpleNamespace:  # noqa: N802 - Spark's name
        stages = {1: 3, 2: 4}
        return SimpleNamespace(
            getJobIdsForGroup=lambda group: [10, 11, 12] if group == self.group else [],
            getJobInfo={10: SimpleNamespace(stageIds=[1, 3]), 11: SimpleNamespace(stageIds=[2]), 12: None}.get,
            getStageInfo=lambda id: SimpleNamespace(numCompletedTasks=stages[id]) if id in stages else None,
        )


def test_finished_tasks_are_counted_while_spark_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_module, "_POLL_SECONDS", 0)
    counts: list[int] = []
    counted = threading.Event()

    def on_count(count: int) -> None:
        counts.append(count)
        counted.set()

    context: Any = TwoJobs()
    with counting_tasks(context, on_count):
        counted.wait()
    ended = len(counts)

    assert set(counts) == {7}
    assert len(counts) == ended


def test_a_job_that_fails_is_no_longer_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_module, "_POLL_SECONDS", 0)
    context: Any = TwoJobs()

    with pytest.raises(ZeroDivisionError), counting_tasks(context, lambda count: None):
        raise ZeroDivisionError

    assert not [thread for thread in threading.enumerate() if thread.name == "counting Spark's tasks"]
