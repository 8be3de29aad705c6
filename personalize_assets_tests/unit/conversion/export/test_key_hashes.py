"""Files of hashes: what they hold, what is read of them, and how those of a month are kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.export import key_hashes
from personalize_assets.conversion.export.daily_rows import row_groups
from personalize_assets.conversion.export.key_hashes import (
    BUCKETS,
    PieceHashTask,
    Rehashed,
    RunTask,
    buckets_of,
    hash_piece,
    hashes_of,
    read_run,
    rehash,
    run_tasks,
)
from personalize_assets.conversion.export.pieces import Piece, RowGroup
from personalize_assets.conversion.kept import HashRun
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, POSITION
from personalize_assets.conversion.reading.filesystem import FileSystem

SCHEMA = pa.schema([("TIMESTAMP", pa.int64()), (DEDUPE, pa.string()), (POSITION, pa.int32())])
Row = tuple[int, str | None, int]
"""A time, message and place."""


def table(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)


def daily(file: Path, *rows: Row) -> list[RowGroup]:
    pq.write_table(table(*rows), file)
    return row_groups([str(file)], {}, "TIMESTAMP")


def hashes(*messages: str) -> list[int]:
    return sorted(hashes_of(table(*[(0, message, 0) for message in messages])).tolist())


def read(run: HashRun | None) -> list[int]:
    return [] if run is None else read_run(FileSystem(), run, 0, BUCKETS).tolist()


def rehashed(
    folder: Path, groups: Sequence[RowGroup], runs: Sequence[HashRun] = (), drop: Sequence[str] = ()
) -> Rehashed:
    task = RunTask(10, 20, tuple(runs), tuple(drop), tuple(groups), f"{folder}/run-{len(runs)}", f"{folder}/t", {})
    return rehash(task)


def test_the_hash_of_a_key_depends_on_the_message_and_the_place() -> None:
    keys = table((1, "m", 0), (2, "m", 0), (1, "m", 1), (1, "n", 0), (1, "n", 1))

    found = hashes_of(keys).tolist()

    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_the_hashes_of_a_piece_are_sorted_and_each_once(tmp_path: Path) -> None:
    groups = daily(tmp_path / "a", (5, "m", 0), (6, "m", 0), (7, "n", 0), (8, None, 0), (50, "late", 0))
    piece = Piece(0, (1,), (50,), tuple(groups))

    run = hash_piece(PieceHashTask(piece, ("TIMESTAMP",), f"{tmp_path}/hashes", {}))

    assert read(run) == hashes("m", "n")


def test_a_piece_without_messages_has_no_file(tmp_path: Path) -> None:
    piece = Piece(0, None, None, tuple(daily(tmp_path / "a", (8, None, 0))))

    assert hash_piece(PieceHashTask(piece, ("TIMESTAMP",), f"{tmp_path}/hashes", {})) is None
    assert not (tmp_path / "hashes").exists()


def test_buckets_are_read_alone(tmp_path: Path) -> None:
    messages = [f"m{number}" for number in range(1_000)]
    piece = Piece(0, None, None, tuple(daily(tmp_path / "a", *[(1, message, 0) for message in messages])))

    run = hash_piece(PieceHashTask(piece, ("TIMESTAMP",), f"{tmp_path}/hashes", {}))

    assert run is not None
    assert run.hashes == 1_000
    parts = [read_run(FileSystem(), run, first, first + 64) for first in range(0, BUCKETS, 64)]
    assert np.concatenate(parts).tolist() == hashes(*messages)
    assert [set(buckets_of(part).tolist()) <= set(range(64 * n, 64 * n + 64)) for n, part in enumerate(parts)] == [
        True
    ] * 4


def test_a_month_has_the_hashes_of_its_rows_alone(tmp_path: Path) -> None:
    found = rehashed(tmp_path, daily(tmp_path / "a", (9, "before", 0), (10, "m", 0), (19, "n", 0), (20, "after", 0)))

    assert read(found.run) == read(found.touched) == hashes("m", "n")


def test_a_new_daily_file_touches_its_own_hashes(tmp_path: Path) -> None:
    before = rehashed(tmp_path, daily(tmp_path / "a", (10, "m", 0), (11, "n", 0))).run
    assert before is not None

    found = rehashed(tmp_path, daily(tmp_path / "b", (12, "n", 0), (13, "o", 0)), [before])

    assert read(found.run) == hashes("m", "n", "n", "o")
    assert read(found.touched) == hashes("n", "o")
    assert found.run is not None
    assert found.run.of == (f"{tmp_path}/a", f"{tmp_path}/b")


def test_a_daily_file_that_is_gone_takes_its_hashes_along_and_is_not_read(tmp_path: Path) -> None:
    groups = [*daily(tmp_path / "a", (10, "m", 0), (11, "n", 0)), *daily(tmp_path / "b", (12, "n", 0), (13, "o", 0))]
    before = rehashed(tmp_path, groups).run
    assert before is not None
    (tmp_path / "a").unlink()

    found = rehashed(tmp_path, [], [before], [f"{tmp_path}/a"])

    assert read(found.run) == hashes("n", "o")
    assert read(found.touched) == hashes("m", "n")


def test_a_month_that_is_gone_leaves_no_run(tmp_path: Path) -> None:
    before = rehashed(tmp_path, daily(tmp_path / "a", (10, "m", 0))).run
    assert before is not None

    found = rehashed(tmp_path, [], [before], [f"{tmp_path}/a"])

    assert found.run is None
    assert read(found.touched) == hashes("m")


# -- which runs are written again ------------------------------------------------------------------------------------


def run_of(size: int, *files: str) -> HashRun:
    return HashRun(f"run of {files}", (size,) * BUCKETS, files)


def group_of(file: str, rows: int) -> RowGroup:
    return RowGroup(file, 0, rows, 10, 11)


def planned(
    former: Sequence[HashRun], groups: Sequence[RowGroup]
) -> tuple[list[HashRun], list[tuple[tuple[HashRun, ...], tuple[str, ...], list[str]]]]:
    """The runs that stay, and for each task its runs, what is dropped, and the new files."""
    stay, tasks = run_tasks(10, 20, former, groups, ("to", "touched"), {})
    return stay, [(task.runs, task.drop, [group.uri for group in task.groups]) for task in tasks]


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_hashes, "MAX_RUN", 100)
    monkeypatch.setattr(key_hashes, "_SMALL_RUN", 50)


def test_small_runs_and_new_files_become_one_run() -> None:
    small = run_of(20, "a")

    assert planned([small], [group_of("a", 20), group_of("b", 30)]) == ([], [((small,), (), ["b"])])


def test_large_runs_stay() -> None:
    large, small = run_of(90, "a"), run_of(20, "b")

    assert planned([large, small], [group_of("a", 90), group_of("b", 20), group_of("c", 30)]) == (
        [large],
        [((small,), (), ["c"])],
    )


def test_a_run_with_a_file_that_is_gone_is_written_again() -> None:
    large = run_of(90, "a", "b")

    assert planned([large], [group_of("a", 40)]) == ([], [((large,), ("b",), [])])


def test_more_new_rows_than_fit_become_several_runs() -> None:
    small = run_of(20, "a")
    groups = [group_of("a", 20), *(group_of(file, 30) for file in "bcde")]

    assert planned([small], groups) == ([small], [((), (), [file]) for file in "bcde"])


def test_a_month_without_changes_has_no_tasks() -> None:
    large = run_of(90, "a")

    assert planned([large], [group_of("a", 90)]) == ([large], [])
