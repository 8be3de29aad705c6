"""How producers keep events: what a file holds, when a new one begins, and what it is called.

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

from personalize_assets.generate.delivery import Parcel
from personalize_assets.generate.text import HOUR_MS, uuid_text
from personalize_assets.layouts import layout

MAX_EVENTS_PER_FILE = 20_000

_MAX_WAITING_WRITES = 16
_PRETTY_EVERY = 150  # Firehose records for one that is indented


@dataclass
class _Bucket:
    """A file that is being filled."""

    first_received: int
    source: str
    lines: list[bytes] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)


class Files:
    """A tree of raw files under `root`, as a layout's producer would have left it.

    The counts are right once `close` was called.
    """

    def __init__(self, root: Path, layout_name: str, *, start: date, users: int, seed: int) -> None:
        self.files = self.events = self.bytes = 0
        self._root = root
        self._name = layout_name
        self._keys = layout(layout_name, start)
        self._rng = Random(f"files {seed}")
        self._open: dict[tuple[int, str, bool], _Bucket] = {}
        # Few users fill an hour with little: then a file holds more hours, as a producer's buffer does. The
        # hour in a Firehose key leaves no choice.
        self._hours_per_file = 1 if layout_name == "firehose" or users > 5000 else 6 if users > 1000 else 24
        self._gzip_level = 1 if users > 5000 else 6  # a benchmark has no time for small files, a repository has
        self._by_source = layout_name in ("segment", "rudderstack")
        self._pool = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1))
        self._waiting: deque[Future[int]] = deque()

    def add(self, parcel: Parcel) -> None:
        """Put a line into the file of its hour of arrival, whether that is now or later."""
        slot = parcel.received // HOUR_MS // self._hours_per_file
        place = (slot, parcel.source if self._by_source else "", parcel.late)
        bucket = self._open.get(place)
        if bucket is None:
            bucket = self._open[place] = _Bucket(parcel.received, parcel.source)
        if parcel.broken:
            bucket.broken.add(len(bucket.lines))
        bucket.lines.append(parcel.line)
        if len(bucket.lines) >= MAX_EVENTS_PER_FILE:
            self._write(self._open.pop(place))

    def finish_hours_before(self, ms: int) -> None:
        """Write the files into which nothing can come any more, when all that comes arrives at `ms` or later."""
        slot = ms // HOUR_MS // self._hours_per_file
        for place in sorted(place for place in self._open if place[0] < slot):
            self._write(self._open.pop(place))

    def write(self, key: str, content: bytes) -> None:
        """Write a file as it is."""
        self._submit(lambda: _write_file(self._root / key, content))

    def close(self) -> None:
        """Write what is open, and wait until all is on disk."""
        for place in sorted(self._open):
            self._write(self._open.pop(place))
        while self._waiting:
            self.bytes += self._waiting.popleft().result()
        self._pool.shutdown()

    def _write(self, bucket: _Bucket) -> None:
        received = datetime.fromtimestamp(bucket.first_received / 1000, UTC)
        name, zipped = self._file_name(received, bucket)
        key = self._keys.key(received.date(), name, source=bucket.source, hour=received.hour)
        glued = self._name == "firehose"
        self.events += len(bucket.lines) - len(bucket.broken)

        def work() -> int:
            content = _glued(bucket) if glued else b"\n".join(bucket.lines) + b"\n"
            return _write_file(
                self._root / key, gzip.compress(content, self._gzip_level, mtime=0) if zipped else content
            )

        self._submit(work)

    def _file_name(self, received: datetime, bucket: _Bucket) -> tuple[str, bool]:
        """A name as the producer gives it, and whether the content is gzip."""
        unique = uuid_text(self._rng)
        match self._name:
            case "segment":
                return f"{bucket.first_received}.{unique[:13]}.gz", True
            case "rudderstack":
                return f"{bucket.first_received // 1000}.{bucket.source}.{unique}.json.gz", True
            case "firehose":
                zipped = self.files % 8 != 3
                return f"stream-1-{received:%Y-%m-%d-%H-%M-%S}-{unique}" + (".gz" if zipped else ""), zipped
            case "hive":
                return f"part-{self.files:05d}-{unique}.json", False
            case _:
                zipped = self.files % 2 == 0
                return f"events-{self.files:05d}-{unique[:8]}.json" + (".gz" if zipped else ""), zipped

    def _submit(self, work: Callable[[], int]) -> None:
        self.files += 1
        self._waiting.append(self._pool.submit(work))
        if len(self._waiting) > _MAX_WAITING_WRITES:
            self.bytes += self._waiting.popleft().result()


def _glued(bucket: _Bucket) -> bytes:
    """Records one after the other, as Firehose keeps them, a few wrapped over lines by their producer.

    A broken record ends its line; with nothing between, no reader could tell where the next one begins.
    """
    records = list(bucket.lines)
    for index in range(len(records)):
        if index in bucket.broken:
            records[index] += b"\n"
        elif index % _PRETTY_EVERY == 7:
            records[index] = json.dumps(msgspec.json.decode(records[index]), indent=2, ensure_ascii=False).encode()
    return b"".join(records)


def _write_file(path: Path, content: bytes) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return len(content)
