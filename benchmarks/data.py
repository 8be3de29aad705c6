"""Generated raw files, made once and kept: a week of a Segment site, and the same events in other files."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from personalize_assets.generate import generate
from personalize_assets.layouts import layout

START = date(2026, 10, 1)
DAYS = 7

_EVENTS_PER_USER_AND_DAY = 2.06
_SEED = 1
_SMALL_FILE_BYTES = 20_000
_MOST_SMALL_FILES = 10_000
_EVENTS_IN_SMALL_FILES = 220_000
_LAYOUT = layout("segment", START)


@dataclass(frozen=True)
class Raw:
    """A source folder (layout `segment`) and its contents; ``packed`` counts bytes as stored, ``unpacked`` as text."""

    folder: Path
    events: int
    files: int
    packed: int
    unpacked: int

    def about(self) -> dict[str, int]:
        return {"events": self.events, "files": self.files, "bytes": self.packed, "unpacked": self.unpacked}

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Arrival day (as in the keys: epoch ms) and raw line, ordered by day."""
        for file in sorted(_files(self.folder), key=lambda file: (file.parent.name, file.name)):
            with gzip.open(file) as lines:
                for line in lines:
                    yield file.parent.name, line

    def warm(self) -> None:
        """Read all files once, so that the first contestant does not wait for the disk."""
        for file in _files(self.folder):
            file.read_bytes()


def site(data: Path, events: int, days: int = DAYS) -> Raw:
    """A Segment site of about this many events, in gzip files by source and hour."""
    users = max(1, round(events / _EVENTS_PER_USER_AND_DAY / days))

    def make(folder: Path) -> int:
        return generate(folder, layout="segment", days=days, users=users, seed=_SEED, start=START).events

    return _cached(data / f"segment-{days}-days-{users}-users", make)


def small_files(data: Path, events: int) -> tuple[Raw, Raw]:
    """A site's events in its own files, and the same events in plain files of 20 KB: 10,000 of them, or fewer."""
    ordinary = site(data, min(events, _EVENTS_IN_SMALL_FILES))
    wanted = min(_MOST_SMALL_FILES, max(1, ordinary.unpacked // _SMALL_FILE_BYTES))

    def make(folder: Path) -> int:
        size = ordinary.unpacked / wanted
        number, day, waiting, waiting_bytes = 0, "", list[bytes](), 0
        for line_day, line in ordinary.lines():
            if waiting and (line_day != day or waiting_bytes >= size):
                _write(folder, day, f"{number:05d}", b"".join(waiting))
                number, waiting, waiting_bytes = number + 1, [], 0
            day = line_day
            waiting.append(line)
            waiting_bytes += len(line)
        _write(folder, day, f"{number:05d}", b"".join(waiting))
        return ordinary.events

    return ordinary, _cached(data / f"{ordinary.folder.name}-in-{wanted}-small-files", make)


def huge_file(data: Path, ordinary: Raw, *, zipped: bool) -> Raw:
    """A site's events in one file of the last day."""

    def make(folder: Path) -> int:
        last = max(file.parent.name for file in _files(ordinary.folder))
        path = folder / f"segment-logs/all/{last}/huge" if not zipped else folder / f"segment-logs/all/{last}/huge.gz"
        path.parent.mkdir(parents=True)
        with gzip.open(path, "wb", compresslevel=6) if zipped else path.open("wb") as file:
            for _, line in ordinary.lines():
                file.write(line)
        return ordinary.events

    return _cached(data / f"{ordinary.folder.name}-in-one-{'gzip' if zipped else 'plain'}-file", make)


def one_event(data: Path) -> Raw:
    """A source with one wanted event, to measure start-up."""
    event = {
        "type": "track",
        "event": "Product Clicked",
        "messageId": "m1",
        "userId": "u1",
        "timestamp": "2026-10-01T10:00:00.000Z",
        "properties": {"sku": "SKU-1", "category": "Books", "price": 9.5},
    }

    def make(folder: Path) -> int:
        path = folder / _LAYOUT.key(START, "one.gz")
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(json.dumps(event).encode() + b"\n"))
        return 1

    return _cached(data / "one-event", make)


def _files(folder: Path) -> list[Path]:
    """All raw files, without the one that Segment writes when it tests the bucket."""
    return [file for file in folder.glob("segment-logs/*/*/*") if file.is_file()]


def _write(folder: Path, day: str, name: str, content: bytes) -> None:
    path = folder / "segment-logs/small" / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _cached(folder: Path, make: Callable[[Path], int]) -> Raw:
    """The folder, filled by ``make`` unless an earlier call did; ``make`` returns the number of events.

    An unfinished folder has no JSON file beside it, and is filled again.
    """
    about = folder.with_name(f"{folder.name}.json")
    if not about.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        events = make(folder)
        files = _files(folder)
        raw = Raw(folder, events, len(files), sum(f.stat().st_size for f in files), sum(map(_unpacked, files)))
        about.write_text(json.dumps({**asdict(raw), "folder": folder.name}, indent=1) + "\n")
    found = json.loads(about.read_text())
    return Raw(**{**found, "folder": folder})


def _unpacked(file: Path) -> int:
    with file.open("rb") as raw:
        if raw.read(2) != b"\x1f\x8b":
            return file.stat().st_size
        raw.seek(0)
        with gzip.open(raw) as unpacked:
            return sum(map(len, iter(lambda: unpacked.read(1 << 20), b"")))
