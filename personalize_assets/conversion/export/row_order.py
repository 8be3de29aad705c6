"""The order of rows in a CSV, and what is equal in it: null first, numbers by value, text by its UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def sort_order(rows: pa.Table, names: Sequence[str]) -> pa.Array:
    """The places of rows when sorted by these columns, from left to right; null first."""
    keys = []
    for name in names:
        if rows.column(name).null_count:
            # A key of its own puts null first: how to ask for that differs between Arrow's versions.
            is_valid = f"{name} is valid"
            rows = rows.append_column(is_valid, pc.is_valid(rows.column(name)).cast(pa.uint8()))
            keys.append((is_valid, "ascending"))
        keys.append((name, "ascending"))
    return pc.sort_indices(rows, sort_keys=keys)


def value_changes(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each value differs from the one before it; the first does."""
    found = np.ones(len(values), bool)
    found[1:] = values[1:] != values[:-1]
    return found


def changes(rows: pa.Table, names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether each row differs from the one before it in any of these columns; the first does. Null equals null."""
    size = rows.num_rows
    found = np.zeros(size, bool)
    found[:1] = True
    for name in names if size else ():
        values = rows.column(name).combine_chunks()
        before, after = values.slice(0, size - 1), values.slice(1)
        differs = pc.fill_null(pc.not_equal(before, after), False)
        if values.null_count:
            differs = pc.or_(differs, pc.not_equal(pc.is_null(before), pc.is_null(after)))
        found[1:] |= differs.to_numpy(zero_copy_only=False)
    return found
