"""Values as cells of a CSV that Personalize reads.

Written here and not by Spark's CSV writer, which quotes text and prints numbers differently on each engine.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.mapping.values import one_line, plain_decimal

# The characters that ``csv_text`` changes, as an Arrow (RE2) expression.
_SPECIAL = r'[,"\\\n\r\v\f\x1c-\x1e\x{85}\x{2028}\x{2029}]'
_NEEDS_QUOTES = re.compile(r'[,"\\]')
_ESCAPED = re.compile(r'(["\\])')


def csv_text(value: str) -> str:
    """Format a text as a CSV cell: line breaks become spaces; quoted only if it must be, with backslash escapes."""
    value = one_line(value)
    if _NEEDS_QUOTES.search(value):
        return '"' + _ESCAPED.sub(r"\\\1", value) + '"'
    return value


# Each of the following takes an Arrow array of values and returns an array of as many cells; null stays null.


def text_cells(column: pa.Array) -> pa.Array:
    """Strings as cells: see ``csv_text``."""
    special = pc.fill_null(pc.match_substring_regex(column, _SPECIAL), False)
    if not pc.any(special).as_py():
        return column
    rewritten = [csv_text(value) for value in column.filter(special).to_pylist()]
    return pc.replace_with_mask(column, special, pa.array(rewritten, pa.string()))


def decimal_cells(column: pa.Array) -> pa.Array:
    """Doubles as cells: see ``values.plain_decimal``."""
    # Prices and the like repeat: each number is formatted once.
    distinct = column.dictionary_encode()
    cells = [plain_decimal(value) for value in distinct.dictionary.to_pylist()]
    return pa.array(cells, pa.string()).take(distinct.indices)


def whole_cells(column: pa.Array) -> pa.Array:
    """Whole numbers as cells of digits."""
    return column.cast(pa.string())


def boolean_cells(column: pa.Array) -> pa.Array:
    """Booleans as ``True`` and ``False``."""
    return pc.if_else(column, "True", "False")
