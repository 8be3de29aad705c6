"""Messages that come twice, told by each of the ways that an export may take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from personalize_assets.conversion.export import deduplicate as interactions
from personalize_assets.conversion.mapping.daily_schema import COPIES, DEDUPE, IS_FIRST, POSITION

COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP"]
SCHEMA = pa.schema(
    [("USER_ID", pa.string()), ("ITEM_ID", pa.string()), ("TIMESTAMP", pa.int64()),
     (DEDUPE, pa.string()), (POSITION, pa.int32())]
)  # fmt: skip
Row = tuple[str, str, int, str | None, int]

ROWS = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from("xy"), st.integers(1, 3), st.sampled_from(["m", "n", None]),
        st.integers(0, 1),
    ),
    max_size=12,
)  # fmt: skip


@pytest.fixture
def told(session: SparkSession, tmp_path: Path) -> Any:
    """``(USER_ID, ITEM_ID, TIMESTAMP, is first, copies)`` of rows, in the order of an export."""

    def tell(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        file = tmp_path / "rows.parquet"
        pq.write_table(pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA), file)
        marked = interactions.with_repeats_marked(session.read.parquet(str(file)), COLUMNS)
        found = marked.orderBy(*interactions.export_order(COLUMNS), IS_FIRST, COPIES).collect()
        return [tuple(row[name] for name in (*COLUMNS, IS_FIRST, COPIES)) for row in found]

    return tell


def expected(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    seen: set[tuple[str, int]] = set()
    found: list[tuple[Any, ...]] = []
    unknown: dict[tuple[Any, ...], int] = {}
    for user, item, time, message, place in sorted(rows, key=lambda row: (row[2], row[0], row[1])):
        if message is None:
            unknown[user, item, time] = unknown.get((user, item, time), 0) + 1
        else:
            found.append((user, item, time, (message, place) not in seen, 1))
            seen.add((message, place))
    found += [(*row, True, copies) for row, copies in unknown.items()]
    return sorted(found, key=lambda row: (row[2], row[0], row[1], row[3], row[4]))


def test_a_message_that_comes_twice_counts_once_wherever_it_says_something_else(told: Any) -> None:
    rows: list[Row] = [("b", "x", 2, "m", 0), ("a", "x", 1, "m", 0), ("a", "y", 1, "m", 1)]
    assert told(rows) == [("a", "x", 1, True, 1), ("a", "y", 1, True, 1), ("b", "x", 2, False, 1)]


def test_where_no_message_repeats_all_are_first(told: Any) -> None:
    assert told([("a", "x", 1, "m", 0), ("a", "x", 1, "n", 0)]) == [("a", "x", 1, True, 1), ("a", "x", 1, True, 1)]


@pytest.mark.parametrize("most_repeated", [0, 1, 1_000_000])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(rows=ROWS)
def test_each_way_says_the_same(
    told: Any, monkeypatch: pytest.MonkeyPatch, most_repeated: int, rows: Sequence[Row]
) -> None:
    monkeypatch.setattr(interactions, "_MAX_REPEATED", most_repeated)
    assert told(rows) == expected(rows)
