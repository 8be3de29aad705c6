"""Rows as lines of a CSV that Personalize reads."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.column_types import type_of_arrow


def header(columns: Sequence[str]) -> bytes:
    """The first line of the file; names are never quoted."""
    return (",".join(columns) + "\n").encode()


def csv_lines(batch: pa.RecordBatch) -> pa.Buffer:
    """Format rows as CSV lines in UTF-8; null is nothing between two commas."""
    cells = [pc.fill_null(type_of_arrow(column.type).csv_cells(column), "") for column in batch.columns]
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*cells, ","), "", "\n")
    # An Arrow string array keeps its texts one behind the other, which are the bytes of the file.
    return lines.buffers()[2].slice(0, pc.sum(pc.binary_length(lines)).as_py() or 0)
