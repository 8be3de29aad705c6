"""How the tasks of a job are spread: one after another, or over Spark. Engines bring further ways."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from personalize_assets.conversion.reading.filesystem import UnreadableFile

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


def over_spark(spark: SparkSession) -> Spread:
    """Each task as a task of Spark; nothing is shuffled."""

    def spread(run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        if not tasks:
            return []
        work = partial(_run_tasks, packed=[pickle.dumps((run, task)) for task in tasks])
        rows = spark.range(0, len(tasks), 1, len(tasks)).mapInArrow(work, "number long, result binary").collect()
        results: list[ResultT] = []
        for row in sorted(rows, key=lambda row: row.number):
            result = pickle.loads(row.result)
            if isinstance(result, UnreadableFile):
                raise result
            results.append(result)
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
