"""How the tasks of a job are spread: one after another, or over Spark. Engines bring further ways."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from personalize_assets.conversion.progress import Meter
from personalize_assets.conversion.reading.filesystem import UnreadableFile
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
    """Each task as a task of Spark; nothing is shuffled. ``meter`` counts tasks while they finish."""

    def spread(run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        if not tasks:
            return []
        work = partial(_run_tasks, packed=[pickle.dumps((run, task)) for task in tasks])
        frame = spark.range(0, len(tasks), 1, len(tasks)).mapInArrow(work, "number long, result binary")
        counted = meter.plan(tasks, size) if meter else None
        with counting_tasks(spark.sparkContext, counted.finish_count) if counted else nullcontext():
            rows = frame.collect()
        results: list[ResultT] = []
        for row in sorted(rows, key=lambda row: row.number):
            result = pickle.loads(row.result)
            if isinstance(result, UnreadableFile):
                raise result
            results.append(result)
        if counted:
            counted.finish_all(results)
        return results

    return spread


def _run_tasks(
    batches: Iterator[pa.RecordBatch], packed: Sequence[bytes]
) -> Iterator[pa.RecordBatch]:  # pragma: no cover - runs in Spark's Python workers
    for batch in batches:
        numbers = batch.column(0).to_pylist()
        results = []
        for number in numbers:
            run, task = pickle.loads(packed[number])
            result: Any
            try:
                result = run(task)
            except UnreadableFile as error:  # returned, because Spark would raise it inside several tracebacks
                result = error
            results.append(pickle.dumps(result))
        yield pa.RecordBatch.from_pydict(
            {"number": pa.array(numbers, pa.int64()), "result": pa.array(results, pa.binary())}
        )
