"""Settings and facts of a Spark session, the same for every engine and version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from personalize_assets.conversion import connect

# Only for types: the engine `arrow` has no Spark.
if TYPE_CHECKING:
    from pyspark import SparkContext, StatusTracker
    from pyspark.sql import SparkSession

_POLL_SECONDS = 2.0


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
    if connect.is_connect(spark):
        return connect.parallelism(spark)
    return int(spark.sparkContext.defaultParallelism)


@contextmanager
def counting_tasks(spark: SparkContext, on_count: Callable[[int], None]) -> Iterator[None]:
    """Call ``on_count`` every two seconds with the number of tasks that this thread's jobs within have finished.

    Spark returns the results of a job all together, at its end; its status tracker knows before what is finished.
    """
    group = uuid4().hex
    spark.setJobGroup(group, "personalize_assets")
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(_POLL_SECONDS):
            on_count(_finished_tasks(spark.statusTracker(), group))

    thread = threading.Thread(target=poll, name="counting Spark's tasks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _finished_tasks(tracker: StatusTracker, group: str) -> int:
    jobs = (tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group))
    stages = (tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds)
    return sum(stage.numCompletedTasks for stage in stages if stage)
