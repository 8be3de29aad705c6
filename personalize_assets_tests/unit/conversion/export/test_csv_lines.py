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


def test_lines_without_quotes_are_written_as_those_beside_a_text_with_quotes() -> None:
    rows = {"ID": ["i1", None, ""], "PRICE": [0.5, -0.0, 1e15], "SOLD": [True, None, False], "STOCK": [-3, None, 2**62]}
    plain = pa.RecordBatch.from_pydict(rows)
    quoted = pa.concat_batches([plain, pa.RecordBatch.from_pydict({**rows, "ID": ["i,1", None, None]})])

    lines = b"i1,0.5,True,-3\n,0,,\n,1000000000000000,False,4611686018427387904\n"
    assert csv_lines(plain).to_pybytes() == lines
    assert csv_lines(quoted).to_pybytes() == lines + lines.replace(b"i1", b'"i,1"')


def test_rows_of_a_longer_batch_are_only_theirs() -> None:
    batch = pa.RecordBatch.from_pydict({"ID": ["i,0", "i1", "i2", "i,3"]})

    assert csv_lines(batch.slice(1, 2)).to_pybytes() == b"i1\ni2\n"


def test_no_row_is_no_line() -> None:
    assert csv_lines(pa.RecordBatch.from_pydict({"ITEM_ID": ["i1"]}).slice(1)).to_pybytes() == b""


def test_a_column_of_no_column_type_is_refused() -> None:
    with pytest.raises(KeyError, match="no column type is stored as binary"):
        csv_lines(pa.RecordBatch.from_pydict({"X": [b"x"]}))
