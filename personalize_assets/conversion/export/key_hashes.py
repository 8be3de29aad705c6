"""64-bit hashes of the keys of interactions, in sorted files of which a range can be read alone.

A file holds the hashes (unsigned, little-endian, ascending), and behind them, if it is to be kept, a 32-bit number for
each: the place in ``HashRun.of`` of the daily file that the key is from. So it is known, when a daily file is replaced,
which hashes came and which went, without the file that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.daily_rows import read_groups, read_piece
from personalize_assets.conversion.export.pieces import Piece, RowGroup
from personalize_assets.conversion.export.text_hash import distinct, mixed, text_hashes
from personalize_assets.conversion.kept import HashRun
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION
from personalize_assets.conversion.reading.filesystem import FileSystem

BUCKETS = 256
"""Ranges of hashes of which a file can be read alone."""
MAX_RUN = 2_000_000
"""Hashes that are sorted in memory at once, some 60 bytes each."""
_SMALL_RUN = MAX_RUN // 2

Hashes = npt.NDArray[np.uint64]
_Owners = npt.NDArray[np.uint32]
_HASH_BYTES = 8
_BUCKET_SHIFT = np.uint64(56)


def hashes_of(rows: pa.Table | pa.RecordBatch) -> Hashes:
    """64 bits of each row's key, which is not null; the same key has the same hash everywhere."""
    places = rows.column(POSITION).cast(pa.int64()).to_numpy().astype(np.uint64)
    return mixed(text_hashes(rows.column(DEDUPE)) + places)


def buckets_of(hashes: Hashes) -> Hashes:
    """The bucket of each hash, from 0 to before ``BUCKETS``."""
    return hashes >> _BUCKET_SHIFT


def _known(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows that have a message to tell them apart."""
    for batch in batches:
        known = batch.filter(pc.is_valid(batch.column(DEDUPE)))
        if known.num_rows:
            yield known


def read_run(filesystem: FileSystem, run: HashRun, first: int, end: int) -> Hashes:
    """The hashes of buckets from ``first`` to before ``end``."""
    at, until = run.ends[first - 1] if first else 0, run.ends[end - 1]
    if until == at:
        return np.empty(0, np.uint64)
    data = filesystem.read_range(run.file, at * _HASH_BYTES, until * _HASH_BYTES)
    return np.frombuffer(data, "<u8")


def _read_whole(filesystem: FileSystem, run: HashRun) -> tuple[Hashes, _Owners]:
    with filesystem.open(run.file) as file:
        data = file.read()
    return np.frombuffer(data, "<u8", run.hashes), np.frombuffer(data, "<u4", offset=run.hashes * _HASH_BYTES)


def _write(
    filesystem: FileSystem, uri: str, hashes: Hashes, owners: _Owners | None = None, of: Sequence[str] = ()
) -> HashRun | None:
    """Write sorted hashes; nothing if there are none."""
    if not len(hashes):
        return None
    with filesystem.create(uri) as file:
        file.write(hashes.astype("<u8").tobytes())
        if owners is not None:
            file.write(owners.astype("<u4").tobytes())
    ends = np.searchsorted(buckets_of(hashes), np.arange(BUCKETS, dtype=np.uint64), side="right")
    return HashRun(uri, tuple(ends.tolist()), tuple(of))


# -- of a piece -------------------------------------------------------------------------------------------------------


class PieceHashTask(msgspec.Struct, frozen=True):
    """Hash the keys of a piece into the file ``to``."""

    piece: Piece
    order: tuple[str, ...]
    to: str
    s3: dict[str, Any]


def hash_piece(task: PieceHashTask) -> HashRun | None:
    """The file of the hashes, each once; None without keys."""
    columns = list(dict.fromkeys([*task.order[: task.piece.depth], DEDUPE, POSITION]))
    rows = _known(read_piece(task.piece, task.order, columns, task.s3))
    hashes = distinct(np.concatenate([np.empty(0, np.uint64), *map(hashes_of, rows)]))
    return _write(FileSystem(task.s3), task.to, hashes)


# -- of a month, kept between exports ---------------------------------------------------------------------------------


class RunTask(msgspec.Struct, frozen=True):
    """Put the hashes of some runs and of new row groups into one run; written to ``to``.

    Attributes:
        first: The first second of the month; rows of others are left out.
        until: The first second after it.
        runs: Of the export before.
        drop: Daily files (URIs) that are gone.
        groups: Of daily files that are new.
        touched_to: Where to write the hashes of keys that came or went.
    """

    first: int
    until: int
    runs: tuple[HashRun, ...]
    drop: tuple[str, ...]
    groups: tuple[RowGroup, ...]
    to: str
    touched_to: str
    s3: dict[str, Any]


class Rehashed(msgspec.Struct, frozen=True):
    """The new run, and the hashes of keys that came or went; None without any."""

    run: HashRun | None
    touched: HashRun | None


def rehash(task: RunTask) -> Rehashed:
    """Write the hashes of a month's daily rows."""
    filesystem = FileSystem(task.s3)
    of: dict[str, int] = {}
    hashes, owners, touched = [], [], []
    for run in task.runs:
        of_run, places = _read_whole(filesystem, run)
        goes = np.isin(places, [place for place, uri in enumerate(run.of) if uri in task.drop])
        numbers = np.array([of.setdefault(uri, len(of)) for uri in run.of], np.uint32)
        hashes.append(of_run[~goes])
        owners.append(numbers[places[~goes]])
        touched.append(of_run[goes])
    for group in task.groups:
        number = of.setdefault(group.uri, len(of))
        for batch in _known(read_groups([group], ["TIMESTAMP", DEDUPE, POSITION], task.s3)):
            seconds = batch.column("TIMESTAMP")
            inside = pc.and_(pc.greater_equal(seconds, task.first), pc.less(seconds, task.until))
            found = hashes_of(batch)[inside.to_numpy(zero_copy_only=False)]
            hashes.append(found)
            owners.append(np.full(len(found), number, np.uint32))
            touched.append(found)
    every = np.concatenate([np.empty(0, np.uint64), *hashes])
    order = np.argsort(every, kind="stable")
    owner = np.concatenate([np.empty(0, np.uint32), *owners])[order]
    changed = distinct(np.concatenate([np.empty(0, np.uint64), *touched]))
    return Rehashed(
        _write(filesystem, task.to, every[order], owner, tuple(of)), _write(filesystem, task.touched_to, changed)
    )


def run_tasks(
    first: int,
    until: int,
    former: Sequence[HashRun],
    groups: Sequence[RowGroup],
    to: tuple[str, str],
    s3: dict[str, Any],
) -> tuple[list[HashRun], list[RunTask]]:
    """The former runs of a month that stay as they are, and the tasks that make the others.

    ``groups`` are those of all daily files that the month is made of now. Small runs are put together, so that there
    are few of them after many days. ``to`` are the prefixes of the files to write, ``RunTask.to`` and ``touched_to``.
    """
    files = {group.uri for group in groups}
    known = {uri for run in former for uri in run.of}
    drop = tuple(sorted(known - files))
    new = [group for group in groups if group.uri not in known]
    must = [run for run in former if known - files and not files.issuperset(run.of)]
    small = [run for run in former if run.hashes < _SMALL_RUN or run in must]
    if sum(run.hashes for run in small) + sum(group.rows for group in new) <= MAX_RUN:
        parts = [(tuple(small), tuple(new))]
        stay = [run for run in former if run not in small]
    else:
        parts = [((run,), ()) for run in must] + [((), share) for share in _shares(new)]
        stay = [run for run in former if run not in must]
    tasks = [
        RunTask(first, until, runs, drop, share, f"{to[0]}-{number}", f"{to[1]}-{number}", s3)
        for number, (runs, share) in enumerate(parts)
        if runs or share
    ]
    return stay, tasks


def _shares(groups: Sequence[RowGroup]) -> list[tuple[RowGroup, ...]]:
    """Row groups in shares of about half of ``MAX_RUN`` rows."""
    shares: list[list[RowGroup]] = []
    rows = MAX_RUN
    for group in groups:
        if rows + group.rows > _SMALL_RUN:
            shares.append([])
            rows = 0
        shares[-1].append(group)
        rows += group.rows
    return [tuple(share) for share in shares]
