"""JSON values as text, numbers and booleans, the same on every engine.

Every ``to_…`` function takes a value as a JSON decoder returns it, returns None for null (a blank text is null), and
raises ``ValueError`` for a value that has no form in the wanted type.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import isinf
from typing import Any

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
"""Numeric text: ASCII digits only; no infinity, no underscores, no hexadecimal."""

# Personalize reads one record per physical line; \x1c to \x1e end a line for Python's own readers.
_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def plain_decimal(number: float) -> str:
    """Format a double as the shortest decimal that reads back as the same double.

    It has no exponent, no trailing ``.0`` and no minus zero. ``ValueError`` for infinity.
    """
    if isinf(number):
        raise ValueError("too large for a number")
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    if text.endswith(".0"):
        text = text[:-2]
    return "0" if text == "-0" else text


def one_line(text: str) -> str:
    """Replace every line break by a space: each character, or CR LF pair, that any reader takes for one.

    NUL characters are removed: readers of CSV end a text there, or refuse the file.
    """
    return _LINE_BREAK.sub(" ", text.replace("\0", ""))


def is_blank(text: str) -> bool:
    """Whether a text has nothing but white space and NUL characters, or nothing at all."""
    return not text or text.isspace() or ("\0" in text and not text.replace("\0", "").strip())


def is_null(value: Any) -> bool:
    """Whether a value counts as null, so that the next path is tried: null, blank text, an array of only these."""
    if type(value) is str:
        return is_blank(value)
    if type(value) is list:
        return all(map(is_null, value))
    return value is None


def to_text(value: Any, separator: str = "|") -> str | None:
    """Convert a value to text.

    Text stays as it is, numbers keep all their digits, booleans become ``true`` and ``false``. Arrays are joined by
    ``separator``, without their nulls and blank texts. ``ValueError`` for an object, also within an array.
    """
    kind = type(value)
    if kind is str:
        return None if is_blank(value) else value
    if value is None:
        return None
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return plain_decimal(value)
    if kind is list:
        texts = []
        for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
            if text := to_text(element, separator):
                texts.append(text)
        return separator.join(texts) or None
    raise ValueError("an object is not a text")


def to_double(value: Any) -> float | None:
    """Convert a number or numeric text to a double, never minus zero. ``ValueError`` also for what exceeds a double."""
    kind = type(value)
    if kind is float or kind is int:
        try:
            number = float(value)
        except OverflowError:
            raise ValueError("too large for a double") from None
    elif kind is str:
        text = value.strip()
        if not text:
            return None
        if not NUMBER.fullmatch(text):
            raise ValueError("not a number")
        number = float(text)
    elif value is None:
        return None
    else:
        raise ValueError("not a number")
    if number in (float("inf"), float("-inf")):
        raise ValueError("too large for a double")
    return number + 0.0  # minus zero becomes zero


def to_whole(value: Any, bits: int) -> int | None:
    """Convert a whole number, or its text, to an int; ``35.0`` and ``3.5e1`` are whole too.

    ``bits`` is the number of bits beside the sign. ``ValueError`` for a fraction and for what does not fit.
    """
    kind = type(value)
    if kind is int:
        number = value
    elif kind is float or kind is str:
        text = value.strip() if kind is str else repr(value)
        if not text:
            return None
        if not NUMBER.fullmatch(text):
            raise ValueError("not a number")
        exact = Decimal(text)
        if exact != exact.to_integral_value():
            raise ValueError("not a whole number")
        if exact and exact.adjusted() > 20:
            raise ValueError("too large")
        number = int(exact)
    elif value is None:
        return None
    else:
        raise ValueError("not a number")
    if not -(2**bits) <= number < 2**bits:
        raise ValueError(f"does not fit into {bits + 1} bits")
    return int(number)


def to_boolean(value: Any) -> bool | None:
    """Convert a boolean, the texts ``true`` and ``false`` in any case, or 1 and 0, to a boolean."""
    if value is None or type(value) is bool:
        return value
    text = to_text(value) if type(value) in (str, int) else ""
    if text is None:
        return None
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError("not a boolean") from None
