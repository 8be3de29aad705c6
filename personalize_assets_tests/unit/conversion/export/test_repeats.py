"""Keys that occur in several pieces, and which rows of a piece are exported; with hashes that collide, too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.export import key_hashes, repeats
from personalize_assets.conversion.export.daily_rows import row_groups
from personalize_assets.conversion.export.key_hashes import BUCKETS, PieceHashTask, hash_piece, hashes_of
from personalize_assets.conversion.export.pieces import Piece
from personalize_assets.conversion.export.repeats import (
    DecideTask,
    KeyTask,
    Matched,
    MatchTask,
    Unit,
    Units,
    decide,
    find_keys,
    first_of_each,
    is_among,
    match_hashes,
    repeated,
    repeated_in,
    units_that_differ,
)
from personalize_assets.conversion.kept import HashRun
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION

COLUMNS = ["USER_ID", "TIMESTAMP"]
SCHEMA = pa.schema([("USER_ID", pa.string()), ("TIMESTAMP", pa.int64()), (DEDUPE, pa.string()), (POSITION, pa.int32())])
Row = tuple[str | None, int, str | None, int]
NO_KEYS = pa.table({DEDUPE: pa.array([], pa.string()), POSITION: pa.array([], pa.int32())})


@pytest.fixture(params=["64 bits", "collisions"])
def _hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "collisions":
        monkeypatch.setattr(repeats, "hashes_of", lambda rows: np.zeros(rows.num_rows, np.uint64))


def table(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)


def first(*rows: Row, earlier: pa.Table = NO_KEYS) -> list[bool]:
    return [bool(each) for each in first_of_each(table(*rows), COLUMNS, earlier)]


@pytest.mark.usefixtures("_hashes")
def test_of_rows_with_the_same_message_and_place_the_first_is_exported() -> None:
    assert first(
        ("a", 1, "m", 0), ("a", 1, "m", 1), ("a", 1, "n", 0), ("b", 2, "m", 0), ("b", 2, "o", 0), ("c", 3, "n", 0)
    ) == [True, True, True, False, True, False]


@pytest.mark.usefixtures("_hashes")
def test_rows_without_a_message_are_one_if_they_are_equal_in_every_column() -> None:
    assert first((None, 1, None, 0), (None, 1, None, 1), (None, 1, "m", 0), ("a", 1, None, 0), ("a", 2, None, 0)) == [
        True,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.usefixtures("_hashes")
def test_a_row_whose_key_an_earlier_piece_exports_is_not_exported() -> None:
    earlier = pa.table({DEDUPE: ["m", "x"], POSITION: pa.array([0, 0], pa.int32())})

    assert first(("a", 1, "m", 0), ("a", 1, "m", 1), ("a", 1, None, 0), ("b", 1, "n", 0), earlier=earlier) == [
        False, True, True, True,
    ]  # fmt: skip


def test_no_rows_have_no_first() -> None:
    assert first() == []


def test_repeated_hashes_are_those_that_occur_more_than_once() -> None:
    hashes = np.array([5, 1, 2**63, 5, 2**63, 7], np.uint64)

    assert sorted(set(repeated(hashes).tolist())) == [5, 2**63]
    assert is_among(hashes, np.array([5, 2**63], np.uint64)).tolist() == [True, False, True, True, True, False]


def across(folder: Path, starts: Sequence[int], *rows: Row) -> tuple[Matched, list[list[tuple[str, int]]]]:
    """What the hashes of one task give, and the keys that each piece repeats."""
    daily = str(folder / "daily.parquet")
    pq.write_table(table(*rows), daily, row_group_size=2)
    groups = tuple(row_groups([daily], {}, "TIMESTAMP"))
    bounds = [None, *((start,) for start in starts), None]
    order = ("TIMESTAMP", "USER_ID")
    pieces = [Piece(number, at, until, groups) for number, (at, until) in enumerate(pairwise(bounds))]
    runs = [hash_piece(PieceHashTask(piece, order, f"{folder}/hashes-{piece.number}", {})) for piece in pieces]
    units = tuple(Unit(number, (run,), (run,)) for number, run in enumerate(runs) if run)
    matched = match_hashes(MatchTask(units, 0, BUCKETS, (), f"{folder}/all", f"{folder}/kept", {}))
    if matched.file is None:
        return matched, []
    about = Units(tuple((start,) for start in starts), tuple(range(len(pieces))), order)
    keys = find_keys(KeyTask(groups, about, (matched.file,), f"{folder}/keys", {}))
    assert keys is not None
    decided = decide(DecideTask((keys,), f"{folder}/decided", {}))
    files = [decided] if decided else []
    found = [repeated_in(files, piece.number, {}).to_pylist() for piece in pieces]
    return matched, [sorted((key[DEDUPE], key[POSITION]) for key in keys) for keys in found]


def test_a_key_of_several_pieces_repeats_in_all_but_the_first(tmp_path: Path) -> None:
    matched, found = across(
        tmp_path,
        [10, 20],
        ("a", 25, "m", 0), ("a", 5, "m", 0), ("a", 12, "m", 0), ("a", 13, "m", 0), ("a", 14, "n", 1), ("a", 24, "n", 1),
        ("a", 6, "n", 0), ("a", 7, "o", 0), ("a", 8, "o", 0), ("a", 9, None, 0), ("a", 19, None, 0),
    )  # fmt: skip

    assert matched == Matched(2, f"{tmp_path}/all-matched-0", (0, 1, 2))
    assert found == [[], [("m", 0)], [("m", 0), ("n", 1)]]


def test_keys_that_repeat_within_their_piece_alone_are_not_looked_up(tmp_path: Path) -> None:
    assert across(tmp_path, [10], ("a", 5, "m", 0), ("a", 6, "m", 0), ("a", 15, "n", 0)) == (Matched(0), [])


def test_rows_without_messages_have_no_hashes(tmp_path: Path) -> None:
    assert across(tmp_path, [10], ("a", 5, None, 0), ("a", 15, None, 0)) == (Matched(0), [])


def test_keys_whose_hashes_collide_are_told_apart_by_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (key_hashes, repeats):
        monkeypatch.setattr(module, "hashes_of", lambda rows: np.zeros(rows.num_rows, np.uint64))

    assert across(tmp_path, [10], ("a", 5, "m", 0), ("a", 15, "n", 0))[1] == [[], []]
    assert across(tmp_path, [10], ("a", 5, "m", 0), ("a", 15, "n", 0), ("a", 16, "m", 0))[1] == [[], [("m", 0)]]


def run_of(file: Path, *hashes: int) -> HashRun:
    """A file of hashes below 2^56, which are all in the first bucket."""
    file.write_bytes(np.array(sorted(hashes), "<u8").tobytes())
    return HashRun(str(file), (len(hashes),) * BUCKETS)


def matched(folder: Path, units: Sequence[Unit], repeated: Sequence[str] = ()) -> tuple[list[int], Matched]:
    found = match_hashes(MatchTask(tuple(units), 0, BUCKETS, tuple(repeated), f"{folder}/m", f"{folder}/k", {}))
    return (np.fromfile(found.file, "<u8").tolist() if found.file else []), found


def test_only_hashes_that_came_or_went_are_compared(tmp_path: Path) -> None:
    old, new = run_of(tmp_path / "old", 1, 2, 3), run_of(tmp_path / "new", 1, 2, 9)

    hashes, found = matched(tmp_path, [Unit(5, (old,), ()), Unit(6, (new,), (run_of(tmp_path / "touched", 2, 3, 9),))])

    assert hashes == [2]
    assert found.units == (5, 6)


def test_keys_found_before_are_settled_unless_their_hash_came_or_went(tmp_path: Path) -> None:
    keys = pa.table({DEDUPE: ["m", "n"], POSITION: pa.array([0, 0], pa.int32()), "unit": pa.array([6, 6], pa.int32())})
    pq.write_table(keys, tmp_path / "before")
    touched = hashes_of(table(("a", 1, "n", 0)))
    file = tmp_path / "touched"
    file.write_bytes(touched.astype("<u8").tobytes())
    ends = tuple(int(touched[0] >> np.uint64(56)) <= bucket for bucket in range(BUCKETS))

    _, found = matched(tmp_path, [Unit(6, (), (HashRun(str(file), tuple(map(int, ends))),))], [f"{tmp_path}/before"])

    assert found.settled is not None
    assert found.doubtful is not None
    assert pq.read_table(found.settled).column(DEDUPE).to_pylist() == ["m"]
    assert pq.read_table(found.doubtful).column(DEDUPE).to_pylist() == ["n"]


def test_units_differ_if_keys_came_or_went(tmp_path: Path) -> None:
    def keys(name: str, *found: tuple[str, int]) -> str:
        schema = pa.schema([(DEDUPE, pa.string()), (POSITION, pa.int32()), ("unit", pa.int32())])
        rows = [{DEDUPE: key, POSITION: 0, "unit": unit} for key, unit in found]
        pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / name)
        return str(tmp_path / name)

    doubtful, decided = keys("a", ("m", 1), ("n", 2), ("x", 4)), keys("b", ("m", 1), ("o", 3), ("y", 5))

    assert units_that_differ([doubtful], [decided], {1, 2, 3}, {}) == {2, 3}
    assert units_that_differ([], [], {1}, {}) == set()
