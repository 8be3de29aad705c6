"""What one task does: read its files once for all datasets, map their events, write the daily files. Without Spark.

A task is plain Python and Arrow. That is faster than Spark's own JSON reader (benchmarks/README.md), and gives the same
on every engine and version, where native readers differ in numbers, in broken input and in several objects on a line.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import IO, TypeVar

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.convert.day_counts import DatasetDayCounts, SourceDayCounts
from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.convert.event_sink import DayOutput, EventSink, SourceMappers
from personalize_assets.conversion.convert.writers import RejectWriter, RowWriter
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS, max_epoch_seconds_of
from personalize_assets.conversion.reading.event_source import EventSource, JsonText, Rows, Unwrapped, text_source
from personalize_assets.conversion.reading.file_errors import UnansweredFile, UnreadableFile
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.formats.row_batches import Share
from personalize_assets.conversion.reading.formats.settings import CSV, SourceFormat
from personalize_assets.conversion.reading.formats.table_files import MAGIC_BYTES, TableRows, is_table
from personalize_assets.conversion.reading.framer import everything
from personalize_assets.conversion.reading.read_ahead import ReadAhead
from personalize_assets.conversion.reading.splits import split_blocks
from personalize_assets.conversion.reading.text_blocks import texts
from personalize_assets.conversion.reading.unwrapping import Unwrapper
from personalize_assets.conversion.spec import Plan, RawFile, Task, TaskDay, TaskReport
from personalize_assets.conversion.task_progress import TaskMeter

_T = TypeVar("_T")


def run_task(task: Task, plan: Plan) -> TaskReport:
    """Read the files of a task and write its daily files. A file is counted with its first split.

    Raises ``UnreadableFile``, and ``UnansweredFile`` where trying later may help.
    """
    filesystem = FileSystem(plan.s3)
    mappers = SourceMappers(task.source.datasets, plan.make)
    unwrapper = Unwrapper(task.source.format)
    shortcut = mappers.shortcut(task.source.format) if unwrapper else None
    days: dict[str, TaskDay] = {}
    cut: list[str] = []
    files_by_day: dict[date, list[RawFile]] = {}
    for file in task.source.files:
        files_by_day.setdefault(file.day, []).append(file)
    in_order = [file for files in files_by_day.values() for file in files]

    def events_read() -> int:
        return sum(done.source.read for done in days.values()) + output.source.read

    meter = TaskMeter(task.number, events_read)
    with filesystem.writing_behind(), ReadAhead(filesystem, in_order) as ahead:
        for day, files in files_by_day.items():
            output = _open_day(task, plan, day, mappers.written, filesystem)
            sink = EventSink(mappers, output)
            for file in files:
                for source in _sources(file, ahead, task.source.format, mappers, meter):
                    if unwrapper:
                        source = Unwrapped(source, unwrapper, mappers.may_match, shortcut)
                    for found in source.events(mappers.read):
                        sink.accept(found, file.uri)
                    sink.end_text(source.skipped)
                    if source.is_cut and file.shares > 1:
                        cut.append(file.uri)
                if file.share == 0:
                    output.source.add_file(file.bytes)
                meter.add(file.bytes // file.shares)
            days[day.isoformat()] = sink.close()
    return TaskReport(task=task.number, source=task.source.id, cut=tuple(cut), days=days)


def _sources(
    file: RawFile, ahead: ReadAhead, format: SourceFormat, mappers: SourceMappers, meter: TaskMeter
) -> Iterator[EventSource]:
    """What a file holds, text by text, of which each is read before the next one; or what its split holds."""
    if Unwrapper(format):
        yield from _as_they_are(file, ahead, format, everything, meter)
    else:
        yield from _as_they_are(file, ahead, format, mappers.may_match, meter, mappers.column_names)


def _as_they_are(
    file: RawFile,
    ahead: ReadAhead,
    format: SourceFormat,
    may_match: Callable[[bytes], bool],
    meter: TaskMeter,
    only_columns: Collection[str] | None = None,
) -> Iterator[EventSource]:
    with _naming(file):
        stream = ahead.open(file)
    with stream:
        position = partial(_position, stream, file)
        with _naming(file):
            stream.seek(0)
            beginning = stream.read(MAGIC_BYTES)
            stream.seek(0)
        if beginning and is_table(beginning, format.name):
            rows = TableRows(stream, format.name, Share(file.share, file.shares), only_columns=only_columns)
            # Its reader goes to and fro in the file.
            yield Rows(_watched(rows, file, meter, lambda: 0), may_match)
            return
        if file.shares > 1:
            size = stream.seek(0, io.SEEK_END)
            blocks = split_blocks(stream, size, file.share, file.shares)
            yield JsonText(_watched(blocks, file, meter, position), may_match)
            return
        found = texts(stream, is_rows=format.name == CSV)
        while True:
            with _naming(file):
                text = next(found, None)
            if text is None:
                return
            yield text_source(_watched(text, file, meter, position), format, may_match, only_columns=only_columns)


def _watched(found: Iterable[_T], file: RawFile, meter: TaskMeter, position: Callable[[], int]) -> Iterator[_T]:
    """Yield what is read of a file; errors get its name, and ``meter`` the ``position`` in it."""
    for each in _named(found, file):
        meter.move(position)
        yield each


def _named(found: Iterable[_T], file: RawFile) -> Iterator[_T]:
    with _naming(file):
        yield from found


def _position(stream: IO[bytes], file: RawFile) -> int:
    """How many bytes of a file, or of its split, are read."""
    size = file.bytes // file.shares
    return min(max(stream.tell() - size * file.share, 0), size)


@contextmanager
def _naming(file: RawFile) -> Iterator[None]:
    """Raise what reading raises with the name of the file."""
    try:
        yield
    except UnansweredFile:
        raise
    except OSError as error:
        raise UnreadableFile(f"{file.uri} cannot be read: {error}") from error


def _open_day(task: Task, plan: Plan, day: date, written: Sequence[Dataset], filesystem: FileSystem) -> DayOutput:
    # The run's id and the task's number make the name unique; a retried task writes the same bytes again.
    name = f"{plan.run_id}-{task.number:05d}"
    rejects = f"{plan.folders['rejects']}/day={day}"
    mask = Mask(plan.mask)
    return DayOutput(
        max_epoch_seconds_of(day) if task.source.dated else plan.now + DAY_SECONDS,
        SourceDayCounts(RejectWriter(filesystem, f"{rejects}/{task.source.id}-{name}.jsonl", mask)),
        {
            dataset.name: DatasetDayCounts(
                dataset.name,
                RowWriter(
                    filesystem,
                    f"{plan.folders[dataset.name]}/day={day}/{name}.parquet",
                    daily_schema(dataset),
                    DayProfileBuilder(dataset),
                ),
                RejectWriter(filesystem, f"{rejects}/{dataset.name}-{name}.jsonl", mask),
            )
            for dataset in written
        },
    )
