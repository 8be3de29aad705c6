"""Lines into files, as the producer of a layout writes them: what a file holds, when the next begins, its name.

Memory is bounded: a file is written as soon as its hours are over or it is full.
"""

import gzip
import json
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import msgspec

from personalize_assets.generate.delivery import Line
from personalize_assets.generate.happenings import read_happening
from personalize_assets.generate.shapes.shape import FileFacts, Row, Shape
from personalize_assets.generate.text import HOUR_MS, uuid_text
from personalize_assets.layouts import layout

MAX_EVENTS_PER_FILE = 20_000

_MAX_PENDING_WRITES = 16
_PRETTY_EVERY = 150  # one record in so many is indented


_Place = tuple[int, str, bool, str]
"""The hours of a file, its source, whether its events are late, and its table."""


@dataclass
class _OpenFile:
    """A file that is being filled, with lines or with rows of a shape; ``broken`` are the numbers of broken lines."""

    first_received: int
    source: str
    lines: list[bytes] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)


class FileWriter:
    """Writes the files of one source.

    Attributes:
        files: How many files were written; ``events`` and ``bytes`` likewise. Complete after ``close``.
        added: How many events were put into files so far, whether these are written yet or not.
    """

    def __init__(self, root: Path, shape: Shape, *, start: date, users: int, seed: int) -> None:
        """Nothing is written yet. The number of users decides how many hours a file holds."""
        self.files = self.events = self.bytes = self.added = 0
        self._root = root
        self._shape = shape
        self._name = shape.layout
        self._keys = layout(shape.layout, start)
        self._rng = Random(f"files {seed}")
        self._extension = self._keys.patterns[0].extension if self._keys.patterns else ""
        self._open: dict[_Place, _OpenFile] = {}
        # With few users a file holds several hours, as a producer's buffer does, unless keys carry the hour.
        self._hours_per_file = 1 if self._keys.has_hours or users > 5000 else 6 if users > 1000 else 24
        self._gzip_level = 1 if users > 5000 else 6  # fast for benchmarks, small for the repository
        self._by_source = self._keys.has_sources and not shape.folder
        self._pool = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1))
        self._pending: deque[Future[int]] = deque()

    @property
    def takes_broken(self) -> bool:
        """Whether a file may hold lines that are no event: the shop's own events as lines, not rows of a shape."""
        return self._shape.rows is None

    def add(self, line: Line) -> None:
        """Put a line into the file of its hour of arrival, which may be a later hour than that of other lines."""
        if self._shape.rows is None:
            place, file = self._file_of(line)
            if line.broken:
                file.broken.add(len(file.lines))
            file.lines.append(line.content)
            self.added += not line.broken
            self._write_if_full(place, file)
            return
        for table, row in self._shape.rows(read_happening(line.content)):
            place, file = self._file_of(line, table)
            file.rows.append(row)
            self.added += 1
            self._write_if_full(place, file)

    def _file_of(self, line: Line, table: str = "") -> tuple[_Place, _OpenFile]:
        slot = line.received // HOUR_MS // self._hours_per_file
        place = (slot, line.source if self._by_source else "", line.late, table)
        if place not in self._open:
            self._open[place] = _OpenFile(line.received, line.source)
        return place, self._open[place]

    def _write_if_full(self, place: _Place, file: _OpenFile) -> None:
        if len(file.lines) + len(file.rows) >= MAX_EVENTS_PER_FILE:
            del self._open[place]
            self._write(place, file)

    def finish_hours_before(self, ms: int) -> None:
        """Write the files that are complete if all further lines arrive at `ms` or later."""
        slot = ms // HOUR_MS // self._hours_per_file
        for place in sorted(place for place in self._open if place[0] < slot):
            self._write(place, self._open.pop(place))

    def write(self, key: str, content: bytes) -> None:
        """Write a file that is no part of the events, as it is."""
        self._submit(lambda: _write_file(self._root / key, content))

    def close(self) -> None:
        """Write the open files, and wait until all are on disk."""
        for place in sorted(self._open):
            self._write(place, self._open.pop(place))
        while self._pending:
            self.bytes += self._pending.popleft().result()
        self._pool.shutdown()

    def _write(self, place: _Place, file: _OpenFile) -> None:
        received = datetime.fromtimestamp(file.first_received / 1000, UTC)
        if self._shape.rows is None:
            name, zipped = self._file_name(received, file)
        else:
            name = self._shape.name(FileFacts(received, self.files, self.events, uuid_text(self._rng)))
        key = self._keys.key(received.date(), name, source=self._shape.folder or file.source, hour=received.hour)
        glued = self._name == "firehose"
        table = place[3]
        self.events += len(file.lines) - len(file.broken) + len(file.rows)

        def work() -> int:
            if file.rows:
                return _write_file(self._root / table / key, self._shape.encode(table, file.rows))
            content = _glued(file) if glued else b"\n".join(file.lines) + b"\n"
            return _write_file(
                self._root / key, gzip.compress(content, self._gzip_level, mtime=0) if zipped else content
            )

        self._submit(work)

    def _file_name(self, received: datetime, file: _OpenFile) -> tuple[str, bool]:
        """A file's name as the producer makes it, and whether its content is gzip."""
        unique = uuid_text(self._rng)
        match self._name:
            case "segment":
                return f"{file.first_received}.{unique[:13]}.gz", True
            case "rudderstack":
                return f"{file.first_received // 1000}.{file.source}.{unique}.json.gz", True
            case "firehose":
                zipped = self.files % 8 != 3
                return f"stream-1-{received:%Y-%m-%d-%H-%M-%S}-{unique}" + (".gz" if zipped else ""), zipped
            case "hive":
                return f"part-{self.files:05d}-{unique}.json", False
            case pattern if self._extension:
                return f"events-{self.files:05d}-{unique[:8]}", pattern.endswith(".gz")
            case _:
                zipped = self.files % 2 == 0
                return f"events-{self.files:05d}-{unique[:8]}.json" + (".gz" if zipped else ""), zipped

    def _submit(self, work: Callable[[], int]) -> None:
        self.files += 1
        self._pending.append(self._pool.submit(work))
        if len(self._pending) > _MAX_PENDING_WRITES:
            self.bytes += self._pending.popleft().result()


def _glued(file: _OpenFile) -> bytes:
    """Records without anything between them, as Firehose stores them; a few are wrapped over lines by their producer.

    A line break follows a broken record: without it, no reader could find where the next one begins.
    """
    records = list(file.lines)
    for index in range(len(records)):
        if index in file.broken:
            records[index] += b"\n"
        elif index % _PRETTY_EVERY == 7:
            records[index] = json.dumps(msgspec.json.decode(records[index]), indent=2, ensure_ascii=False).encode()
    return b"".join(records)


def _write_file(path: Path, content: bytes) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return len(content)
