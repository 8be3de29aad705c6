"""Tens of millions of raw events in minutes: a generated day, repeated on other days with other ids, times and users.

``personalize_assets.generate`` writes one day. Each further day rewrites its bytes in NumPy arrays, 400,000 events a
second and core. Of each event these are new: the message id, the minute of every time, and the user. The rest (items,
prices, devices, the second of a time) is that of the generated day, as are its broken lines and its repeats within the
day (1.5 %). Fields that nothing here reads are left out, so that an event has about 640 bytes. Beside those:

- one event in 400 arrives again a day later, byte by byte (a repeat across days);
- one in 50 arrives one to three days after it happened;
- users are skewed: 1 % of them have 10 % of the events. With ``hot_user`` one user has a tenth of all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from benchmarks.data import START, Raw, site

RAW_BYTES = 90
"""Bytes of an event in a gzip file of this data, rounded up."""
_MOST_EVENTS_GENERATED = 430_000
_REPEATED_EVERY, _LATE_EVERY, _MOST_DAYS_LATE = 400, 50, 3
_DAY_MINUTES = 24 * 60
_LEVEL, _GZIP = 1, 31

_TIME = re.compile(rb'"(original|received|sent|)(?:Timestamp|At|timestamp)":"(\d{4}-\d\d-\d\dT\d\d:\d\d)')
_EPOCH = re.compile(rb'"timestamp":(\d{13}|\d{10})[,}]')
_ID = re.compile(rb'"messageId":"([0-9a-f-]{36})"')
_USER = re.compile(rb'"userId":"?([1-9]\d*)[",}]')
# Fields of an event that no column, condition or check of the sample needs.
_UNUSED = re.compile(
    rb'"(?:integrations|version|projectId|writeKey|channel|image_url|locale)":'
    rb'(?:"(?:[^"\\]|\\.)*"|\d+|{}),?|"(?:library|app|page)":{[^{}]*},?|,"url":"[^"]*"'
)

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def large_site(
    data: Path,
    events: int,
    days: int,
    *,
    first_day: date = START,
    files_a_source: int | None = None,
    hot_user: bool = False,
) -> Raw:
    """A Segment site of about this many events over some days, made once and kept.

    ``files_a_source`` is the number of files of a source and day; by default one an hour, or more if they would have
    more than 20,000 events.
    """
    of_a_day = events / days
    copies = max(1, round(of_a_day / _MOST_EVENTS_GENERATED + 0.49))
    base = site(data, round(of_a_day / copies), days=1)
    name = f"large-{days}-days-from-{first_day}-{copies}x{base.events}"
    name += f"-{files_a_source}-files" if files_a_source else ""
    folder = data / (name + ("-hot" if hot_user else ""))
    about = folder.with_name(f"{folder.name}.json")
    if not about.exists():
        shutil.rmtree(folder, ignore_errors=True)
        packed = files = unpacked = 0
        jobs = [
            _Job(tuple(group), folder, first_day, day, copies, hot_user)
            for group in _groups(base.folder, files_a_source)
            for day in _ranges(days)
        ]
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for made in pool.map(_write, jobs):
                files, packed, unpacked = files + made.files, packed + made.packed, unpacked + made.unpacked
        raw = Raw(folder, base.events * days * copies, files, packed, unpacked)
        about.write_text(json.dumps({**asdict(raw), "folder": folder.name}, indent=1) + "\n")
    return Raw(**{**json.loads(about.read_text()), "folder": folder})


def one_file(data: Path, raw: Raw, size: int, *, zipped: bool) -> Raw:
    """Events of a site in one file of at least ``size`` stored bytes, under the key of the last day; made once."""
    folder = data / f"{raw.folder.name}-in-one-{'gzip' if zipped else 'plain'}-file-of-{size}"
    about = folder.with_name(f"{folder.name}.json")
    if not about.exists():
        shutil.rmtree(folder, ignore_errors=True)
        sources = sorted(raw.folder.glob("segment-logs/*/*/*.gz"), key=lambda file: (file.parent.name, file.name))
        path = folder / "segment-logs/all" / sources[-1].parent.name / ("huge.gz" if zipped else "huge")
        path.parent.mkdir(parents=True)
        unpacked = lines = 0
        packer = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
        with path.open("wb") as out:
            while path.stat().st_size < size:
                for file in sources:
                    content = gunzip(file.read_bytes())
                    unpacked, lines = unpacked + len(content), lines + content.count(b"\n")
                    out.write(packer.compress(content) if zipped else content)
                    if path.stat().st_size >= size:
                        break
            if zipped:
                out.write(packer.flush())
        one = Raw(folder, lines, 1, path.stat().st_size, unpacked)
        about.write_text(json.dumps({**asdict(one), "folder": folder.name}, indent=1) + "\n")
    return Raw(**{**json.loads(about.read_text()), "folder": folder})


def small_files_of(data: Path, raw: Raw, count: int, size: int, *, zipped: bool = False) -> Raw:
    """Events of a site in so many files of about ``size`` stored bytes, on the same days; made once.

    Plain files, or gzip. Raises ``ValueError`` if the site has too few events for them.
    """
    folder = data / f"{raw.folder.name}-in-{count}-{'gzip' if zipped else 'plain'}-files-of-{size}"
    about = folder.with_name(f"{folder.name}.json")
    if not about.exists():
        shutil.rmtree(folder, ignore_errors=True)
        files = lines = packed = unpacked = 0
        for source in sorted(raw.folder.glob("segment-logs/*/*/*.gz"), key=lambda file: (file.parent.name, file.name)):
            content = gunzip(source.read_bytes())
            step = size * len(content) // source.stat().st_size if zipped else size
            at = 0
            while files < count and at < len(content):
                end = content.find(b"\n", min(at + step, len(content)) - 1) + 1 or len(content)
                piece = _gzip(content[at:end]) if zipped else content[at:end]
                path = folder / "segment-logs/small" / source.parent.name / f"{files:06d}{'.gz' if zipped else ''}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(piece)
                files, packed, unpacked = files + 1, packed + len(piece), unpacked + end - at
                lines += content.count(b"\n", at, end)
                at = end
        if files < count:
            raise ValueError(f"{raw.folder} has events for {files:,} files of {size:,} bytes, wanted {count:,}")
        made = Raw(folder, lines, files, packed, unpacked)
        about.write_text(json.dumps({**asdict(made), "folder": folder.name}, indent=1) + "\n")
    return Raw(**{**json.loads(about.read_text()), "folder": folder})


def _groups(base: Path, files_a_source: int | None) -> Iterator[Sequence[Path]]:
    """The generated files that become one file a day each."""
    for source in sorted(base.glob("segment-logs/*/")):
        files = sorted(file for file in source.glob("*/*.gz"))
        size = 1 if files_a_source is None else max(1, -(-len(files) // files_a_source))
        for at in range(0, len(files), size):
            yield files[at : at + size]


def _ranges(days: int) -> Iterator[range]:
    """Ranges of days long enough that reading the generated files does not count, short enough to fill all cores."""
    for at in range(0, days, 16):
        yield range(at, min(at + 16, days))


class _Job(NamedTuple):
    files: tuple[Path, ...]
    folder: Path
    first_day: date
    days: range
    copies: int
    hot_user: bool


class _Written(NamedTuple):
    files: int
    packed: int
    unpacked: int


def lean(content: bytes) -> bytes:
    """The lines without the fields that nothing reads; broken lines stay broken, and all others whole."""
    return _UNUSED.sub(b"", content).replace(b",}", b"}")


def _write(job: _Job) -> _Written:
    """Write a file for each day and copy."""
    pattern = Pattern(lean(b"".join(gunzip(file.read_bytes()) for file in job.files)))
    files = size = unpacked = 0
    for number in job.days:
        midnight = datetime.combine(job.first_day + timedelta(days=number), datetime.min.time(), UTC)
        day = job.folder / "segment-logs" / job.files[0].parent.parent.name / str(int(midnight.timestamp()) * 1000)
        day.mkdir(parents=True, exist_ok=True)
        for copy in range(job.copies):
            content = pattern.written(job.first_day, number, copy, job.hot_user)
            packed = _gzip(content)
            (day / f"{job.files[0].name.removesuffix('.gz')}-{copy}.gz").write_bytes(packed)
            files, size, unpacked = files + 1, size + len(packed), unpacked + len(content)
    return _Written(files, size, unpacked)


class Pattern:
    """The lines of generated files, and where in their bytes the fields are that differ by day."""

    def __init__(self, content: bytes) -> None:
        self._bytes = np.frombuffer(content, np.uint8)
        starts = np.flatnonzero(self._bytes == ord("\n"))
        self._lines = len(starts) + 1

        def lines_of(places: Sequence[int]) -> Numbers:
            return np.searchsorted(starts, np.array(places, np.int64))

        times = list(_TIME.finditer(content))
        self._times = _Field([found.start(2) for found in times], 16)
        self._time_lines = lines_of(self._times.at)
        self._happened = np.array([found[1] in (b"original", b"") for found in times])
        midnight = np.datetime64(START, "m")
        self._minutes = (np.array([found[2].decode() for found in times], "datetime64[m]") - midnight).astype(np.int64)

        epochs = list(_EPOCH.finditer(content))
        self._epochs = {
            width: (
                _Field([found.start(1) for found in epochs if len(found[1]) == width], width),
                np.array([int(found[1]) for found in epochs if len(found[1]) == width], np.int64),
            )
            for width in (10, 13)
        }
        self._epoch_lines = {width: lines_of(field.at) for width, (field, _) in self._epochs.items()}

        ids = list(_ID.finditer(content))
        self._ids = _Field([found.start(1) for found in ids], 36)
        self._id_lines = lines_of(self._ids.at)
        digits = [found[1].replace(b"-", b"") for found in ids]
        self._high = np.array([int(one[:16], 16) for one in digits], np.uint64)
        self._low = np.array([int(one[16:], 16) for one in digits], np.uint64)
        # What happens to a message happens to its repeats.
        self._line_hashes = _mixed(np.arange(self._lines, dtype=np.uint64))
        self._line_hashes[self._id_lines] = _mixed(self._high ^ self._low)

        users = list(_USER.finditer(content))
        width = max((len(found[1]) for found in users), default=1)
        users = [found for found in users if len(found[1]) == width]
        self._users = _Field([found.start(1) for found in users], width)
        self._user_lines = lines_of(self._users.at)
        self._user_numbers = np.array([int(found[1]) for found in users], np.int64)
        # The generator numbers users from 10**n to 2 * 10**n.
        self._span = 10 ** (width - 1)

    def written(self, first_day: date, number: int, copy: int, hot_user: bool) -> bytes:
        """The lines as they arrive on a day: ``number`` counts days from the first."""
        out = self._bytes.copy()
        # The day whose message a line is: the day before, where it is a repeat.
        again = (self._line_hashes + np.uint64(number)) % np.uint64(_REPEATED_EVERY) == 0 if number else False
        days = np.full(self._lines, number, np.int64) - again
        salts = _mixed(days.astype(np.uint64) * np.uint64(1000) + np.uint64(copy))
        chances = _mixed(self._line_hashes ^ salts)
        is_late = chances % np.uint64(_LATE_EVERY) == 0
        late = np.where(is_late, 1 + (chances >> np.uint64(32)) % np.uint64(_MOST_DAYS_LATE), 0).astype(np.int64)

        shifts = days[self._time_lines] - np.where(self._happened, late[self._time_lines], 0)
        minutes = self._minutes + (shifts - number) * _DAY_MINUTES - copy - _FIRST_MINUTE
        self._times.put(out, _minute_texts(first_day + timedelta(days=number))[minutes])

        from_start = (first_day - START).days
        for width, (field, values) in self._epochs.items():
            lines = self._epoch_lines[width]
            seconds = ((days[lines] - late[lines] + from_start) * _DAY_MINUTES - copy) * 60
            field.put(out, _digits(values + seconds * (1000 if width == 13 else 1), width))

        high = _mixed(self._high ^ salts[self._id_lines])
        self._ids.put(out, _uuids(high, _mixed(self._low + high)))

        ranks = _mixed(self._user_numbers.astype(np.uint64) ^ salts[self._user_lines]) % np.uint64(self._span)
        skewed = (ranks.astype(np.float64) ** 2 / self._span).astype(np.int64)
        if hot_user:
            skewed[ranks % np.uint64(10) == 0] = 0
        self._users.put(out, _digits(self._span + skewed, self._users.width))
        return out.tobytes()


class _Field:
    """Places of texts of one width."""

    def __init__(self, at: Sequence[int], width: int) -> None:
        self.at = at
        self.width = width
        self._places = (np.array(at, np.int64)[:, None] + np.arange(width)).ravel()

    def put(self, out: Bytes, texts: Bytes) -> None:
        """Write a text at each place; ``texts`` has a row for each."""
        out[self._places] = texts.ravel()


_FIRST_MINUTE = -(_MOST_DAYS_LATE + 2) * _DAY_MINUTES


@lru_cache(32)
def _minute_texts(day: date) -> Bytes:
    """The texts of the minutes from ``_FIRST_MINUTE`` to two days after a day's beginning, one a row."""
    minutes = np.datetime64(day, "m") + np.arange(_FIRST_MINUTE, 2 * _DAY_MINUTES)
    return np.char.encode(np.datetime_as_string(minutes, unit="m"), "ascii").view(np.uint8).reshape(-1, 16)


def _digits(values: Numbers, width: int) -> Bytes:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values[:, None] // powers % 10 + ord("0")).astype(np.uint8)


_HEX = np.array([f"{value:02x}".encode() for value in range(256)], "S2").view(np.uint8).reshape(256, 2)


def gunzip(content: bytes) -> bytes:
    unpacked: bytes = isal_zlib.decompress(content, wbits=_GZIP)
    return unpacked


def _gzip(content: bytes) -> bytes:
    packed: bytes = isal_zlib.compress(content, _LEVEL, wbits=_GZIP)
    return packed


def _uuids(high: Hashes, low: Hashes) -> Bytes:
    """Version 4 UUIDs of 128 bits, six of which are replaced."""
    halves = np.stack([high, low], axis=1).astype(">u8").view(np.uint8)
    digits = _HEX[halves].reshape(-1, 32)
    digits[:, 12] = ord("4")
    digits[:, 16] = ord("a")
    texts = np.full((len(high), 36), ord("-"), np.uint8)
    for at, begin, end in ((0, 0, 8), (9, 8, 12), (14, 12, 16), (19, 16, 20), (24, 20, 32)):
        texts[:, at : at + end - begin] = digits[:, begin:end]
    return texts


def _mixed(values: Hashes) -> Hashes:
    """The finalizer of splitmix64: different numbers give different ones."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))
