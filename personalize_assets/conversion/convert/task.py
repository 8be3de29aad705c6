"""What one task does: the files it reads, once for all datasets, and the daily files that it writes. Without Spark.

A task is plain Python and Arrow. That is faster than Spark's own JSON reader (benchmarks/README.md), and the same on
every engine and version, where the native readers each have their own idea of a number, of broken input and of two
objects on a line.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.convert.day_profile import DayProfile
from personalize_assets.conversion.convert.event_sink import Converter, Day, Waiting
from personalize_assets.conversion.convert.writers import DatasetDay, RejectFile, RowFile, SourceDay
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS, max_epoch_seconds_of
from personalize_assets.conversion.reading.filesystem import FileSystem, unpacked_blocks
from personalize_assets.conversion.reading.framer import Batch, Framer
from personalize_assets.conversion.reading.splits import share_of


class RawFile(msgspec.Struct, frozen=True):
    """A raw file as the job spec names it, or one of its shares.

    ``day`` is its arrival day (UTC), ``bytes`` its size as it lies there, ``framing`` and ``packed`` what the catalog
    has found: lines or a stream, gzip or not.
    """

    uri: str
    day: date
    bytes: int
    framing: str
    packed: bool = False
    share: int = 0
    shares: int = 1


class Source(msgspec.Struct, frozen=True):
    """Files and all datasets that are made from them. ``dated`` is false where keys carry no day (layout ``flat``)."""

    id: str
    dated: bool
    files: tuple[RawFile, ...]
    datasets: tuple[Dataset, ...]


class Plan(msgspec.Struct, frozen=True):
    """What every task must know: which datasets to make, where to put them, and when now is (epoch seconds).

    ``mask`` are paths of events whose values no reject may show.
    """

    run_id: str
    make: tuple[str, ...]
    folders: dict[str, str]
    now: int
    s3: dict[str, Any]
    mask: tuple[str, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """The files that one task reads, of one source, ordered by day."""

    number: int
    source: Source


class UnreadableFile(Exception):
    """A raw file that could not be opened or read; its text is for the user."""


def run_task(task: Task, plan: Plan) -> dict[str, Any]:
    """Read the files of a task and write its daily files.

    The report is ``{"task", "source", "cut": […], "days": {day: {"source": books, "datasets": …}}}``; ``cut`` are files
    of which a share ended within an event, so that what came of their shares is worth nothing. A file is counted with
    its first share. Raises ``UnreadableFile``.
    """
    filesystem = FileSystem(plan.s3)
    converter = Converter(task.source.datasets, plan.make)
    days: dict[str, Any] = {}
    cut: list[str] = []
    by_day: dict[date, list[RawFile]] = {}
    for file in task.source.files:
        by_day.setdefault(file.day, []).append(file)
    for day, files in by_day.items():
        latest = max_epoch_seconds_of(day) if task.source.dated else plan.now + DAY_SECONDS
        books, datasets = _open_day(task, plan, day, converter.made, filesystem)
        waiting = Waiting(converter, Day(latest, books, datasets))
        for file in files:
            framer = Framer(_blocks(file, filesystem), converter.may_match)
            for found in framer.batches(converter.reader):
                if isinstance(found, Batch):
                    waiting.add(found, file.uri)
                else:
                    waiting.add_event(found, file.uri)
            books.add_read(framer.skipped, 0)
            if file.share == 0:
                books.add_file(file.bytes)
            if framer.is_cut and file.shares > 1:
                cut.append(file.uri)
        waiting.convert()
        days[day.isoformat()] = {
            "source": books.close(),
            "datasets": {name: dataset.close() for name, dataset in datasets.items()},
        }
    return {"task": task.number, "source": task.source.id, "cut": cut, "days": days}


def _blocks(file: RawFile, filesystem: FileSystem) -> Iterator[bytes]:
    try:
        with filesystem.open(file.uri) as stream:
            if file.shares == 1:
                yield from unpacked_blocks(stream)
            else:
                size = stream.seek(0, io.SEEK_END)
                yield from share_of(stream, size, file.share, file.shares)
    except OSError as error:
        raise UnreadableFile(f"{file.uri} cannot be read: {error}") from error


def _open_day(
    task: Task, plan: Plan, day: date, made: Sequence[Dataset], filesystem: FileSystem
) -> tuple[SourceDay, dict[str, DatasetDay]]:
    # The run's id and the task's number make a name nobody else writes to; a retried task writes the same bytes again.
    name = f"{plan.run_id}-{task.number:05d}"
    rejects = f"{plan.folders['rejects']}/day={day}"
    mask = Mask(plan.mask)
    books = SourceDay(RejectFile(filesystem, f"{rejects}/{task.source.id}-{name}.jsonl", mask))
    datasets = {
        dataset.name: DatasetDay(
            dataset.name,
            RowFile(
                filesystem,
                f"{plan.folders[dataset.name]}/day={day}/{name}.parquet",
                daily_schema(dataset),
                DayProfile(dataset),
            ),
            RejectFile(filesystem, f"{rejects}/{dataset.name}-{name}.jsonl", mask),
        )
        for dataset in made
    }
    return books, datasets
