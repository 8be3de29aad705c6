"""Which rows of the daily files are sorted together: pieces of the export's order that fit into memory.

A piece is a range in the order of the CSV, so that pieces written one after another are the file. They are planned from
what Parquet files say of their row groups. Where more rows may overlap than fit, a sample of them says where to cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count as counting
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from personalize_assets.conversion.export.row_order import sort_order

Bound = tuple[Any, ...]
"""A place in the export's order: values of its first columns. A row that begins with them is at or behind it."""


class RowGroup(msgspec.Struct, frozen=True):
    """A row group of a daily Parquet file; ``first`` and ``last`` are its least and greatest TIMESTAMP (seconds)."""

    uri: str
    number: int
    rows: int
    first: int
    last: int


class Piece(msgspec.Struct, frozen=True):
    """Rows from ``at`` (None: the first) to before ``until`` (None: the last), and the row groups that may hold any.

    ``number`` counts pieces in the export's order.
    """

    number: int
    at: Bound | None
    until: Bound | None
    groups: tuple[RowGroup, ...]

    @property
    def most_rows(self) -> int:
        """An upper limit of the piece's rows."""
        return sum(group.rows for group in self.groups)

    @property
    def depth(self) -> int:
        """How many columns of the export's order its bounds name."""
        return max(len(self.at or ()), len(self.until or ()), 1)


class Range(msgspec.Struct, frozen=True):
    """What is cut into pieces of its own: rows from ``at`` to before ``until`` (both a second, or None)."""

    at: Bound | None
    until: Bound | None
    groups: tuple[RowGroup, ...]


def shares(groups: Iterable[RowGroup], rows: int) -> Iterator[tuple[RowGroup, ...]]:
    """Row groups in shares, each of which ends with the group that brings it to ``rows`` rows; none without groups."""
    share: list[RowGroup] = []
    count = 0
    for group in groups:
        share.append(group)
        count += group.rows
        if count >= rows:
            yield tuple(share)
            share, count = [], 0
    if share:
        yield tuple(share)


Cut = Callable[[Sequence[Piece]], Sequence[Sequence[Bound]]]
"""For pieces that may be too large: the places at which to cut each, in order; none if it is not too large."""


def plan(ranges: Sequence[Range], max_rows: int, cut: Cut) -> list[list[Piece]]:
    """The pieces of each range, of about ``max_rows`` rows at most, in order; they hold all its rows."""
    coarse = [list(_coarse(each, max_rows)) for each in ranges]
    large = [piece for pieces in coarse for piece in pieces if piece.most_rows > max_rows]
    bounds = dict(zip(map(id, large), cut(large) if large else (), strict=True))
    numbers = counting()
    return [
        [fine for piece in pieces for fine in _fine(piece, bounds.get(id(piece), ()), numbers)] for pieces in coarse
    ]


def _coarse(of: Range, max_rows: int) -> Iterator[Piece]:
    """Pieces between seconds; their outer bounds are those of the range."""
    first, last = (of.at[0] if of.at else None), (of.until[0] - 1 if of.until else None)
    inside = (
        structs.replace(
            group,
            first=group.first if first is None else max(group.first, first),
            last=group.last if last is None else min(group.last, last),
        )
        for group in of.groups
        if (first is None or group.last >= first) and (last is None or group.first <= last)
    )
    ordered = sorted(inside, key=lambda group: (group.first, group.last, group.uri, group.number))
    for piece in _between_seconds(ordered, max_rows):
        yield structs.replace(piece, at=piece.at or of.at, until=piece.until or of.until)


def _fine(piece: Piece, cuts: Sequence[Bound], numbers: Iterator[int]) -> Iterator[Piece]:
    for at, until in zip([piece.at, *cuts], [*cuts, piece.until], strict=True):
        inside = tuple(group for group in piece.groups if _may_overlap(group, at, until))
        yield Piece(next(numbers), at, until, inside)


def _between_seconds(groups: Sequence[RowGroup], max_rows: int) -> Iterator[Piece]:
    """Greedily from the first second on, cut where row groups begin or end, as late as ``max_rows`` allows.

    Many row groups may span the same day, so that all of their rows together never fit, wherever it is cut. Then their
    rows count as evenly spread, and the piece is filled to three quarters.
    """
    ends = sorted({group.first for group in groups} | {group.last + 1 for group in groups})
    at: int | None = None
    begin = end_before = ends[0] if ends else 0
    inside: list[RowGroup] = []
    number = next_group = 0
    for end in ends[1:]:
        fresh = []
        while next_group < len(groups) and groups[next_group].first < end:
            fresh.append(groups[next_group])
            next_group += 1
        if end_before > begin and _is_too_much((*inside, *fresh), begin, end, max_rows):
            yield Piece(number, _bound(at), (end_before,), tuple(inside))
            number += 1
            at = begin = end_before
            inside = [group for group in inside if group.last >= begin]
        inside += fresh
        end_before = end
    if inside:
        yield Piece(number, _bound(at), None, tuple(inside))


def _is_too_much(groups: Sequence[RowGroup], begin: int, end: int, max_rows: int) -> bool:
    """Whether row groups probably have too many rows from second ``begin`` to before ``end``."""
    if sum(group.rows for group in groups) <= max_rows:
        return False
    within = sum(
        group.rows * (min(group.last + 1, end) - max(group.first, begin)) / (group.last + 1 - group.first)
        for group in groups
        if group.last >= begin
    )
    return within > max_rows * 3 / 4


def _bound(second: int | None) -> Bound | None:
    return None if second is None else (second,)


def _may_overlap(group: RowGroup, at: Bound | None, until: Bound | None) -> bool:
    if at is not None and group.last < at[0]:
        return False
    if until is None:
        return True
    return group.first < until[0] or (group.first == until[0] and len(until) > 1)


def bounds_of(sample: pa.Table, order: Sequence[str], count: int, at: Bound | None) -> list[Bound]:
    """Places behind ``at`` that cut a sample of rows into ``count`` parts of even size, or into fewer.

    They fall between seconds where possible; within a second with very many rows they name a whole row.
    """
    ordered = sample.select(order).take(sort_order(sample, order))
    seconds = ordered.column(order[0]).to_numpy()
    found: list[Bound] = []
    before = at
    for number in range(1, count):
        row = tuple(ordered.slice(number * len(seconds) // count, 1).to_pylist()[0].values())
        of_second = np.searchsorted(seconds, row[0], "right") - np.searchsorted(seconds, row[0], "left")
        # Between seconds, unless one second holds a good part of what a piece should.
        place = row[:1] if of_second * 2 * count < len(seconds) else row
        if before is None or _is_behind(place, before):
            found.append(place)
            before = place
    return found


def _is_behind(place: Bound, before: Bound) -> bool:
    """Whether a place comes strictly behind another one, of which either may be a prefix."""
    for value, other in zip(place, before, strict=False):
        if value != other:
            return _sort_key(value) > _sort_key(other)
    return len(place) > len(before)


def _sort_key(value: Any) -> tuple[bool, Any]:
    if value is None:
        return False, 0
    return True, value.encode() if isinstance(value, str) else value


def is_at_or_behind(rows: pa.Table | pa.RecordBatch, order: Sequence[str], place: Bound) -> npt.NDArray[np.bool_]:
    """Which rows are at a place of the export's order, or behind it."""
    found = np.ones(rows.num_rows, bool)
    for name, value in zip(reversed(order[: len(place)]), reversed(place), strict=True):
        column = rows.column(name)
        if value is None:  # null comes first: everything else is behind it
            greater, equal = pc.is_valid(column), pc.is_null(column)
        else:
            scalar = pa.scalar(value, column.type)
            greater = pc.fill_null(pc.greater(column, scalar), False)
            equal = pc.fill_null(pc.equal(column, scalar), False)
        found = flags(greater) | (flags(equal) & found)
    return found


def flags(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Booleans without nulls as a NumPy array."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    found: npt.NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return found


def numbers_of(rows: pa.Table | pa.RecordBatch, order: Sequence[str], starts: Sequence[Bound]) -> npt.NDArray[np.int64]:
    """The number of each row's piece; ``starts`` are the places at which pieces begin, but for the first."""
    seconds = rows.column(order[0]).to_numpy()
    plain = np.array([place[0] for place in starts], np.int64)
    # A place that names more than the second counts for the rows of that second only as far as they are behind it.
    found: npt.NDArray[np.int64] = np.searchsorted(plain, seconds, side="right").astype(np.int64)
    for place in starts:
        if len(place) > 1:
            of_second = np.flatnonzero(seconds == place[0])
            if len(of_second):
                found[of_second] -= ~is_at_or_behind(rows.take(pa.array(of_second)), order, place)
    return found
