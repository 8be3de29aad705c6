"""Tasks over Spark Connect, where a client has DataFrames alone and no Spark context.

Which session this is for, and a classic one's tasks: ``spread.over_spark``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# More rows than a cluster has cores: each partition of a range asks for one answer.
_MANY = 100_000


def is_connect(spark: SparkSession) -> bool:
    """Whether a session is a client of a Spark Connect server."""
    return type(spark).__module__.startswith("pyspark.sql.connect.")


def run_over_connect(spark: SparkSession, run: Callable[[bytes], bytes], packed: Sequence[bytes]) -> list[bytes]:
    """The results of ``run`` in the order of the tasks, each task in a partition of its own.

    Tasks travel as rows and not in the function, so that what is sent grows with their number and not its square. A
    range partitioning puts each of the distinct numbers into its own partition; rows of tasks are all that is shuffled.
    """
    tasks = pa.table({"number": pa.array(range(len(packed)), pa.int64()), "task": pa.array(packed, pa.binary())})
    rows = spark.createDataFrame(tasks).repartitionByRange(len(packed), "number")
    done = rows.mapInArrow(partial(_run_rows, run), "number long, result binary").toArrow()
    results = dict(zip(done["number"].to_pylist(), done["result"].to_pylist(), strict=True))
    return [results[number] for number in range(len(packed))]


def answers(spark: SparkSession, run: Callable[[], bytes]) -> list[bytes]:
    """What ``run`` gives on each of so many tasks as Spark has cores."""
    found = spark.range(_MANY).mapInArrow(partial(_answer, run), "result binary").toArrow()
    return list(found["result"].to_pylist())


def parallelism(spark: SparkSession) -> int:
    """How many tasks run at once: ``spark.default.parallelism`` of the server, which a client cannot ask for."""
    return len(answers(spark, bytes))


def _run_rows(run: Callable[[bytes], bytes], batches: Iterator[Any]) -> Iterator[Any]:
    for batch in batches:
        for number, task in zip(batch["number"].to_pylist(), batch["task"].to_pylist(), strict=True):
            yield _batch(number=pa.array([number], pa.int64()), result=pa.array([run(task)], pa.binary()))


def _answer(run: Callable[[], bytes], batches: Iterator[Any]) -> Iterator[Any]:
    for _ in batches:  # Spark expects its rows to be read
        pass
    yield _batch(result=pa.array([run()], pa.binary()))


def _batch(**columns: Any) -> Any:
    return pa.RecordBatch.from_pydict(columns)
