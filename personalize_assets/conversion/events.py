"""Raw files to events to the daily files: one pass over the bytes, whatever the number of datasets.

Spark spreads the files over its tasks; inside a task Python and Arrow read, judge and write. That is about as fast as
Spark's own JSON reader (benchmarks/README.md), and the same on every engine and version, where the native readers each
have their own idea of a number, of broken input and of two objects on a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import SparkSession

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.daily import DatasetDay, RejectFile, RowFile, SourceDay
from personalize_assets.conversion.files import FileSystem, unpacked_blocks
from personalize_assets.conversion.framing import Framer
from personalize_assets.conversion.mapping import Mapping, schema
from personalize_assets.conversion.timestamps import DAY_SECONDS, latest_seconds
from personalize_assets.conversion.wanted import matcher, prefilter

# Tasks a core: enough that a core which is done early finds more to do, few enough that their start does not count.
_TASKS_PER_CORE = 4
_SMALLEST_TASK_BYTES = 8 * 1024 * 1024


class RawFile(msgspec.Struct, frozen=True):
    """A raw file as the job spec names it. ``day`` is its arrival day (UTC), ``bytes`` its size as it lies there."""

    uri: str
    day: date
    bytes: int
    framing: str


class Source(msgspec.Struct, frozen=True):
    """Files and all datasets that are made from them. ``dated`` is false where keys carry no day (layout ``flat``)."""

    id: str
    dated: bool
    files: tuple[RawFile, ...]
    datasets: tuple[Dataset, ...]


class Plan(msgspec.Struct, frozen=True):
    """What every task must know: which datasets to make, where to put them, and when now is (epoch seconds)."""

    run_id: str
    make: tuple[str, ...]
    folders: dict[str, str]
    now: int
    s3: dict[str, Any]


class Task(msgspec.Struct, frozen=True):
    """The files that one Spark task reads, of one source, ordered by day."""

    number: int
    source: Source


class UnreadableFile(Exception):
    """A raw file that could not be opened or read; its text is for the user."""


def convert(spark: SparkSession, sources: Sequence[Source], plan: Plan, cores: int) -> list[dict[str, Any]]:
    """Run all tasks; one report a task. Raises ``UnreadableFile`` if a file cannot be read."""
    tasks = list(_tasks(sources, cores))
    if not tasks:
        return []
    run = partial(_run_tasks, tasks=msgspec.json.encode(tasks), plan=msgspec.json.encode(plan))
    reports = spark.range(0, len(tasks), 1, len(tasks)).mapInArrow(run, "report string").collect()
    decoded = [json.loads(row.report) for row in reports]
    for report in decoded:
        if "error" in report:
            raise UnreadableFile(report["error"])
    return decoded


def _tasks(sources: Sequence[Source], cores: int) -> Iterator[Task]:
    """Files in the order of their days, cut into tasks of even size."""
    total = sum(file.bytes for source in sources for file in source.files)
    target = max(total // (cores * _TASKS_PER_CORE), _SMALLEST_TASK_BYTES)
    number = 0
    for source in sources:
        files = sorted(source.files, key=lambda file: (file.day, file.uri))
        while files:
            size = taken = 0
            while taken < len(files) and (taken == 0 or size + files[taken].bytes <= target):
                size += files[taken].bytes
                taken += 1
            yield Task(number, msgspec.structs.replace(source, files=tuple(files[:taken])))
            files = files[taken:]
            number += 1


def _run_tasks(
    batches: Iterator[pa.RecordBatch], tasks: bytes, plan: bytes
) -> Iterator[pa.RecordBatch]:  # pragma: no cover - runs in Spark's Python workers
    all_tasks = msgspec.json.decode(tasks, type=list[Task])
    the_plan = msgspec.json.decode(plan, type=Plan)
    for batch in batches:
        numbers = batch.column(0).to_pylist()
        reports = [json.dumps(run_task(all_tasks[number], the_plan)) for number in numbers]
        yield pa.RecordBatch.from_pydict({"report": pa.array(reports, pa.string())})


def run_task(task: Task, plan: Plan) -> dict[str, Any]:
    """Read the files of a task and write its daily files; the report is ``{day: {"source", "datasets"}}``."""
    filesystem = FileSystem(plan.s3)
    source = task.source
    made = tuple(dataset for dataset in source.datasets if dataset.name in plan.make)
    converters = [
        (matcher(dataset), dataset.name, Mapping(dataset) if dataset in made else None) for dataset in source.datasets
    ]
    may_match = prefilter(source.datasets)
    days: dict[str, Any] = {}
    by_day: dict[date, list[RawFile]] = {}
    for file in source.files:
        by_day.setdefault(file.day, []).append(file)
    for day, files in by_day.items():
        books, outputs = _open_day(task, plan, day, made, filesystem)
        latest = latest_seconds(day) if source.dated else plan.now + DAY_SECONDS
        for file in files:
            try:
                _read_file(file, filesystem, may_match, converters, books, outputs, latest)
            except UnreadableFile as error:
                return {"error": str(error)}
        days[day.isoformat()] = {
            "source": books.close(),
            "datasets": {name: output.close() for name, output in outputs.items()},
        }
    return {"source": source.id, "days": days}


def _open_day(
    task: Task, plan: Plan, day: date, made: Sequence[Dataset], filesystem: FileSystem
) -> tuple[SourceDay, dict[str, DatasetDay]]:
    # The run's id and the task's number make a name nobody else writes to; a retried task writes the same bytes again.
    name = f"{plan.run_id}-{task.number:05d}"
    rejects = f"{plan.folders['rejects']}/day={day}"
    books = SourceDay(RejectFile(filesystem, f"{rejects}/{task.source.id}-{name}.jsonl"))
    outputs = {
        dataset.name: DatasetDay(
            dataset.name,
            RowFile(filesystem, f"{plan.folders[dataset.name]}/day={day}/{name}.parquet", schema(dataset)),
            RejectFile(filesystem, f"{rejects}/{dataset.name}-{name}.jsonl"),
        )
        for dataset in made
    }
    return books, outputs


def _read_file(
    file: RawFile,
    filesystem: FileSystem,
    may_match: Any,
    converters: Sequence[tuple[Any, str, Mapping | None]],
    books: SourceDay,
    outputs: dict[str, DatasetDay],
    latest: int,
) -> None:
    framer = Framer(_blocks(file.uri, filesystem), may_match)
    for event in framer.by_line() if file.framing == "lines" else framer.one_by_one():
        books.read += 1
        if event.fields is None:
            books.add_malformed(event, file.uri)
            continue
        wanted = False
        for matches, name, mapping in converters:
            if matches(event.fields):
                wanted = True
                if mapping is not None:
                    for row in mapping.rows(event.fields, latest):
                        outputs[name].add(row, event, file.uri)
        books.wanted += wanted
        books.not_wanted += not wanted
    books.read += framer.skipped
    books.not_wanted += framer.skipped
    books.files += 1
    books.bytes += file.bytes


def _blocks(uri: str, filesystem: FileSystem) -> Iterator[bytes]:
    try:
        with filesystem.open(uri) as stream:
            yield from unpacked_blocks(stream)
    except OSError as error:
        raise UnreadableFile(f"{uri} cannot be read: {error}") from error
