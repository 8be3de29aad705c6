"""Pieces hold each row once, one after another in the order of an export, and none holds much more than fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_assets.conversion.export.pieces import (
    Bound,
    Piece,
    Range,
    RowGroup,
    bounds_of,
    is_at_or_behind,
    numbers_of,
    plan,
    shares,
)

ORDER = ["TIMESTAMP", "A", "B"]
SCHEMA = pa.schema([("TIMESTAMP", pa.int64()), ("A", pa.string()), ("B", pa.float64())])
Row = tuple[int, str | None, float | None]
ROW = st.tuples(
    st.integers(0, 6), st.sampled_from([None, "a", "b", "ü", "z"]), st.sampled_from([None, 1.5, 2.0])
)  # fmt: skip
FILES = st.lists(st.lists(ROW, min_size=1, max_size=8), max_size=4)
# Each example makes many small tables.
_EXAMPLES = settings().max_examples // 2


def table(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(ORDER, row, strict=True)) for row in rows], SCHEMA)


def key(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row, or the beginning of one, as Python sorts it in the order of an export."""
    return tuple(
        (value is not None, (value.encode() if isinstance(value, str) else value) if value is not None else 0)
        for value in row
    )


def row_group(uri: str, *rows: Row) -> RowGroup:
    return RowGroup(uri, 0, len(rows), min(row[0] for row in rows), max(row[0] for row in rows))


def inside(piece: Piece, rows: Sequence[Row]) -> npt.NDArray[np.bool_]:
    found = np.ones(len(rows), bool)
    if piece.at is not None:
        found &= is_at_or_behind(table(rows), ORDER, piece.at)
    if piece.until is not None:
        found &= ~is_at_or_behind(table(rows), ORDER, piece.until)
    return found


def planned(
    files: Sequence[Sequence[Row]], max_rows: int, ranges: Sequence[tuple[Bound | None, Bound | None]] = ((None, None),)
) -> list[Piece]:
    """Pieces of files with one row group each; all rows are the sample."""

    def cut(pieces: Sequence[Piece]) -> list[list[Bound]]:
        bounds = []
        for piece in pieces:
            rows = [row for group in piece.groups for row in files[int(group.uri)]]
            sample = table(rows).filter(pa.array(inside(piece, rows)))
            count = -(-sample.num_rows // max_rows)
            bounds.append(bounds_of(sample, ORDER, count, piece.at) if count > 1 else [])
        return bounds

    groups = tuple(row_group(str(number), *rows) for number, rows in enumerate(files))
    return [piece for pieces in plan([Range(*ends, groups) for ends in ranges], max_rows, cut) for piece in pieces]


def contents(pieces: Sequence[Piece], files: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """The rows of each piece."""
    return [
        [
            row
            for group in piece.groups
            for row, is_inside in zip(files[int(group.uri)], inside(piece, files[int(group.uri)]), strict=True)
            if is_inside
        ]
        for piece in pieces
    ]


def never(pieces: Sequence[Piece]) -> Sequence[Sequence[Bound]]:
    raise AssertionError(f"nothing is too large: {pieces}")


@settings(max_examples=_EXAMPLES)
@given(FILES, st.integers(1, 8))
def test_pieces_written_one_after_another_hold_each_row_once_in_order(files: list[list[Row]], max_rows: int) -> None:
    pieces = planned(files, max_rows)
    found = contents(pieces, files)

    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    everything = [key(row) for rows in found for row in sorted(rows, key=key)]
    assert everything == sorted(key(row) for rows in files for row in rows)


@settings(max_examples=_EXAMPLES)
@given(FILES, st.integers(1, 8), st.integers(1, 6))
def test_ranges_are_cut_into_pieces_of_their_own(files: list[list[Row]], max_rows: int, place: int) -> None:
    pieces = planned(files, max_rows, [(None, (place,)), ((place,), (6,))])
    found = contents(pieces, files)

    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    everything = [key(row) for rows in found for row in sorted(rows, key=key)]
    assert everything == sorted(key(row) for rows in files for row in rows if row[0] < 6)
    assert all(len({row[0] < place for row in rows}) <= 1 for rows in found)


@settings(max_examples=_EXAMPLES)
@given(FILES, st.integers(1, 8))
def test_a_row_has_the_number_of_the_piece_that_holds_it(files: list[list[Row]], max_rows: int) -> None:
    pieces = planned(files, max_rows)
    starts = [piece.at for piece in pieces[1:] if piece.at is not None]
    assert len(starts) == max(len(pieces) - 1, 0)

    for rows in files:
        numbers = numbers_of(table(rows), ORDER, starts)
        for piece in pieces:
            assert (inside(piece, rows) == (numbers == piece.number)).all()


@settings(max_examples=_EXAMPLES)
@given(FILES, st.integers(1, 8))
def test_a_piece_has_at_most_twice_as_many_rows_as_fit_but_for_equal_ones(
    files: list[list[Row]], max_rows: int
) -> None:
    for rows in contents(planned(files, max_rows), files):
        # Twice: places that name a second are preferred to those that name a row, and cut before where they should.
        equal = max(Counter(rows).values(), default=0)
        assert len(rows) - equal < 2 * max_rows


@given(st.lists(ROW, max_size=12), st.lists(st.one_of(ROW, ROW.map(lambda row: row[:1])), min_size=1, max_size=1))
def test_a_row_is_at_or_behind_a_place_that_its_beginning_is_not_before(rows: list[Row], places: list[Bound]) -> None:
    (place,) = places

    found = is_at_or_behind(table(rows), ORDER, place)

    assert found.tolist() == [key(row)[: len(place)] >= key(place) for row in rows]


def test_a_second_with_more_rows_than_fit_is_cut_by_whole_rows() -> None:
    hot: list[Row] = [(5, "a", float(number)) for number in range(6)]
    files: list[list[Row]] = [hot[::2], [(4, "z", None)], hot[1::2], [(6, "a", None)]]

    pieces = planned(files, 2)

    assert [(piece.at, piece.until) for piece in pieces] == [
        (None, (5,)),
        ((5,), (5, "a", 2.0)),
        ((5, "a", 2.0), (5, "a", 4.0)),
        ((5, "a", 4.0), (6,)),
        ((6,), None),
    ]
    assert [sorted(rows) for rows in contents(pieces, files)] == [
        [(4, "z", None)],
        hot[:2],
        hot[2:4],
        hot[4:],
        [(6, "a", None)],
    ]


def test_equal_rows_stay_together_however_many() -> None:
    files: list[list[Row]] = [[(5, "a", None)] * 9]

    assert [len(rows) for rows in contents(planned(files, 2), files) if rows] == [9]


def test_days_that_do_not_overlap_are_joined_as_long_as_they_fit() -> None:
    groups = [row_group(str(day), *[(10 * day, "a", None), (10 * day + 9, "a", None)] * 2) for day in range(5)]

    (pieces,) = plan([Range(None, None, tuple(reversed(groups)))], 8, never)

    assert pieces == [
        Piece(0, None, (20,), (groups[0], groups[1])),
        Piece(1, (20,), (40,), (groups[2], groups[3])),
        Piece(2, (40,), None, (groups[4],)),
    ]


def test_rows_that_fit_are_one_piece_without_bounds() -> None:
    group = row_group("a", (1, None, None), (9, None, None))

    assert plan([Range(None, None, (group,))], 2, never) == [[Piece(0, None, None, (group,))]]


def test_without_row_groups_there_are_no_pieces() -> None:
    assert plan([Range(None, None, ())], 1, never) == [[]]


def test_a_piece_has_at_most_the_rows_of_its_row_groups() -> None:
    groups = (RowGroup("a", 0, 7, 0, 1), RowGroup("a", 1, 5, 1, 2))

    assert Piece(0, None, (2,), groups).most_rows == 12


def test_a_row_group_with_a_late_event_is_read_by_several_pieces_and_each_takes_its_rows() -> None:
    files: list[list[Row]] = [[(1, "a", None), (2, "b", None)], [(2, "late", None), (9, "c", None)], [(8, "d", None)]]

    pieces = planned(files, 3)

    assert [[group.uri for group in piece.groups] for piece in pieces] == [["0", "1"], ["1", "2"]]
    assert contents(pieces, files) == [
        [(1, "a", None), (2, "b", None), (2, "late", None)],
        [(9, "c", None), (8, "d", None)],
    ]


def test_row_groups_that_span_a_day_are_not_cut_where_each_of_them_begins_and_ends() -> None:
    groups = tuple(RowGroup(str(number), 0, 10, number, 1_000 + number) for number in range(40))
    looked_at: list[Piece] = []

    def cut(pieces: Sequence[Piece]) -> list[list[Bound]]:
        looked_at.extend(pieces)
        return [[] for _ in pieces]

    plan([Range(None, None, groups)], 100, cut)

    # At each of the 80 places all of them together are too many: each of 80 pieces would read them all.
    assert [(piece.at, piece.until) for piece in looked_at] == [(None, (39,)), ((39,), (1_001,)), ((1_001,), None)]


def test_a_share_ends_with_the_row_group_that_fills_it() -> None:
    groups = [RowGroup("a", number, rows, 0, 1) for number, rows in enumerate([60, 60, 60, 200, 10])]

    assert [[group.number for group in share] for share in shares(groups, 100)] == [[0, 1], [2, 3], [4]]
    assert list(shares([], 100)) == []
