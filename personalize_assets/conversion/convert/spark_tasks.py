"""Runs the tasks of ``convert`` as Spark tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from personalize_assets.conversion.convert.planner import Spread
from personalize_assets.conversion.convert.task import UnreadableFile, run_task
from personalize_assets.conversion.spec import Plan, Task, TaskReport, encode

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def over_spark(spark: SparkSession) -> Spread:
    """Make a ``Spread`` that runs each task as a task of Spark."""

    def spread(tasks: Sequence[Task], plan: Plan) -> list[TaskReport]:
        run = partial(_run_tasks, tasks=msgspec.json.encode(tasks), plan=msgspec.json.encode(plan))
        rows = spark.range(0, len(tasks), 1, len(tasks)).mapInArrow(run, "report string, error string").collect()
        for row in rows:
            if row.error is not None:
                raise UnreadableFile(row.error)
        return [msgspec.json.decode(row.report, type=TaskReport) for row in rows]

    return spread


def _run_tasks(batches: Iterator[pa.RecordBatch], tasks: bytes, plan: bytes) -> Iterator[pa.RecordBatch]:
    all_tasks = msgspec.json.decode(tasks, type=list[Task])
    the_plan = msgspec.json.decode(plan, type=Plan)
    for batch in batches:
        reports: list[str | None] = []
        errors: list[str | None] = []
        for number in batch.column(0).to_pylist():
            report = error_text = None
            try:
                report = encode(run_task(all_tasks[number], the_plan)).decode()
            except UnreadableFile as error:  # returned, because Spark would raise it inside several tracebacks
                error_text = str(error)
            reports.append(report)
            errors.append(error_text)
        yield pa.RecordBatch.from_pydict(
            {"report": pa.array(reports, pa.string()), "error": pa.array(errors, pa.string())}
        )
