"""Interactions over all days: sorted in pieces, each message once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export import repeats
from personalize_assets.conversion.export.daily_rows import read_piece, row_groups
from personalize_assets.conversion.export.part_writer import PartWriter, Target, WrittenPart
from personalize_assets.conversion.export.pieces import Bound, Piece, RowGroup, bounds_of, plan
from personalize_assets.conversion.export.row_order import sort_order
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION, daily_schema
from personalize_assets.conversion.spread import Spread

MAX_PIECE_ROWS = 750_000
"""Rows that are sorted in memory at once, some 500 bytes each while their CSV is made."""
_MAX_PARTITION_HASHES = 8_000_000
_MAX_ROUND_HASHES = 2_000_000
_SAMPLE_ROWS = 20_000
_WRITTEN_AT_ONCE = 131_072
# What a row counts for where a spread decides whether processes are worth their start: a million rows are. Fewer are
# exported sooner by threads of this process, as Arrow's functions run beside one another.
_ROW_BYTES = 4


def export_order(dataset: Dataset) -> list[str]:
    """By TIMESTAMP, then by every column from left to right: equal events give equal bytes."""
    return ["TIMESTAMP", *(column.name for column in dataset.columns if column.name != "TIMESTAMP")]


def export_interactions(daily: Sequence[str], target: Target, scratch: str, spread: Spread) -> list[WrittenPart]:
    """Write all interactions of the daily files, each message once; the parts come in the order of the file."""
    order = tuple(export_order(target.dataset))
    groups = row_groups(daily, target.s3, "TIMESTAMP")

    def cut(pieces: Sequence[Piece]) -> list[list[Bound]]:
        tasks = [_CutTask(piece, order, MAX_PIECE_ROWS, target.s3) for piece in pieces]
        return spread(_cut, tasks, _bytes(group for piece in pieces for group in piece.groups))

    pieces = plan(groups, MAX_PIECE_ROWS, cut)
    earlier = _repeated_across(pieces, groups, order, target.s3, scratch, spread) if len(pieces) > 1 else []
    tasks = [_PieceTask(piece, order, tuple(earlier), target) for piece in pieces]
    return spread(_write_piece, tasks, _bytes(groups))


def _bytes(groups: Iterable[RowGroup]) -> int:
    return sum(group.rows for group in groups) * _ROW_BYTES


class _CutTask(msgspec.Struct, frozen=True):
    piece: Piece
    order: tuple[str, ...]
    max_rows: int
    s3: dict[str, Any]


def _cut(task: _CutTask) -> list[Bound]:
    """The places at which to cut a piece, from an even sample of its rows; none if there are not too many."""
    step = max(1, task.piece.most_rows // _SAMPLE_ROWS)
    rows, sample = 0, []
    for batch in read_piece(task.piece, task.order, task.order, task.s3):
        chosen = np.arange(-rows % step, batch.num_rows, step)
        rows += batch.num_rows
        if len(chosen):
            sample.append(batch.take(pa.array(chosen)))
    # A third of room: parts of a sample are not of quite the same size.
    count = -(-rows * 4 // (task.max_rows * 3)) if rows > task.max_rows else 1
    return bounds_of(pa.Table.from_batches(sample), task.order, count, task.piece.at) if count > 1 else []


def _repeated_across(
    pieces: Sequence[Piece],
    groups: Sequence[RowGroup],
    order: tuple[str, ...],
    s3: dict[str, Any],
    scratch: str,
    spread: Spread,
) -> list[str]:
    """Files of the keys that repeat one of an earlier piece; see ``repeats``."""
    rows = sum(group.rows for group in groups)
    about = repeats.Pieces(tuple(piece.at for piece in pieces[1:] if piece.at is not None), order)
    shares = _shares(groups)
    partitions = -(-rows // _MAX_PARTITION_HASHES)
    hashed = spread(
        repeats.hash_keys,
        [repeats.HashTask(n, share, about, partitions, f"{scratch}/hashes", s3) for n, share in enumerate(shares)],
        _bytes(groups),
    )
    matched = spread(
        repeats.match_hashes,
        [
            repeats.MatchTask(tuple(filter(None, (uris[n] for uris in hashed))), f"{scratch}/matched-{n}", s3)
            for n in range(partitions)
        ],
        _bytes(groups),
    )
    earlier: list[str] = []
    for number, files in enumerate(_rounds(matched)):
        keys = spread(
            repeats.find_keys,
            [
                repeats.KeyTask(share, about, files, f"{scratch}/keys-{number}-{n}", s3)
                for n, share in enumerate(shares)
            ],
            _bytes(groups),
        )
        decided = repeats.decide(
            repeats.DecideTask(tuple(uri for uri in keys if uri), f"{scratch}/repeated-{number}", s3)
        )
        if decided:
            earlier.append(decided)
    return earlier


def _shares(groups: Sequence[RowGroup]) -> list[tuple[RowGroup, ...]]:
    """Row groups in shares of about ``MAX_PIECE_ROWS`` rows, the row groups of a file side by side."""
    shares: list[list[RowGroup]] = [[]]
    rows = 0
    for group in groups:
        if rows >= MAX_PIECE_ROWS:
            shares.append([])
            rows = 0
        shares[-1].append(group)
        rows += group.rows
    return [tuple(share) for share in shares]


def _rounds(matched: Sequence[repeats.Matched]) -> list[tuple[str, ...]]:
    """The files of hashes that are looked up together: about ``_MAX_ROUND_HASHES``, or one file."""
    rounds: list[list[str]] = []
    count = 0
    for found in matched:
        if found.file is None:
            continue
        if not rounds or count + found.count > _MAX_ROUND_HASHES:
            rounds.append([])
            count = 0
        rounds[-1].append(found.file)
        count += found.count
    return [tuple(files) for files in rounds]


class _PieceTask(msgspec.Struct, frozen=True):
    piece: Piece
    order: tuple[str, ...]
    earlier: tuple[str, ...]
    target: Target


def _write_piece(task: _PieceTask) -> WrittenPart:
    """Sort the rows of a piece and write those that repeat none."""
    target = task.target
    names = target.schema.names
    daily = daily_schema(target.dataset)
    schema = pa.schema([daily.field(name) for name in (*names, DEDUPE, POSITION)])
    rows = pa.Table.from_batches(read_piece(task.piece, task.order, schema.names, target.s3), schema).combine_chunks()
    with PartWriter(task.piece.number, target) as part:
        part.copies = rows.num_rows
        if rows.num_rows:
            rows = rows.take(sort_order(rows, [*task.order, DEDUPE])).combine_chunks()
            earlier = repeats.repeated_in(task.earlier, task.piece.number, target.s3)
            first = repeats.first_of_each(rows, names, earlier)
            rows = rows.select(names)
            if not first.all():
                rows = rows.filter(pa.array(first))
            for batch in rows.to_batches(_WRITTEN_AT_ONCE):
                part.add(batch)
    return part.written()
