"""Cells of a CSV that Personalize would not take."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS, TEXTUAL_CHARS, Column
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS

_WHOLE = r"^-?[0-9]+$"
_FORMS = {
    "int": _WHOLE,
    "long": _WHOLE,
    "timestamp": _WHOLE,
    "float": r"^-?[0-9]+(\.[0-9]+)?$",
    "double": r"^-?[0-9]+(\.[0-9]+)?$",
    "boolean": r"^(True|False)$",
}
_NUMBERS = {"int": pa.int32(), "long": pa.int64(), "timestamp": pa.int64()}


def problems(column: Column, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """What is wrong with a column's cells, as they stand in the file, and which of them it is wrong with."""
    if column.required and values.null_count:
        yield "is empty, but required", pc.is_null(values)
    limit = TEXTUAL_CHARS if column.textual else column.max_chars
    if column.type == "string":
        if limit is not None and (pc.max(pc.binary_length(values)).as_py() or 0) > limit:
            yield f"has over {limit:,} characters", pc.greater(pc.utf8_length(values), limit)
        return
    well_formed = pc.match_substring_regex(values, _FORMS[column.type])
    if pc.any(pc.invert(well_formed)).as_py():
        yield f"is no {column.type} as Personalize reads it", pc.invert(well_formed)
    elif column.type in _NUMBERS:
        try:
            numbers = values.cast(_NUMBERS[column.type])
        except pa.ArrowInvalid:
            yield f"is too large for {column.type}", pc.greater(pc.utf8_length(values), 9)
            return
        if column.type == "timestamp":
            latest = int(time.time()) + DAY_SECONDS
            outside = pc.or_(pc.less(numbers, MIN_EPOCH_SECONDS), pc.greater(numbers, latest))
            if pc.any(outside).as_py():
                yield "is not in epoch seconds between 1990-01-01 and tomorrow", outside
