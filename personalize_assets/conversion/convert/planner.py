"""Raw files to the daily files: tasks of even size, spread over Spark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import SparkSession

from personalize_assets.conversion.convert.task import Plan, RawFile, Source, Task, UnreadableFile, run_task

# Tasks a core: enough that a core which is done early finds more to do, few enough that their start does not count.
_TASKS_PER_CORE = 4
_SMALLEST_TASK_BYTES = 8 * 1024 * 1024
_MOST_SHARES_OF_GZIP = 4

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


def run_tasks(sources: Sequence[Source], plan: Plan, cores: int, spread: Spread) -> list[dict[str, Any]]:
    """Read all files; one report a task. What could not be read in shares after all is read again as a whole."""
    tasks = tasks_of(sources, cores)
    reports = spread(tasks, plan) if tasks else []
    cut = {uri for report in reports for uri in report["cut"]}
    if not cut:
        return reports
    void = {task.number for task in tasks if task.source.files[0].uri in cut}  # a share is a task of its own
    again = [
        Task(
            len(tasks) + number, msgspec.structs.replace(task.source, files=(msgspec.structs.replace(file, shares=1),))
        )
        for number, task in enumerate(tasks)
        for file in task.source.files
        if file.uri in cut and file.share == 0
    ]
    return [report for report in reports if report["task"] not in void] + spread(again, plan)


def tasks_of(sources: Sequence[Source], cores: int) -> list[Task]:
    """Files in the order of their days, cut into tasks of even size; a file much larger than that is cut into shares.

    The largest task comes first, so that none is begun when the other cores are about to be done.
    """
    total = sum(file.bytes for source in sources for file in source.files)
    target = max(total // (cores * _TASKS_PER_CORE), _SMALLEST_TASK_BYTES)
    found: list[tuple[int, Source, list[RawFile]]] = []
    for source in sources:
        whole = []
        for file in sorted(source.files, key=lambda file: (file.day, file.uri)):
            shares = _shares(file, target, cores)
            if shares == 1:
                whole.append(file)
                continue
            cut = [msgspec.structs.replace(file, share=number, shares=shares) for number in range(shares)]
            found += [(file.bytes // shares, source, [share]) for share in cut]
        found += [(size, source, files) for size, files in _even(whole, target)]
    found.sort(key=lambda task: -task[0])
    return [
        Task(number, msgspec.structs.replace(source, files=tuple(files)))
        for number, (_, source, files) in enumerate(found)
    ]


def _even(files: Sequence[RawFile], target: int) -> Iterator[tuple[int, list[RawFile]]]:
    """Files in their order, in stretches of about ``target`` bytes, none of which is a small rest; and their bytes."""
    total = sum(file.bytes for file in files)
    count = max(round(total / target), 1)
    stretches: dict[int, list[RawFile]] = {}
    before = 0
    for file in files:
        middle = before + file.bytes / 2
        # Empty files at the end lie behind the last stretch, and belong to it.
        stretches.setdefault(min(int(middle * count / (total or 1)), count - 1), []).append(file)
        before += file.bytes
    for stretch in stretches.values():
        yield sum(file.bytes for file in stretch), stretch


def _shares(file: RawFile, target: int, cores: int) -> int:
    if file.framing != "lines":
        return 1  # only lines tell where an event may begin
    # Each share of a gzip file unpacks all that comes before it: a tenth of what reading costs.
    most = min(cores, _MOST_SHARES_OF_GZIP) if file.packed else file.bytes
    return max(1, min(round(file.bytes / target), most))
