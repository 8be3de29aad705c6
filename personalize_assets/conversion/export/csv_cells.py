"""Values as cells of a CSV that Personalize reads.

Written here and not by Spark's CSV writer, which quotes text and prints numbers differently on each engine.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.export.text_bytes import text_bytes
from personalize_assets.conversion.mapping.values import one_line, plain_decimal

# The characters that ``csv_text`` changes, as an Arrow (RE2) expression.
_SPECIAL = r'[\x00,"\\\n\r\v\f\x1c-\x1e\x{85}\x{2028}\x{2029}]'
# The same characters in UTF-8. Searching bytes for each takes a tenth of the time of one search by expression.
_SPECIAL_ASCII = tuple(mark.encode() for mark in '\0,"\\\n\r\v\f\x1c\x1d\x1e')
_SPECIAL_OTHERS = tuple(mark.encode() for mark in "\x85\u2028\u2029")
# Within what Arrow writes without an exponent, in all its versions.
_PLAIN_FROM, _PLAIN_BELOW = 1e-3, 1e9
_NEEDS_QUOTES = re.compile(r'[,"\\]')
_ESCAPED = re.compile(r'(["\\])')


def csv_text(value: str) -> str:
    """Format a text as a CSV cell: quoted only if it must be, with backslash escapes; see also ``one_line``."""
    value = one_line(value)
    if _NEEDS_QUOTES.search(value):
        return '"' + _ESCAPED.sub(r"\\\1", value) + '"'
    return value


# Each of the following takes an Arrow array of values and returns an array of as many cells; null stays null.


def text_cells(column: pa.Array) -> pa.Array:
    """Strings as cells: see ``csv_text``. The array itself if all of them are cells as they are."""
    if not _may_be_special(column):
        return column
    special = pc.fill_null(pc.match_substring_regex(column, _SPECIAL), False)
    if not pc.any(special).as_py():
        return column
    # Categories and the like repeat: each text is rewritten once.
    distinct = column.filter(special).dictionary_encode()
    rewritten = pa.array(map(csv_text, distinct.dictionary.to_pylist()), pa.string())
    return pc.replace_with_mask(column, special, rewritten.take(distinct.indices))


def _may_be_special(column: pa.Array) -> bool:
    """Whether any of the characters occurs in the texts, or in what is stored where there is none."""
    text = text_bytes(column).to_pybytes()
    marks = _SPECIAL_ASCII if text.isascii() else _SPECIAL_ASCII + _SPECIAL_OTHERS
    return any(mark in text for mark in marks)


def decimal_cells(column: pa.Array) -> pa.Array:
    """Doubles as cells: see ``values.plain_decimal``."""
    # Prices and the like repeat: each number is formatted once.
    distinct = column.dictionary_encode()
    numbers = distinct.dictionary
    sizes = pc.abs(numbers)
    # Of this size, Arrow's shortest form is the plain one. Not so zero, which may have a sign.
    is_plain = pc.and_(pc.greater_equal(sizes, _PLAIN_FROM), pc.less(sizes, _PLAIN_BELOW))
    others = numbers.filter(pc.invert(is_plain)).to_pylist()
    cells = numbers.cast(pa.string())
    if others:
        written = pa.array([plain_decimal(number) for number in others], pa.string())
        cells = pc.replace_with_mask(cells, pc.invert(is_plain), written)
    return cells.take(distinct.indices)


def whole_cells(column: pa.Array) -> pa.Array:
    """Whole numbers as cells of digits."""
    return column.cast(pa.string())


def boolean_cells(column: pa.Array) -> pa.Array:
    """Booleans as ``True`` and ``False``."""
    return pc.if_else(column, "True", "False")
