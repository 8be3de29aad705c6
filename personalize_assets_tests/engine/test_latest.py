"""What the latest event says of an id, told by each of the ways that an export may take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.export import latest_values as latest
from personalize_assets.conversion.mapping.daily_schema import COPIES, EVENT_TIME, MESSAGE_ID

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
Row = tuple[str | None, str | None, float | None, int | None, str | None]

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["i", "j", None]),
        st.sampled_from(["blue", "red", None]),
        st.sampled_from([2.0, 10.0, None]),
        st.sampled_from([YEAR_2026, YEAR_2026 + 1, None]),
        st.sampled_from(["m", "n", None]),
    ),
    max_size=10,
)


@pytest.fixture
def said(session: SparkSession, tmp_path: Path) -> Any:
    """``{id: (COLOUR, PRICE, FIRST_COLOUR, copies)}`` of rows ``(id, colour, price, time, message)``."""

    def say(rows: Sequence[Row]) -> dict[Any, tuple[Any, ...]]:
        file = tmp_path / "rows.parquet"
        values = [(id, colour, price, colour, time, message) for id, colour, price, time, message in rows]
        pq.write_table(
            pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in values], SCHEMA), file
        )
        found = latest.latest_by_id(session.read.parquet(str(file)), COLUMNS, "ITEM_ID").collect()
        assert len({row["ITEM_ID"] for row in found}) == len(found)
        return {row["ITEM_ID"]: (row["COLOUR"], row["PRICE"], row["FIRST_COLOUR"], row[COPIES]) for row in found}

    return say


def expected(rows: Sequence[Row]) -> dict[Any, tuple[Any, ...]]:
    def best(of_id: Sequence[Row], place: int, *, first: bool = False) -> Any:
        told = [(row[3] or 0, row[4] is not None, row[4] or "", row[place]) for row in of_id if row[place] is not None]
        return (min(told) if first else max(told))[-1] if told else None

    found = {}
    for id in {row[0] for row in rows}:
        of_id = [row for row in rows if row[0] == id]
        found[id] = (best(of_id, 1), best(of_id, 2), best(of_id, 1, first=True), len(of_id))
    return found


def test_each_column_has_the_value_of_the_latest_event_that_has_one(said: Any) -> None:
    rows: list[Row] = [
        ("i", "blue", 2.0, YEAR_2026, "m"),
        ("i", "red", None, YEAR_2026 + 1, "m"),
        ("i", None, None, YEAR_2026 + 2, "m"),
    ]
    assert said(rows) == {"i": ("red", 2.0, "blue", 3)}


def test_an_unknown_time_is_the_oldest(said: Any) -> None:
    assert said([("i", "blue", 2.0, None, "n"), ("i", "red", 10.0, YEAR_2026, "m")]) == {"i": ("red", 10.0, "blue", 2)}


@pytest.mark.parametrize("most_ids", [0, 1_000_000])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(rows=ROWS)
@example(rows=[(None, "red", 2.0, YEAR_2026, "m"), ("i", None, None, None, None)])
def test_each_way_says_the_same(said: Any, monkeypatch: pytest.MonkeyPatch, most_ids: int, rows: Sequence[Row]) -> None:
    monkeypatch.setattr(latest, "_MAX_IDS", most_ids)
    assert said(rows) == expected(rows)
