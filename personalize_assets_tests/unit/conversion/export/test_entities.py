"""The CSV and table of users and items: one row per id in the order of ids, however many rows fit into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import entities
from personalize_assets.conversion.export.entities import export_entities, export_table
from personalize_assets.conversion.export.exported import Places
from personalize_assets.conversion.export.part_writer import Target
from personalize_assets.conversion.kept import PartReport
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.spec import DailyFiles
from personalize_assets.conversion.spread import in_turn

DATASET = Dataset(
    "items",
    (
        Column("ITEM_ID", ("item",), required=True),
        Column("COLOUR", ("colour",)),
        Column("PRICE", ("price",), type="float"),
        Column("FIRST_COLOUR", ("colour",), keep="first"),
    ),
    where={},
)
DAILY = daily_schema(DATASET)
SCHEMA = pa.schema([DAILY.field(column.name) for column in DATASET.columns])
YEAR_2026 = 1_767_225_600_000_000_000
Row = tuple[str | None, str | None, float | None, int | None, str | None]
"""An id, its colour and price, the time and the message."""

# Each example writes and reads files: a sixth of the profile's number are enough.
_EXAMPLES = settings().max_examples // 6

ROW = st.tuples(
    st.sampled_from(["i", "j", "k", "ü", "z", "\U0001f600", "\uffff", None]),
    st.sampled_from(["blue", "red", None]),
    st.sampled_from([2.0, 10.0, None]),
    st.sampled_from([YEAR_2026, YEAR_2026 + 1, None]),
    st.sampled_from(["m", "n", None]),
)
FILES = st.lists(st.lists(ROW, max_size=10), max_size=5)


def export(files: Sequence[Sequence[Row]]) -> tuple[list[tuple[Any, ...]], tuple[PartReport, ...]]:
    """The rows of the table's files one after another, and the parts; their CSVs have the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        daily = []
        for number, rows in enumerate(files):
            values = [(id, colour, price, colour, time, message) for id, colour, price, time, message in rows]
            table = pa.Table.from_pylist([dict(zip(DAILY.names, row, strict=True)) for row in values], DAILY)
            pq.write_table(table, f"{folder}/{number}.parquet", row_group_size=3)
            daily.append(f"{folder}/{number}.parquet")
        target = Target(SCHEMA, f"{folder}/csv", f"{folder}/table", {}, DATASET)
        days = [DailyFiles(f"2026-{number % 3 + 1:02}-01", (file,)) for number, file in enumerate(daily)]
        places = Places(f"{folder}/scratch", f"{folder}/kept")
        parts = export_entities(days, target, places, None, in_turn).parts
        written = [pq.read_table(part.parquet).to_pylist() for part in parts if part.parquet]
        found = [tuple(row.values()) for rows in written for row in rows]
        csv = "".join(Path(part.csv).read_text() for part in parts if part.csv)
        assert csv == "".join(map(line, found))
    return found, parts


def line(row: tuple[Any, ...]) -> str:
    id, colour, price, first = row
    return f"{id or ''},{colour or ''},{'' if price is None else int(price)},{first or ''}\n"


def expected(files: Sequence[Sequence[Row]]) -> list[tuple[Any, ...]]:
    def best(of_id: Sequence[Any], place: int, *, first: bool = False) -> Any:
        valued = [
            (row[3] or 0, row[5], row[4] is not None, row[4] or "", row[place])
            for row in of_id
            if row[place] is not None
        ]
        return (min(valued) if first else max(valued))[-1] if valued else None

    # The files arrived in three months, in turn.
    rows = [(*row, number % 3) for number, of_file in enumerate(files) for row in of_file]
    found = []
    for id in sorted({row[0] for row in rows}, key=lambda id: (id is not None, (id or "").encode())):
        of_id = [row for row in rows if row[0] == id]
        found.append((id, best(of_id, 1), best(of_id, 2), best(of_id, 1, first=True)))
    return found


def test_an_id_has_one_row_with_the_latest_values_of_all_days() -> None:
    rows, (part,) = export(
        [
            [("j", "red", None, YEAR_2026, "m"), ("i", "blue", 2.0, YEAR_2026, "n")],
            [("i", "red", None, YEAR_2026 + 1, "m")],
        ]
    )

    assert rows == [("i", "red", 2.0, "blue"), ("j", "red", None, "red")]
    assert (part.rows, part.copies) == (2, 3)


def test_without_daily_files_there_is_one_empty_part() -> None:
    rows, (part,) = export([])

    assert (rows, part.rows, part.copies, part.csv) == ([], 0, 0, None)


def test_more_ids_than_fit_are_written_in_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entities, "MAX_ROWS", 20)
    ids = [f"i{number:03}" for number in range(100)]

    rows, parts = export([[(id, "red", None, YEAR_2026, "m") for id in ids] for _ in range(3)])

    assert rows == [(id, "red", None, "red") for id in ids]
    assert [part.part for part in parts] == list(range(len(parts)))
    assert len(parts) >= 5
    assert max(part.copies for part in parts) <= 60
    assert sum(part.copies for part in parts) == 300


@settings(max_examples=_EXAMPLES)
@given(FILES, st.integers(1, 12))
def test_the_csv_does_not_depend_on_how_many_rows_fit(files: list[list[Row]], max_rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entities, "MAX_ROWS", max_rows)
        rows, parts = export(files)

    assert rows == expected(files)
    assert sum(part.copies for part in parts) == sum(map(len, files))


def test_the_csv_of_a_table_has_a_part_for_each_of_its_files(tmp_path: Path) -> None:
    table = []
    for number, ids in enumerate((["a", "b"], ["c"])):
        rows = [{"ITEM_ID": id, "COLOUR": None, "PRICE": 1.5, "FIRST_COLOUR": "red"} for id in ids]
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), tmp_path / f"{number}.parquet")
        table.append(str(tmp_path / f"{number}.parquet"))

    parts = export_table(table, Target(SCHEMA, f"{tmp_path}/csv", None, {}, DATASET), in_turn).parts

    assert [(part.part, part.rows, part.copies) for part in parts] == [(0, 2, 2), (1, 1, 1)]
    assert [(tmp_path / f"csv/0000{number}.csv").read_text() for number in range(2)] == [
        "a,,1.5,red\nb,,1.5,red\n", "c,,1.5,red\n",
    ]  # fmt: skip
