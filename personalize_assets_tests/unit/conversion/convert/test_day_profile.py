"""The numbers of a day's rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.spec import DayProfile

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", required=True),
        Column("EVENT_TYPE", required=True),
        Column("TIMESTAMP", type="timestamp", required=True),
        Column("COLOUR"),
    ),
    {},
)
ITEMS = Dataset("items", (Column("ITEM_ID", required=True),), {})
START = 1790812800  # 2026-10-01T00:00:00Z


def table(dataset: Dataset, *rows: tuple[Any, ...]) -> pa.Table:
    names = [column.name for column in dataset.columns]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], daily_schema(dataset))


def test_the_profile_of_a_day_counts_nulls_events_and_hours() -> None:
    day = DayProfileBuilder(INTERACTIONS)
    day.add(table(INTERACTIONS, ("u1", "View", START + 50, None), ("u2", "View", START + 3700, "red")))
    day.add(table(INTERACTIONS, ("u3", "Buy", START + 20, None)))
    assert day.build() == DayProfile(
        nulls={"USER_ID": 0, "EVENT_TYPE": 0, "TIMESTAMP": 0, "COLOUR": 2},
        events={"View": 2, "Buy": 1},
        hours={"0": 2, "1": 1},
        times=(START + 20, START + 3700),
        preview=(
            {"USER_ID": "u1", "EVENT_TYPE": "View", "TIMESTAMP": START + 50, "COLOUR": None},
            {"USER_ID": "u2", "EVENT_TYPE": "View", "TIMESTAMP": START + 3700, "COLOUR": "red"},
            {"USER_ID": "u3", "EVENT_TYPE": "Buy", "TIMESTAMP": START + 20, "COLOUR": None},
        ),
    )


def test_users_and_items_have_no_events_hours_and_times() -> None:
    day = DayProfileBuilder(ITEMS)
    day.add(table(ITEMS, ("i1",)))
    assert day.build() == DayProfile(nulls={"ITEM_ID": 0}, preview=({"ITEM_ID": "i1"},))


def test_a_preview_has_ten_rows() -> None:
    day = DayProfileBuilder(ITEMS)
    for start in (0, 7, 14):
        day.add(table(ITEMS, *[(f"i{number}",) for number in range(start, start + 7)]))
    assert [row["ITEM_ID"] for row in day.build().preview] == [f"i{number}" for number in range(10)]


def test_a_profile_of_no_rows_is_empty() -> None:
    assert DayProfileBuilder(ITEMS).build() == DayProfile(nulls={"ITEM_ID": 0})
