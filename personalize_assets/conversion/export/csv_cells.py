"""Rows as lines of a CSV that Personalize reads.

Spark's CSV writer is not used: it quotes texts and formats numbers differently on each engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.mapping.values import one_line, plain_decimal

# The characters that ``csv_text`` changes, as a regular expression of Arrow's.
_SPECIAL = r'[,"\\\n\r\v\f\x1c-\x1e\x{85}\x{2028}\x{2029}]'
_NEEDS_QUOTES = re.compile(r'[,"\\]')
_ESCAPED = re.compile(r'(["\\])')


def header(columns: Sequence[str]) -> bytes:
    """The first line of the file; names are never quoted."""
    return (",".join(columns) + "\n").encode()


def csv_text(value: str) -> str:
    """A text as a CSV cell: line breaks become spaces, and it is quoted if necessary, with backslash escapes."""
    value = one_line(value)
    if _NEEDS_QUOTES.search(value):
        return '"' + _ESCAPED.sub(r"\\\1", value) + '"'
    return value


def csv_lines(batch: pa.RecordBatch) -> pa.Buffer:
    """Rows as CSV lines in UTF-8; null is nothing between two commas."""
    cells = [pc.fill_null(_CELLS[column.type](column), "") for column in batch.columns]
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*cells, ","), "", "\n")
    # An Arrow array stores its texts one after another, as the file does.
    return lines.buffers()[2].slice(0, pc.sum(pc.binary_length(lines)).as_py())


def _text_cells(column: pa.Array) -> pa.Array:
    special = pc.fill_null(pc.match_substring_regex(column, _SPECIAL), False)
    if not pc.any(special).as_py():
        return column
    rewritten = [csv_text(value) for value in column.filter(special).to_pylist()]
    return pc.replace_with_mask(column, special, pa.array(rewritten, pa.string()))


def _decimal_cells(column: pa.Array) -> pa.Array:
    # Prices repeat: each distinct number is formatted once.
    once = column.dictionary_encode()
    written = [plain_decimal(value) for value in once.dictionary.to_pylist()]
    return pa.array(written, pa.string()).take(once.indices)


def _whole_cells(column: pa.Array) -> pa.Array:
    return column.cast(pa.string())


def _boolean_cells(column: pa.Array) -> pa.Array:
    return pc.if_else(column, "True", "False")


_CELLS: dict[pa.DataType, Callable[[pa.Array], pa.Array]] = {
    pa.string(): _text_cells,
    pa.float64(): _decimal_cells,
    pa.int32(): _whole_cells,
    pa.int64(): _whole_cells,
    pa.bool_(): _boolean_cells,
}
