"""Rows as lines of a CSV that Personalize reads."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from personalize_assets.conversion.column_types import type_of_arrow
from personalize_assets.conversion.export.text_bytes import text_bytes

_ROWS_AT_ONCE = 16_384


def header(columns: Sequence[str]) -> bytes:
    """The first line of the file; names are never quoted."""
    return (",".join(columns) + "\n").encode()


def csv_lines(batch: pa.RecordBatch) -> pa.Buffer:
    """Format rows as CSV lines in UTF-8; null is nothing between two commas."""
    # Whole numbers are made cells by Arrow's writer, too.
    cells = [column if pa.types.is_integer(column.type) else _cells(column) for column in batch.columns]
    texts = ((made, column) for made, column in zip(cells, batch.columns, strict=True) if column.type == pa.string())
    return _plain_lines(cells) if all(made is column for made, column in texts) else _joined(cells)


def _cells(column: pa.Array) -> pa.Array:
    return type_of_arrow(column.type).csv_cells(column)


def _plain_lines(cells: Sequence[pa.Array]) -> pa.Buffer:
    """Lines of texts that need no quotes, and of whole numbers."""
    batch = pa.RecordBatch.from_arrays(cells, [str(number) for number in range(len(cells))])
    out = pa.BufferOutputStream()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none", batch_size=_ROWS_AT_ONCE)
    pyarrow.csv.write_csv(batch, out, options)
    return out.getvalue()


def _joined(cells: Sequence[pa.Array]) -> pa.Buffer:
    texts = [pc.fill_null(_cells(column) if pa.types.is_integer(column.type) else column, "") for column in cells]
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*texts, ","), "", "\n")
    # An Arrow string array keeps its texts one behind the other, which are the bytes of the file.
    return text_bytes(lines)
