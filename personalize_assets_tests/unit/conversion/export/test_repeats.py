"""Keys that occur in several pieces, and which rows of a piece are exported; with hashes that collide, too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.export import repeats
from personalize_assets.conversion.export.daily_rows import row_groups
from personalize_assets.conversion.export.repeats import (
    DecideTask,
    HashTask,
    KeyTask,
    Matched,
    MatchTask,
    Pieces,
    decide,
    find_keys,
    first_of_each,
    hash_keys,
    hashes_of,
    is_among,
    match_hashes,
    repeated,
    repeated_in,
)
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


def test_the_hash_of_a_key_depends_on_the_message_and_the_place() -> None:
    keys = table(("a", 1, "m", 0), ("b", 2, "m", 0), ("a", 1, "m", 1), ("a", 1, "n", 0), ("a", 1, "n", 1))

    found = hashes_of(keys).tolist()

    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_repeated_hashes_are_those_that_occur_more_than_once() -> None:
    hashes = np.array([5, 1, 2**63, 5, 2**63, 7], np.uint64)

    assert sorted(set(repeated(hashes).tolist())) == [5, 2**63]
    assert is_among(hashes, np.array([5, 2**63], np.uint64)).tolist() == [True, False, True, True, True, False]


def across(folder: Path, starts: Sequence[int], *rows: Row) -> tuple[Matched, list[list[tuple[str, int]]]]:
    """What the hashes of one partition give, and the keys that each piece repeats."""
    daily = str(folder / "daily.parquet")
    pq.write_table(table(*rows), daily, row_group_size=2)
    groups = tuple(row_groups([daily], {}, "TIMESTAMP"))
    pieces = Pieces(tuple((start,) for start in starts), ("TIMESTAMP", "USER_ID"))
    (hashes,) = hash_keys(HashTask(0, groups, pieces, 1, f"{folder}/hashes", {}))
    matched = match_hashes(MatchTask((hashes,) if hashes else (), f"{folder}/matched", {}))
    if matched.file is None:
        return matched, []
    keys = find_keys(KeyTask(groups, pieces, (matched.file,), f"{folder}/keys", {}))
    assert keys is not None
    decided = decide(DecideTask((keys,), f"{folder}/decided", {}))
    files = [decided] if decided else []
    found = [repeated_in(files, piece, {}).to_pylist() for piece in range(len(starts) + 1)]
    return matched, [sorted((key[DEDUPE], key[POSITION]) for key in keys) for keys in found]


def test_a_key_of_several_pieces_repeats_in_all_but_the_first(tmp_path: Path) -> None:
    matched, found = across(
        tmp_path,
        [10, 20],
        ("a", 25, "m", 0), ("a", 5, "m", 0), ("a", 12, "m", 0), ("a", 13, "m", 0), ("a", 14, "n", 1), ("a", 24, "n", 1),
        ("a", 6, "n", 0), ("a", 7, "o", 0), ("a", 8, "o", 0), ("a", 9, None, 0), ("a", 19, None, 0),
    )  # fmt: skip

    assert matched == Matched(2, f"{tmp_path}/matched")
    assert found == [[], [("m", 0)], [("m", 0), ("n", 1)]]


def test_keys_that_repeat_within_their_piece_alone_are_not_looked_up(tmp_path: Path) -> None:
    assert across(tmp_path, [10], ("a", 5, "m", 0), ("a", 6, "m", 0), ("a", 15, "n", 0)) == (Matched(0, None), [])


def test_rows_without_messages_have_no_hashes(tmp_path: Path) -> None:
    assert across(tmp_path, [10], ("a", 5, None, 0), ("a", 15, None, 0)) == (Matched(0, None), [])


def test_keys_whose_hashes_collide_are_told_apart_by_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "hashes_of", lambda rows: np.zeros(rows.num_rows, np.uint64))

    assert across(tmp_path, [10], ("a", 5, "m", 0), ("a", 15, "n", 0))[1] == [[], []]
    assert across(tmp_path, [10], ("a", 5, "m", 0), ("a", 15, "n", 0), ("a", 16, "m", 0))[1] == [[], [("m", 0)]]


def test_hashes_are_spread_over_partitions_and_each_has_one(tmp_path: Path) -> None:
    daily = str(tmp_path / "daily.parquet")
    rows: list[Row] = [("a", number, f"m{number}", 0) for number in range(100)]
    pq.write_table(table(*rows), daily)
    groups = tuple(row_groups([daily], {}, "TIMESTAMP"))

    uris = hash_keys(HashTask(4, groups, Pieces(((50,),), ("TIMESTAMP", "USER_ID")), 3, f"{tmp_path}/hashes", {}))

    assert uris == [f"{tmp_path}/hashes-4-{partition}" for partition in range(3)]
    tables = [pq.read_table(uri) for uri in uris if uri]
    assert all(20 <= each.num_rows <= 50 for each in tables)
    found = {row["hash"]: row["piece"] for each in tables for row in each.to_pylist()}
    assert found == {int(hash): int(number >= 50) for number, hash in enumerate(hashes_of(table(*rows)))}
