"""Rows as lines of a CSV."""

from __future__ import annotations

import pyarrow as pa
import pytest

from personalize_assets.conversion.export.csv_lines import csv_lines, header


def test_the_header_is_never_quoted() -> None:
    assert header(["USER_ID", "ITEM_ID"]) == b"USER_ID,ITEM_ID\n"


def test_each_row_is_a_line_of_cells_and_null_is_nothing_between_commas() -> None:
    batch = pa.RecordBatch.from_pydict(
        {"ITEM_ID": ["i1", "i,2"], "PRICE": [1.0, None], "SOLD": [None, True], "STOCK": pa.array([3, None], pa.int32())}
    )

    assert csv_lines(batch).to_pybytes() == b'i1,1,,3\n"i,2",,True,\n'


def test_no_row_is_no_line() -> None:
    assert csv_lines(pa.RecordBatch.from_pydict({"ITEM_ID": ["i1"]}).slice(1)).to_pybytes() == b""


def test_a_column_of_no_column_type_is_refused() -> None:
    with pytest.raises(KeyError, match="no column type is stored as binary"):
        csv_lines(pa.RecordBatch.from_pydict({"X": [b"x"]}))
