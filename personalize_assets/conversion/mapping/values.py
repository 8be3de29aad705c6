"""Values of JSON as the types of a dataset's columns: in one way, on every engine.

Every converter takes what a JSON decoder gives, returns None for null (an empty text is null), and raises
``ValueError`` where the value cannot become the asked type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from math import isinf
from typing import Any

# ASCII digits, so that no engine's idea of a digit matters; no infinity, no underscore, no hexadecimal.
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)

# Personalize wants one record a physical line; \x1c to \x1e end a line for Python's own readers.
_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_INT_BITS = {"int": 31, "long": 63}


def plain_decimal(number: float) -> str:
    """The shortest decimal that reads back as the same double: no exponent, no trailing ``.0``, no minus zero."""
    if isinf(number):
        raise ValueError("too large for a number")
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    if text.endswith(".0"):
        text = text[:-2]
    return "0" if text == "-0" else text


def one_line(text: str) -> str:
    """A text with every line break in it, whatever a reader may take for one, as a space."""
    return _LINE_BREAK.sub(" ", text)


def is_null(value: Any) -> bool:
    """Null, an empty text, or an array of nothing else: then the next path of a column is asked."""
    if type(value) is list:
        return all(map(is_null, value))
    return value is None or value == ""


def to_text(value: Any, separator: str = "|") -> str | None:
    """Text as it is, numbers with all their digits, booleans as ``true`` / ``false``, arrays joined by ``separator``.

    Nulls and empty texts in an array are left out. An object, also one in an array, is a ``ValueError``.
    """
    kind = type(value)
    if kind is str:
        return value or None
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
    """A number, or numeric text, as a double."""
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
    """A whole number, also where it is written as ``35.0`` or ``3.5e1``; what has a fraction is a ``ValueError``."""
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
    """``true`` and ``false`` as boolean or text in any case, and 1 and 0."""
    if value is None or type(value) is bool:
        return value
    text = to_text(value) if type(value) in (str, int) else ""
    if text is None:
        return None
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError("not a boolean") from None


def converter(type_name: str, separator: str = "|") -> Callable[[Any], Any]:
    """The converter of a column type; ``timestamp`` has its own module."""
    if type_name == "string":
        return lambda value: to_text(value, separator)
    if type_name in ("float", "double"):
        return to_double
    if type_name == "boolean":
        return to_boolean
    bits = _INT_BITS[type_name]
    return lambda value: to_whole(value, bits)
