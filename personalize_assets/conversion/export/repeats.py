"""Which interactions repeat one that is exported: the same message, and the same place in ``each``.

Of rows with the same key (``DEDUPE``, ``POSITION``) the first in the export's order is exported. Rows without a message
to tell them apart are one row if they are equal in every column. Repeats within a piece are found when it is sorted
(``first_of_each``). For those in several units (months, or pieces of a month) the keys are compared as sorted 64-bit
hashes, a range of hashes at a time: only keys whose hash occurs in two units are read again, and the keys decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from personalize_assets.conversion.export.daily_rows import read_groups
from personalize_assets.conversion.export.key_hashes import Hashes, buckets_of, hashes_of, read_run
from personalize_assets.conversion.export.pieces import Bound, RowGroup, flags, numbers_of
from personalize_assets.conversion.export.row_order import changes
from personalize_assets.conversion.export.text_hash import distinct
from personalize_assets.conversion.kept import HashRun
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION
from personalize_assets.conversion.reading.filesystem import FileSystem

_Flags = npt.NDArray[np.bool_]
_KEY = [DEDUPE, POSITION]
_UNIT, _PLACE = "unit", "place"
_KEYS = pa.schema([(DEDUPE, pa.string()), (POSITION, pa.int32()), (_UNIT, pa.int32())])


# -- hashes that occur in several units -------------------------------------------------------------------------------


class Unit(msgspec.Struct, frozen=True):
    """The hashes of a unit's keys, and of keys that came or went since the export before."""

    number: int
    runs: tuple[HashRun, ...]
    touched: tuple[HashRun, ...]


class MatchTask(msgspec.Struct, frozen=True):
    """Find the hashes of buckets from ``first`` to before ``end`` that now occur in several units.

    Attributes:
        units: In the order of the export.
        repeated: Files of keys that the export before found to be repeated (``DecideTask``).
        to: Prefix of the files to write.
        keep: Prefix of a file to keep for the next export.
    """

    units: tuple[Unit, ...]
    first: int
    end: int
    repeated: tuple[str, ...]
    to: str
    keep: str
    s3: dict[str, Any]


class Matched(msgspec.Struct, frozen=True):
    """The hashes that occur in several units and of which that may be new.

    Attributes:
        count: Their number.
        file: Their file, sorted; None if there are none.
        units: Those in which any of them occurs.
        settled: A file of those former repeated keys whose hash is in the same units as before; None without any.
        doubtful: A file of the other ones.
    """

    count: int
    file: str | None = None
    units: tuple[int, ...] = ()
    settled: str | None = None
    doubtful: str | None = None


def match_hashes(task: MatchTask) -> Matched:
    """The hashes of keys that came or went, as far as they occur in several units now.

    All other keys are in the units in which they were before, so what was found of them still holds.
    """
    filesystem = FileSystem(task.s3)

    def read(runs: Iterable[HashRun]) -> Iterator[Hashes]:
        return (read_run(filesystem, run, task.first, task.end) for run in runs)

    changed = list(read(run for unit in task.units for run in unit.touched))
    touched = distinct(np.concatenate(changed)) if changed else np.empty(0, np.uint64)
    once, several = np.zeros(len(touched), bool), np.zeros(len(touched), bool)
    holds: list[tuple[int, npt.NDArray[np.uint8]]] = []
    for unit in task.units:
        found = np.zeros(len(touched), bool)
        for hashes in read(unit.runs):
            _mark(found, touched, hashes)
        several |= once & found
        once |= found
        holds.append((unit.number, np.packbits(found)))
    shared = touched[several]
    file = f"{task.to}-matched-{task.first}" if len(shared) else None
    if file:
        with filesystem.create(file) as out:
            out.write(shared.astype("<u8").tobytes())
    packed = np.packbits(several)
    settled, doubtful = _divided(task, filesystem, touched)
    return Matched(len(shared), file, tuple(n for n, found in holds if (found & packed).any()), settled, doubtful)


def _mark(found: _Flags, touched: Hashes, hashes: Hashes) -> None:
    """Set ``found`` where a sorted hash is among the other sorted ones; the fewer are looked up in the more."""
    if not len(touched) or not len(hashes):
        return
    if len(hashes) < len(touched):
        places = np.minimum(np.searchsorted(touched, hashes), len(touched) - 1)
        found[places[touched[places] == hashes]] = True
    else:
        places = np.minimum(np.searchsorted(hashes, touched), len(hashes) - 1)
        found |= hashes[places] == touched


def _divided(task: MatchTask, filesystem: FileSystem, touched: Hashes) -> tuple[str | None, str | None]:
    """The files of former repeated keys of these buckets, settled and doubtful ones."""
    keys = pa.concat_tables([_KEYS.empty_table(), *(_read_keys(filesystem, uri) for uri in task.repeated)])
    if not keys.num_rows:
        return None, None
    hashes = hashes_of(keys)
    buckets = buckets_of(hashes)
    inside = (buckets >= task.first) & (buckets < task.end)
    is_doubtful = is_among(hashes, touched)
    settled, doubtful = keys.filter(pa.array(inside & ~is_doubtful)), keys.filter(pa.array(inside & is_doubtful))
    return (
        _write_keys(filesystem, f"{task.keep}-settled-{task.first}.parquet", settled),
        _write_keys(filesystem, f"{task.to}-doubtful-{task.first}.parquet", doubtful),
    )


# -- the keys with such hashes ----------------------------------------------------------------------------------------


class Units(msgspec.Struct, frozen=True):
    """Where units begin, but for the first, and their numbers; and the columns of the export's order."""

    starts: tuple[Bound, ...]
    numbers: tuple[int, ...]
    order: tuple[str, ...]


class KeyTask(msgspec.Struct, frozen=True):
    """Read the keys of row groups whose hash is among those of ``files``; written to ``to``."""

    groups: tuple[RowGroup, ...]
    units: Units
    files: tuple[str, ...]
    to: str
    s3: dict[str, Any]


def find_keys(task: KeyTask) -> str | None:
    """The URI of the keys that were found, with the numbers of their units; None if there are none."""
    filesystem = FileSystem(task.s3)
    wanted = np.concatenate([_read_hashes(filesystem, uri) for uri in task.files])
    deep = max((len(start) for start in task.units.starts), default=1)
    columns = list(dict.fromkeys([*task.units.order[:deep], *_KEY]))
    numbers = np.array(task.units.numbers, np.int32)
    found = []
    for batch in read_groups(task.groups, columns, task.s3):
        known = batch.filter(pc.is_valid(batch.column(DEDUPE)))
        if known.num_rows:
            chosen = known.filter(pa.array(is_among(hashes_of(known), wanted)))
            if chosen.num_rows:
                units = numbers[numbers_of(chosen, task.units.order, task.units.starts)]
                arrays = [chosen.column(DEDUPE), chosen.column(POSITION), pa.array(units)]
                found.append(pa.RecordBatch.from_arrays(arrays, schema=_KEYS))
    if not found:
        return None
    # A key is of interest once a unit.
    table = pa.Table.from_batches(found).group_by(_KEYS.names).aggregate([])
    return _write_keys(filesystem, task.to, table.select(_KEYS.names).cast(_KEYS))


class DecideTask(msgspec.Struct, frozen=True):
    """Of keys that occur in several units, find all but the first unit of each; written to ``to``."""

    files: tuple[str, ...]
    to: str
    s3: dict[str, Any]


def decide(task: DecideTask) -> str | None:
    """The URI of keys with the units in which they repeat an earlier one, ordered by unit; None without any."""
    filesystem = FileSystem(task.s3)
    keys = pa.concat_tables([_KEYS.empty_table(), *(_read_keys(filesystem, uri) for uri in task.files)])
    first = keys.group_by(_KEY).aggregate([(_UNIT, "min")])
    joined = keys.join(first, _KEY, join_type="inner")
    later = joined.filter(pc.greater(joined.column(_UNIT), joined.column(f"{_UNIT}_min"))).select(_KEYS.names)
    later = later.group_by(_KEYS.names).aggregate([]).select(_KEYS.names).cast(_KEYS).sort_by(_UNIT)
    return _write_keys(filesystem, task.to, later)


def repeated_in(files: Sequence[str], unit: int, s3: dict[str, Any]) -> pa.Table:
    """The keys that occur in a unit and in an earlier one."""
    filesystem = FileSystem(s3)
    tables = [_KEYS.empty_table()]
    for uri in files:
        with filesystem.open(uri) as file:
            tables.append(pq.read_table(file, filters=[(_UNIT, "=", unit)], schema=_KEYS))
    return pa.concat_tables(tables)


def units_that_differ(doubtful: Sequence[str], decided: Sequence[str], units: set[int], s3: dict[str, Any]) -> set[int]:
    """Those of the units of which other keys are repeated now (``decided``) than before (``doubtful``)."""
    filesystem = FileSystem(s3)

    def read(files: Sequence[str]) -> pa.Table:
        keys = pa.concat_tables([_KEYS.empty_table(), *(_read_keys(filesystem, uri) for uri in files)])
        return keys.filter(pc.is_in(keys.column(_UNIT), value_set=pa.array(sorted(units), pa.int32())))

    before, now = read(doubtful), read(decided)
    gone = before.join(now, _KEYS.names, join_type="left anti")
    came = now.join(before, _KEYS.names, join_type="left anti")
    return {*gone.column(_UNIT).to_pylist(), *came.column(_UNIT).to_pylist()}


def _read_keys(filesystem: FileSystem, uri: str) -> pa.Table:
    with filesystem.open(uri) as file:
        return pq.read_table(file, schema=_KEYS)


def _write_keys(filesystem: FileSystem, uri: str, keys: pa.Table) -> str | None:
    if not keys.num_rows:
        return None
    with filesystem.create(uri) as file:
        pq.write_table(keys, file, compression="zstd", row_group_size=65_536)
    return uri


def _read_hashes(filesystem: FileSystem, uri: str) -> Hashes:
    with filesystem.open(uri) as file:
        return np.frombuffer(file.read(), "<u8")


# -- within a piece ---------------------------------------------------------------------------------------------------


def repeated(hashes: Hashes) -> Hashes:
    """The hashes that occur more than once, sorted; each at least once."""
    ordered = np.sort(hashes)
    found: Hashes = ordered[1:][ordered[1:] == ordered[:-1]]
    return found


def is_among(hashes: Hashes, wanted: Hashes) -> _Flags:
    """Which hashes are among those wanted."""
    return flags(pc.is_in(pa.array(hashes), value_set=pa.array(wanted)))


def first_of_each(rows: pa.Table, columns: Sequence[str], earlier: pa.Table) -> _Flags:
    """Which rows of a piece are exported; the rows are in the export's order, and by ``DEDUPE`` where equal.

    ``earlier`` has keys that an earlier piece exports.
    """
    first = np.ones(rows.num_rows, bool)
    is_known = pc.is_valid(rows.column(DEDUPE)).to_numpy()
    if not is_known.all():
        # Rows without a message that are equal in every column stand side by side.
        first &= is_known | changes(rows, [*columns, DEDUPE])
    if is_known.any():
        known = np.flatnonzero(is_known)
        hashes = hashes_of(rows.take(pa.array(known)).select(_KEY)) if len(known) < rows.num_rows else hashes_of(rows)
        several = repeated(hashes)
        if len(several):
            first[_later_ones(rows, known[is_among(hashes, several)])] = False
    if earlier.num_rows:
        places = pa.array(np.arange(rows.num_rows))
        keyed = rows.select(_KEY).append_column(_PLACE, places)
        again = keyed.join(earlier.select(_KEY), _KEY, join_type="left semi")
        first[again.column(_PLACE).to_numpy()] = False
    return first


def _later_ones(rows: pa.Table, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of rows at these places, those whose key another of them has before."""
    keys = rows.select(_KEY).take(pa.array(places)).append_column(_PLACE, pa.array(places))
    firsts = keys.group_by(_KEY).aggregate([(_PLACE, "min")]).column(f"{_PLACE}_min").to_numpy()
    later: npt.NDArray[np.int64] = np.setdiff1d(places, firsts, assume_unique=True)
    return later
