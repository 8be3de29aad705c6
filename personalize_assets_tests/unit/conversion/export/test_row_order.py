"""The order of rows in an export, and where they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.export.row_order import changes, sort_order

SCHEMA = pa.schema([("A", pa.string()), ("B", pa.float64()), ("C", pa.int64())])
Row = tuple[str | None, float | None, int | None]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "", "B", "a", "z", "ü", "\uffff", "\U0001f600"]),
        st.sampled_from([None, -2.0, 1.5, 10.0]),
        st.sampled_from([None, -1, 0, 2**62]),
    ),
    max_size=12,
)


def table(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)


def key(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row as Python sorts it in the order of an export."""
    return tuple(
        (value is not None, (value.encode() if isinstance(value, str) else value) if value is not None else 0)
        for value in row
    )


def test_null_comes_first_then_numbers_by_value_and_text_by_its_utf_8_bytes() -> None:
    rows = table([("b", 10.0, 0), ("b", 9.0, 0), ("b", None, 0), ("Z", 1.0, 0), ("ä", 1.0, 0), (None, 1.0, 0)])

    assert sort_order(rows, ["A", "B"]).to_pylist() == [5, 3, 2, 1, 0, 4]


def test_text_beyond_sixteen_bits_comes_last_unlike_in_utf_16() -> None:
    assert sort_order(table([("\U0001f600", None, 0), ("\uffff", None, 0)]), ["A"]).to_pylist() == [1, 0]


@given(ROWS, st.permutations(SCHEMA.names))
def test_rows_are_sorted_by_the_named_columns_from_left_to_right(rows: list[Row], names: list[str]) -> None:
    places = [SCHEMA.names.index(name) for name in names]

    found = table(rows).take(sort_order(table(rows), names))

    assert [tuple(row.values()) for row in found.to_pylist()] == sorted(
        rows, key=lambda row: key([row[place] for place in places])
    )


@given(ROWS, st.integers(0, 12))
def test_a_row_changes_where_it_differs_from_the_one_before(rows: list[Row], cut: int) -> None:
    chunked = pa.concat_tables([table(rows[:cut]), table(rows[cut:])])

    expected = [number == 0 or row[:2] != rows[number - 1][:2] for number, row in enumerate(rows)]

    assert changes(chunked, ["A", "B"]).tolist() == expected
