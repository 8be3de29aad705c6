"""How the tasks of a job are spread: one after another, or over Spark. Engines bring further ways."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from personalize_assets.conversion import connect
from personalize_assets.conversion.progress import Meter
from personalize_assets.conversion.reading.file_errors import FileError
from personalize_assets.conversion.spark import counting_tasks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class Spread(Protocol):
    """Runs a function over tasks, side by side where that helps."""

    def __call__(self, run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        """One result per task, in the order of tasks.

        ``run`` is a function of a module, or a ``partial`` of one; tasks and results can be pickled. ``size`` is
        roughly how many bytes all tasks read. Raises what ``run`` raises.
        """


def in_turn(run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
    """One task after another, in this process."""
    return [run(task) for task in tasks]


def in_turn_with(
    run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], finish: Callable[[TaskT, ResultT], None]
) -> list[ResultT]:
    """As ``in_turn``; calls ``finish`` after each task."""
    results = []
    for task in tasks:
        results.append(run(task))
        finish(task, results[-1])
    return results


def over_spark(spark: SparkSession, meter: Meter | None = None) -> Spread:
    """Each task as a task of Spark; nothing is shuffled, but the tasks themselves by Spark Connect.

    ``meter`` counts tasks while they finish, and over Spark Connect at their end.

    A partition holds its own task and ``run`` is sent once, so that what is sent grows with the tasks, and not with
    their square: 200,000 raw files are 26 MB of tasks.
    """

    def spread(run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        if not tasks:
            return []
        packed = [pickle.dumps(task) for task in tasks]
        counted = meter.plan(tasks, size) if meter else None
        if connect.is_connect(spark):
            found = connect.run_over_connect(spark, partial(_run_packed, run), packed)
        else:
            work = spark.sparkContext.parallelize(packed, len(packed)).map(partial(_run_packed, run))
            with counting_tasks(spark.sparkContext, counted.finish_count) if counted else nullcontext():
                found = work.collect()
        results: list[ResultT] = []
        for result in map(pickle.loads, found):
            if isinstance(result, FileError):
                raise result
            results.append(result)
        if counted:
            counted.finish_all(results)
        return results

    return spread


def _run_packed(run: Callable[[Any], Any], packed: bytes) -> bytes:
    result: Any
    try:
        result = run(pickle.loads(packed))
    except FileError as error:  # returned, because Spark would raise it inside several tracebacks
        result = error
    return pickle.dumps(result)
