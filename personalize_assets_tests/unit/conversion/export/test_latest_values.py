"""One row per id: each column from the latest event that has a value, in whatever groups rows are reduced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export.latest_values import candidates, from_day, latest
from personalize_assets.conversion.mapping.daily_schema import ARRIVAL_DAY, COPIES, EVENT_TIME, MESSAGE_ID

COLUMNS = (
    Column("ITEM_ID", ("item",), required=True),
    Column("COLOUR", ("colour",)),
    Column("PRICE", ("price",), type="float"),
    Column("FIRST_COLOUR", ("colour",), keep="first"),
)
SCHEMA = pa.schema(
    [("ITEM_ID", pa.string()), ("COLOUR", pa.string()), ("PRICE", pa.float64()), ("FIRST_COLOUR", pa.string()),
     (EVENT_TIME, pa.int64()), (MESSAGE_ID, pa.string())]
)  # fmt: skip
YEAR_2026 = 1_767_225_600_000_000_000
FIRST = date(2026, 10, 1)
Row = tuple[str | None, str | None, float | None, int | None, str | None]
"""An id, its colour and price, the time and the message."""

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["i", "j", "k", "ü", None]),
        st.sampled_from(["blue", "red", None]),
        st.sampled_from([2.0, 10.0, None]),
        st.sampled_from([YEAR_2026, YEAR_2026 + 1, None]),
        st.sampled_from(["m", "n", None]),
    ),
    max_size=14,
)
DAYS = st.lists(st.integers(0, 2), min_size=14, max_size=14)


def table(rows: Sequence[Row], days: Sequence[int] | None = None) -> pa.Table:
    """Daily rows; ``days`` are how many days after the first each arrived."""
    found = [from_day(daily([]), FIRST)]
    for row, day in zip(rows, days or [0] * len(rows), strict=False):
        found.append(from_day(daily([row]), FIRST + timedelta(day)))
    return pa.concat_tables(found)


def daily(rows: Sequence[Row]) -> pa.Table:
    values = [(id, colour, price, colour, time, message) for id, colour, price, time, message in rows]
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in values], SCHEMA)


def reduced(rows: pa.Table) -> pa.Table:
    return candidates(rows, COLUMNS, "ITEM_ID")


def result(rows: pa.Table) -> list[tuple[Any, ...]]:
    """``(ITEM_ID, COLOUR, PRICE, FIRST_COLOUR, copies)`` of each id."""
    found = latest(rows, COLUMNS, "ITEM_ID")
    assert found.column_names == [*(column.name for column in COLUMNS), COPIES]
    return [tuple(row.values()) for row in found.to_pylist()]


def expected(dayless: Sequence[Row], days: Sequence[int]) -> list[tuple[Any, ...]]:
    rows = [(*row, day) for row, day in zip(dayless, days, strict=False)]

    def best(of_id: Sequence[Any], place: int, *, first: bool = False) -> Any:
        valued = [
            (row[3] or 0, row[5], row[4] is not None, row[4] or "", row[place])
            for row in of_id
            if row[place] is not None
        ]
        return (min(valued) if first else max(valued))[-1] if valued else None

    found = []
    for id in sorted({row[0] for row in rows}, key=lambda id: (id is not None, (id or "").encode())):
        of_id = [row for row in rows if row[0] == id]
        found.append((id, best(of_id, 1), best(of_id, 2), best(of_id, 1, first=True), len(of_id)))
    return found


def test_each_column_has_the_value_of_the_latest_event_that_has_one() -> None:
    rows: list[Row] = [
        ("i", "blue", 2.0, YEAR_2026, "m"),
        ("i", "red", None, YEAR_2026 + 1, "m"),
        ("i", None, None, YEAR_2026 + 2, "m"),
    ]

    assert result(table(rows)) == [("i", "red", 2.0, "blue", 3)]


def test_an_unknown_time_is_the_oldest() -> None:
    rows: list[Row] = [("i", "blue", 2.0, None, "n"), ("i", "red", 10.0, YEAR_2026, "m")]

    assert result(table(rows)) == [("i", "red", 10.0, "blue", 2)]


def test_of_equal_times_the_greater_message_id_is_later_and_none_is_earliest() -> None:
    rows: list[Row] = [
        ("i", "red", 3.0, YEAR_2026, "n"),
        ("i", "blue", 1.0, YEAR_2026, None),
        ("i", "green", 2.0, YEAR_2026, "m"),
    ]

    assert result(table(rows)) == [("i", "red", 3.0, "blue", 3)]


def test_of_equal_times_the_later_arrival_day_decides_before_message_and_value() -> None:
    rows: list[Row] = [("i", "red", 20.0, YEAR_2026, "z"), ("i", "blue", 10.0, YEAR_2026, "a")]

    assert result(table(rows, [0, 1])) == [("i", "blue", 10.0, "red", 2)]
    assert result(table(rows, [1, 0])) == [("i", "red", 20.0, "blue", 2)]


def test_without_times_the_newest_dump_counts_and_with_keep_first_the_oldest() -> None:
    dumps: list[Row] = [
        ("i", "platinum", 90.0, None, None),
        ("i", "gold", 50.0, None, None),
        ("i", "basic", None, None, None),
    ]

    assert result(table(dumps, [0, 1, 2])) == [("i", "basic", 50.0, "platinum", 3)]


def test_a_time_goes_before_any_arrival_day() -> None:
    rows: list[Row] = [("i", "red", 1.0, YEAR_2026, None), ("i", "blue", 2.0, None, None)]

    assert result(table(rows, [0, 2])) == [("i", "red", 1.0, "blue", 2)]


def test_a_row_carries_the_number_of_its_arrival_day() -> None:
    days = table([("i", None, None, None, None)] * 2, [0, 30]).column(ARRIVAL_DAY).to_pylist()

    assert [date.fromordinal(day) for day in days] == [date(2026, 10, 1), date(2026, 10, 31)]


def test_of_equal_times_and_messages_the_greater_value_is_later() -> None:
    rows: list[Row] = [
        ("i", "red", 2.0, YEAR_2026, "m"),
        ("i", None, 10.0, YEAR_2026, "m"),
        ("i", "blue", None, YEAR_2026, "m"),
    ]

    assert result(table(rows)) == [("i", "red", 10.0, "blue", 3)]


def test_an_id_without_any_value_has_a_row() -> None:
    assert result(reduced(table([("i", None, None, None, None)] * 3))) == [("i", None, None, None, 3)]


def test_without_rows_there_are_no_ids() -> None:
    assert result(reduced(table([]))) == []


def test_rows_that_cannot_win_are_left_out_and_their_copies_counted_with_the_first_of_the_id() -> None:
    rows: list[Row] = [
        ("j", "red", 1.0, YEAR_2026, "m"),
        ("i", "green", 5.0, YEAR_2026 + 1, "m"),
        ("i", "blue", 1.0, YEAR_2026, "m"),
        ("i", "red", None, YEAR_2026 + 3, "m"),
        ("i", "white", 7.0, YEAR_2026 + 2, "m"),
    ]

    left = reduced(table(rows)).select(["ITEM_ID", "COLOUR", COPIES])

    assert [tuple(row.values()) for row in left.to_pylist()] == [
        ("i", "blue", 4), ("i", "white", 0), ("i", "red", 0), ("j", "red", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("times", [0, 1, 2])
@given(rows=ROWS, days=DAYS, cut=st.integers(0, 14))
@example(rows=[(None, "red", 2.0, YEAR_2026, "m"), ("i", None, None, None, None)], days=[0] * 14, cut=1)
def test_the_result_does_not_depend_on_how_rows_are_reduced(
    times: int, rows: list[Row], days: list[int], cut: int
) -> None:
    halves = [table(rows[:cut], days[:cut]), table(rows[cut:], days[cut:])]
    if times:
        halves = [reduced(half) for half in halves]
    whole = pa.concat_tables(halves)
    if times == 2:
        whole = reduced(whole)

    assert result(whole) == expected(rows, days)
