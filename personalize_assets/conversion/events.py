"""Raw files to the daily files: tasks of even size, spread over Spark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import SparkSession

from personalize_assets.conversion.tasks import Plan, Source, Task, UnreadableFile, run_task

# Tasks a core: enough that a core which is done early finds more to do, few enough that their start does not count.
_TASKS_PER_CORE = 4
_SMALLEST_TASK_BYTES = 8 * 1024 * 1024

Spread = Callable[[Sequence[Task], Plan], list[dict[str, Any]]]
"""Runs tasks somewhere, side by side; one report a task, in any order. Raises ``UnreadableFile``."""


def over_spark(spark: SparkSession) -> Spread:
    """Tasks as tasks of Spark."""

    def spread(tasks: Sequence[Task], plan: Plan) -> list[dict[str, Any]]:
        run = partial(_run_tasks, tasks=msgspec.json.encode(tasks), plan=msgspec.json.encode(plan))
        rows = spark.range(0, len(tasks), 1, len(tasks)).mapInArrow(run, "report string").collect()
        reports: list[dict[str, Any]] = [json.loads(row.report) for row in rows]
        for report in reports:
            if "error" in report:
                raise UnreadableFile(report["error"])
        return reports

    return spread


def _run_tasks(
    batches: Iterator[pa.RecordBatch], tasks: bytes, plan: bytes
) -> Iterator[pa.RecordBatch]:  # pragma: no cover - runs in Spark's Python workers
    all_tasks = msgspec.json.decode(tasks, type=list[Task])
    the_plan = msgspec.json.decode(plan, type=Plan)
    for batch in batches:
        reports = []
        for number in batch.column(0).to_pylist():
            try:
                reports.append(run_task(all_tasks[number], the_plan))
            except UnreadableFile as error:  # as a report: Spark would bury it under its own traceback, thrice
                reports.append({"error": str(error)})
        yield pa.RecordBatch.from_pydict({"report": pa.array(map(json.dumps, reports), pa.string())})


def tasks_of(sources: Sequence[Source], cores: int) -> list[Task]:
    """Files in the order of their days, cut into tasks of even size.

    The largest task comes first, so that none is begun when the other cores are about to be done.
    """
    total = sum(file.bytes for source in sources for file in source.files)
    target = max(total // (cores * _TASKS_PER_CORE), _SMALLEST_TASK_BYTES)
    tasks: list[Task] = []
    for source in sources:
        files = sorted(source.files, key=lambda file: (file.day, file.uri))
        while files:
            size = taken = 0
            while taken < len(files) and (taken == 0 or size + files[taken].bytes <= target):
                size += files[taken].bytes
                taken += 1
            tasks.append(Task(len(tasks), msgspec.structs.replace(source, files=tuple(files[:taken]))))
            files = files[taken:]
    return sorted(tasks, key=lambda task: -sum(file.bytes for file in task.source.files))
