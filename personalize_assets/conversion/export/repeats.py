"""Which interactions repeat one that is exported: the same message, and the same place in ``each``.

Of rows with the same key (``DEDUPE``, ``POSITION``) the first in the export's order is exported. Rows without a message
to tell them apart are one row if they are equal in every column. Repeats within a piece are found when it is sorted
(``first_of_each``). For those in several pieces the keys of all rows are compared as 64-bit hashes, in partitions that
fit into memory: only keys whose hash occurs in two pieces are read again, and the keys themselves decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from personalize_assets.conversion.export.daily_rows import read_groups
from personalize_assets.conversion.export.pieces import Bound, RowGroup, flags, numbers_of
from personalize_assets.conversion.export.row_order import changes
from personalize_assets.conversion.export.text_hash import mixed, text_hashes
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION
from personalize_assets.conversion.reading.filesystem import FileSystem

_KEY = [DEDUPE, POSITION]
_PIECE, _HASH, _PLACE = "piece", "hash", "place"
_HASHES = pa.schema([(_HASH, pa.uint64()), (_PIECE, pa.int32())])
_KEYS = pa.schema([(DEDUPE, pa.string()), (POSITION, pa.int32()), (_PIECE, pa.int32())])


class Pieces(msgspec.Struct, frozen=True):
    """Where pieces begin, but for the first, and the columns of the export's order."""

    starts: tuple[Bound, ...]
    order: tuple[str, ...]


class HashTask(msgspec.Struct, frozen=True):
    """Hash the keys of row groups into files, one per partition of the hashes: ``<to>-<number>-<partition>``."""

    number: int
    groups: tuple[RowGroup, ...]
    pieces: Pieces
    partitions: int
    to: str
    s3: dict[str, Any]


def hash_keys(task: HashTask) -> list[str | None]:
    """The URIs of the files that were written, by partition; None where there are no keys."""
    filesystem = FileSystem(task.s3)
    uris: list[str | None] = [None] * task.partitions
    writers: dict[int, pq.ParquetWriter] = {}
    deep = max((len(start) for start in task.pieces.starts), default=1)
    columns = list(dict.fromkeys([*task.pieces.order[:deep], *_KEY]))
    with ExitStack() as files:
        for batch in read_groups(task.groups, columns, task.s3):
            known = batch.filter(pc.is_valid(batch.column(DEDUPE)))
            if not known.num_rows:
                continue
            hashes = hashes_of(known)
            numbers = numbers_of(known, task.pieces.order, task.pieces.starts)
            partition_of = (hashes >> np.uint64(40)) % np.uint64(task.partitions)
            for partition in range(task.partitions):
                chosen = partition_of == partition
                if not chosen.any():
                    continue
                if partition not in writers:
                    uri = f"{task.to}-{task.number}-{partition}"
                    file = files.enter_context(filesystem.create(uri))
                    options = {"compression": "none", "use_dictionary": False, "write_statistics": False}
                    writers[partition] = files.enter_context(pq.ParquetWriter(file, _HASHES, **options))
                    uris[partition] = uri
                arrays = [pa.array(hashes[chosen]), pa.array(numbers[chosen].astype(np.int32))]
                writers[partition].write_batch(pa.RecordBatch.from_arrays(arrays, schema=_HASHES))
    return uris


def hashes_of(rows: pa.Table | pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """64 bits of each row's key, which is not null; the same key has the same hash everywhere."""
    places = rows.column(POSITION).cast(pa.int64()).to_numpy().astype(np.uint64)
    return mixed(text_hashes(rows.column(DEDUPE)) + places)


class MatchTask(msgspec.Struct, frozen=True):
    """Find the hashes of one partition that occur in several pieces; written to ``to``."""

    files: tuple[str, ...]
    to: str
    s3: dict[str, Any]


class Matched(msgspec.Struct, frozen=True):
    """How many hashes occur in several pieces; ``file`` (Parquet, sorted) has them, None if there are none."""

    count: int
    file: str | None


def match_hashes(task: MatchTask) -> Matched:
    """The hashes of a partition that occur in several pieces."""
    filesystem = FileSystem(task.s3)
    tables = []
    for uri in task.files:
        with filesystem.open(uri) as file:
            tables.append(pq.read_table(file))
    table = pa.concat_tables(tables) if tables else _HASHES.empty_table()
    hashes = table.column(_HASH).to_numpy()
    several = repeated(hashes)
    if len(several):
        # Few rows, most of which repeat within their piece.
        chosen = is_among(hashes, several)
        hashes, numbers = hashes[chosen], table.column(_PIECE).to_numpy()[chosen]
        order = np.argsort(hashes, kind="stable")
        hashes, numbers = hashes[order], numbers[order]
        # Rows of a hash stand side by side; if they are of several pieces, two neighbours are.
        several = np.unique(hashes[1:][(hashes[1:] == hashes[:-1]) & (numbers[1:] != numbers[:-1])])
    found = several
    if not len(found):
        return Matched(0, None)
    with filesystem.create(task.to) as file:
        pq.write_table(pa.table({_HASH: found}), file, compression="none", use_dictionary=False)
    return Matched(len(found), task.to)


class KeyTask(msgspec.Struct, frozen=True):
    """Read the keys of row groups whose hash is among those of ``files``; written to ``to``."""

    groups: tuple[RowGroup, ...]
    pieces: Pieces
    files: tuple[str, ...]
    to: str
    s3: dict[str, Any]


def find_keys(task: KeyTask) -> str | None:
    """The URI of the keys that were found, with the numbers of their pieces; None if there are none."""
    filesystem = FileSystem(task.s3)
    wanted = np.concatenate([_read(filesystem, uri).column(_HASH).to_numpy() for uri in task.files])
    deep = max((len(start) for start in task.pieces.starts), default=1)
    columns = list(dict.fromkeys([*task.pieces.order[:deep], *_KEY]))
    found = []
    for batch in read_groups(task.groups, columns, task.s3):
        known = batch.filter(pc.is_valid(batch.column(DEDUPE)))
        if known.num_rows:
            chosen = known.filter(pa.array(is_among(hashes_of(known), wanted)))
            if chosen.num_rows:
                numbers = numbers_of(chosen, task.pieces.order, task.pieces.starts).astype(np.int32)
                arrays = [chosen.column(DEDUPE), chosen.column(POSITION), pa.array(numbers)]
                found.append(pa.RecordBatch.from_arrays(arrays, schema=_KEYS))
    if not found:
        return None
    # A key is of interest once a piece.
    table = pa.Table.from_batches(found).group_by(_KEYS.names).aggregate([])
    with filesystem.create(task.to) as file:
        pq.write_table(table, file, compression="zstd")
    return task.to


class DecideTask(msgspec.Struct, frozen=True):
    """Of keys that occur in several pieces, find all but the first piece of each; written to ``to``."""

    files: tuple[str, ...]
    to: str
    s3: dict[str, Any]


def decide(task: DecideTask) -> str | None:
    """The URI of keys with the pieces in which they repeat an earlier one, ordered by piece; None without any."""
    filesystem = FileSystem(task.s3)
    keys = pa.concat_tables(_read(filesystem, uri) for uri in task.files)
    first = keys.group_by(_KEY).aggregate([(_PIECE, "min")])
    joined = keys.join(first, _KEY, join_type="inner")
    later = joined.filter(pc.greater(joined.column(_PIECE), joined.column(f"{_PIECE}_min"))).select(_KEYS.names)
    later = later.group_by(_KEYS.names).aggregate([]).select(_KEYS.names).cast(_KEYS).sort_by(_PIECE)
    if not later.num_rows:
        return None
    with filesystem.create(task.to) as file:
        pq.write_table(later, file, compression="zstd", row_group_size=65_536)
    return task.to


def repeated_in(files: Sequence[str], piece: int, s3: dict[str, Any]) -> pa.Table:
    """The keys that occur in a piece and in an earlier one."""
    filesystem = FileSystem(s3)
    tables = [_KEYS.empty_table()]
    for uri in files:
        with filesystem.open(uri) as file:
            tables.append(pq.read_table(file, filters=[(_PIECE, "=", piece)], schema=_KEYS))
    return pa.concat_tables(tables)


def _read(filesystem: FileSystem, uri: str) -> pa.Table:
    with filesystem.open(uri) as file:
        return pq.read_table(file)


def repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The hashes that occur more than once, sorted; each at least once."""
    ordered = np.sort(hashes)
    found: npt.NDArray[np.uint64] = ordered[1:][ordered[1:] == ordered[:-1]]
    return found


def is_among(hashes: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which hashes are among those wanted."""
    return flags(pc.is_in(pa.array(hashes), value_set=pa.array(wanted)))


def first_of_each(rows: pa.Table, columns: Sequence[str], earlier: pa.Table) -> npt.NDArray[np.bool_]:
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
