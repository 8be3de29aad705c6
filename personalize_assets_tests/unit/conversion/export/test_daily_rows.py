"""Row groups of daily files, and the rows of pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.export.daily_rows import read_groups, read_piece, row_groups
from personalize_assets.conversion.export.pieces import Piece, RowGroup
from personalize_assets.conversion.reading.file_errors import UnreadableDailyFile

ORDER = ["TIMESTAMP", "USER_ID"]
SCHEMA = pa.schema([("USER_ID", pa.string()), ("TIMESTAMP", pa.int64())])
WHAT_TO_DO = "; materialize the daily datasets of that day again"


def daily(file: Path, *rows: tuple[str, int], group: int = 2, statistics: bool = True) -> str:
    table = pa.Table.from_pylist([{"USER_ID": user, "TIMESTAMP": time} for user, time in rows], SCHEMA)
    pq.write_table(table, file, row_group_size=group, write_statistics=statistics)
    return str(file)


def pairs(batches: Sequence[pa.RecordBatch]) -> list[tuple[str, int]]:
    return [(row["USER_ID"], row["TIMESTAMP"]) for batch in batches for row in batch.to_pylist()]


def test_row_groups_have_the_range_of_their_times(tmp_path: Path) -> None:
    a = daily(tmp_path / "a", ("u", 5), ("u", 3), ("u", 9))
    b = daily(tmp_path / "b", ("u", 1))

    assert row_groups([a, b], {}, "TIMESTAMP") == [
        RowGroup(a, 0, 2, 3, 5),
        RowGroup(a, 1, 1, 9, 9),
        RowGroup(b, 0, 1, 1, 1),
    ]


def test_row_groups_without_a_time_column_begin_and_end_at_zero(tmp_path: Path) -> None:
    a = daily(tmp_path / "a", ("u", 5))

    assert row_groups([a], {}, None) == [RowGroup(a, 0, 1, 0, 0)]


def test_a_row_group_without_statistics_may_hold_any_time(tmp_path: Path) -> None:
    a = daily(tmp_path / "a", ("u", 5), statistics=False)

    assert row_groups([a], {}, "TIMESTAMP") == [RowGroup(a, 0, 1, -(2**63), 2**63 - 1)]


def test_a_file_without_rows_has_no_row_groups(tmp_path: Path) -> None:
    assert row_groups([daily(tmp_path / "a")], {}, "TIMESTAMP") == []


def test_only_the_named_row_groups_and_columns_are_read(tmp_path: Path) -> None:
    a = daily(tmp_path / "a", ("u", 1), ("v", 2), ("w", 3))
    b = daily(tmp_path / "b", ("x", 4))
    groups = [RowGroup(b, 0, 1, 0, 0), RowGroup(a, 1, 1, 0, 0)]

    assert [batch.to_pylist() for batch in read_groups(groups, ["USER_ID"], {})] == [
        [{"USER_ID": "x"}],
        [{"USER_ID": "w"}],
    ]


def test_the_rows_of_a_piece_are_from_its_begin_to_before_its_end(tmp_path: Path) -> None:
    a = daily(tmp_path / "a", ("a", 1), ("a", 2), ("b", 2), ("c", 2), ("a", 3), ("b", 3), group=100)
    groups = tuple(row_groups([a], {}, "TIMESTAMP"))

    def piece(at: tuple[int | str, ...] | None, until: tuple[int | str, ...] | None) -> list[tuple[str, int]]:
        return pairs(list(read_piece(Piece(0, at, until, groups), ORDER, SCHEMA.names, {})))

    assert piece((2, "b"), (3, "b")) == [("b", 2), ("c", 2), ("a", 3)]
    assert piece(None, (2,)) == [("a", 1)]
    assert piece((3,), None) == [("a", 3), ("b", 3)]
    assert piece((4,), None) == []


def test_a_missing_daily_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    there, gone = daily(tmp_path / "a", ("u", 1)), f"{tmp_path}/gone"

    with pytest.raises(UnreadableDailyFile) as footers:
        row_groups([there, gone], {}, "TIMESTAMP")
    with pytest.raises(UnreadableDailyFile) as rows:
        list(read_groups([RowGroup(gone, 0, 1, 0, 0)], SCHEMA.names, {}))

    for error in (footers, rows):
        assert re.fullmatch(rf"{re.escape(gone)} cannot be read: .+{WHAT_TO_DO}", str(error.value), re.DOTALL)


def test_a_daily_file_that_is_no_parquet_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("no Parquet")

    with pytest.raises(UnreadableDailyFile, match=rf"(?s)/a cannot be read: .+{WHAT_TO_DO}$"):
        row_groups([str(tmp_path / "a")], {}, "TIMESTAMP")


def test_a_daily_file_with_damaged_rows_is_named_with_what_to_do(tmp_path: Path) -> None:
    a = Path(daily(tmp_path / "a", *(("u" * number, number) for number in range(200)), group=200))
    groups = row_groups([str(a)], {}, "TIMESTAMP")
    data = bytearray(a.read_bytes())
    data[4:40] = b"\xff" * 36  # behind the magic bytes: the first page's header
    a.write_bytes(data)

    with pytest.raises(UnreadableDailyFile, match=rf"(?s)/a cannot be read: .+{WHAT_TO_DO}$"):
        list(read_groups(groups, SCHEMA.names, {}))
