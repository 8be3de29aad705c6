"""The CSV of interactions, sorted and each message once, however small the pieces are."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import interactions, key_hashes, repeat_search, repeats
from personalize_assets.conversion.export.exported import Places
from personalize_assets.conversion.export.interactions import export_interactions, export_order
from personalize_assets.conversion.export.part_writer import Target
from personalize_assets.conversion.kept import PartReport
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.spec import DailyFiles
from personalize_assets.conversion.spread import in_turn

DATASET = Dataset(
    "interactions",
    (Column("USER_ID", ("user",)), Column("ITEM_ID", ("item",)), Column("TIMESTAMP", ("time",), type="timestamp")),
    where={},
)
DAILY = daily_schema(DATASET)
SCHEMA = pa.schema([DAILY.field(column.name) for column in DATASET.columns])
Row = tuple[str, str, int, str | None, int]
"""A user, item, time, message and place in ``each``."""

# Each example writes and reads files: a sixth of the profile's number are enough.
_EXAMPLES = settings().max_examples // 6

ROW = st.tuples(
    st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 5), st.sampled_from(["m", "n", "o", None]),
    st.integers(0, 1),
)  # fmt: skip
FILES = st.lists(st.lists(ROW, max_size=8), max_size=4)


@pytest.fixture(params=["64 bits", "collisions"])
def _hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also hashes of one bit, which most keys share."""
    if request.param == "collisions":
        hashes_of = key_hashes.hashes_of
        for module in (key_hashes, repeats):
            monkeypatch.setattr(module, "hashes_of", lambda rows: hashes_of(rows) & np.uint64(1) << np.uint64(56))


def export(files: Sequence[Sequence[Row]], group: int = 3) -> tuple[list[str], tuple[PartReport, ...]]:
    """The lines of the parts one after another, and the parts. Each file is a daily file."""
    with tempfile.TemporaryDirectory() as folder:
        daily = []
        for number, rows in enumerate(files):
            table = pa.Table.from_pylist([dict(zip(DAILY.names, row, strict=True)) for row in rows], DAILY)
            pq.write_table(table, f"{folder}/{number}.parquet", row_group_size=group)
            daily.append(f"{folder}/{number}.parquet")
        target = Target(SCHEMA, f"{folder}/csv", None, {}, DATASET)
        places = Places(f"{folder}/scratch", f"{folder}/kept")
        parts = export_interactions([DailyFiles("2026-10-01", tuple(daily))], target, places, None, in_turn).parts
        csv = "".join(Path(part.csv).read_text() for part in parts if part.csv)
    return csv.splitlines(), parts


def expected(files: Sequence[Sequence[Row]]) -> list[str]:
    seen: set[tuple[Any, ...]] = set()
    lines = []
    for user, item, time, message, place in sorted(
        (row for rows in files for row in rows), key=lambda row: (row[2], row[0], row[1])
    ):
        key = (user, item, time) if message is None else (message, place)
        if key not in seen:
            seen.add(key)
            lines.append(f"{user},{item},{time}")
    return lines


def test_interactions_are_ordered_by_time_and_then_by_every_column_from_left_to_right() -> None:
    assert export_order(DATASET) == ["TIMESTAMP", "USER_ID", "ITEM_ID"]


def test_a_message_that_comes_twice_counts_once_whatever_else_it_has() -> None:
    lines, (part,) = export([[("b", "x", 2, "m", 0)], [("a", "x", 1, "m", 0), ("a", "y", 1, "m", 1)]])

    assert lines == ["a,x,1", "a,y,1"]
    assert (part.rows, part.copies) == (2, 3)


def test_equal_interactions_of_different_messages_are_all_exported() -> None:
    lines, _ = export([[("a", "x", 1, "m", 0), ("a", "x", 1, "n", 0)]])

    assert lines == ["a,x,1", "a,x,1"]


def test_without_daily_files_there_are_no_parts() -> None:
    assert export([]) == ([], ())


def test_a_message_counts_once_in_pieces_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "MAX_PIECE_ROWS", 1)

    lines, parts = export([[("a", "x", 1, "m", 0)], [("b", "y", 5, "n", 0)], [("c", "z", 9, "m", 0)]])

    assert lines == ["a,x,1", "b,y,5"]
    assert [(part.part, part.rows, part.copies) for part in parts] == [
        (0, 1, 1),
        (1, 1, 1),
        (2, 0, 1),
    ]


def test_a_second_with_more_rows_than_fit_is_written_in_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "MAX_PIECE_ROWS", 50)
    rows: list[Row] = [(f"u{number:03}", "x", 7, f"m{number % 150}", 0) for number in range(200)]

    lines, parts = export([rows[::2], rows[1::2]])

    assert lines == [f"u{number:03},x,7" for number in range(150)]
    assert sum(part.copies for part in parts) == 200
    assert max(part.copies for part in parts) <= 100


@pytest.mark.usefixtures("_hashes")
@settings(max_examples=_EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, max_rows=st.integers(1, 12), hashes=st.integers(3, 12), group=st.integers(1, 3))
def test_the_csv_does_not_depend_on_pieces_partitions_rounds_and_row_groups(
    files: list[list[Row]], max_rows: int, hashes: int, group: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interactions, "MAX_PIECE_ROWS", max_rows)
        patch.setattr(repeat_search, "MAX_TASK_HASHES", hashes)
        patch.setattr(repeat_search, "_MAX_ROUND_HASHES", 1)
        patch.setattr(repeat_search, "MAX_SHARE_ROWS", max_rows)
        lines, parts = export(files, group)

    assert lines == expected(files)
    assert sum(part.copies for part in parts) == sum(map(len, files))
    assert [part.part for part in parts] == list(range(len(parts)))
