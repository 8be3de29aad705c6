"""One event out of its bytes, and where a JSON value ends. Several decoders, each for what it alone does well."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import msgspec

MALFORMED = "malformed_json"
NOT_AN_OBJECT = "not_an_object"

# Nesting up to this depth is read; both decoders would give up at about twice this depth, at no fixed place.
MAX_DEPTH = 480

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class Event(NamedTuple):
    """One event: its bytes and its fields, or, where it has none, the reason why (``MALFORMED``, ``NOT_AN_OBJECT``)."""

    raw: bytes
    fields: dict[str, Any] | None
    reason: str | None = None


class _Whole(msgspec.Struct):
    """Decoding into it proves that bytes are one JSON object, at a quarter of the price of building it."""


_decode = msgspec.json.Decoder().decode
skip_value = msgspec.json.Decoder(msgspec.Raw).decode
decode_whole = msgspec.json.Decoder(_Whole).decode


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _int_or_infinite(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python turns into a number
        return float("inf")


# Only the place of the end is wanted: numbers stay text, so that none can be too large.
value_end = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant).raw_decode
_decode_any_number = json.JSONDecoder(parse_int=_int_or_infinite, parse_constant=_no_constant).decode


def parse(raw: bytes) -> Event:
    """The event in bytes that hold one JSON value; never raises."""
    try:
        value = _decode(raw)
    except msgspec.ValidationError:
        # JSON, but with a number beyond every type: it spoils its field and not the event.
        try:
            skip_value(raw)  # what the second decoder would let through: half a surrogate pair
            value = _decode_any_number(raw.decode())
        except (ValueError, RecursionError):
            return Event(raw, None, MALFORMED)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Event(raw, None, MALFORMED)
    if may_be_deep(raw) and _deeper_than(value, MAX_DEPTH):
        return Event(raw, None, MALFORMED)
    if type(value) is not dict:
        return Event(raw, None, NOT_AN_OBJECT)
    return Event(raw, value)


def is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def may_be_deep(raw: bytes) -> bool:
    """Whether an event may be nested deeper than ``MAX_DEPTH``; for what is too short or opens too little it is not."""
    # A level takes 2 bytes as an array and 5 as an object ({"":}): most events are too short for so many.
    arrays = raw.count(b"[")
    return len(raw) >= 5 * (MAX_DEPTH + 1) - 3 * arrays and raw.count(b"{") + arrays > MAX_DEPTH


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def brackets_end(buffer: bytes, at: int) -> int | None:
    """Where the brackets that open here are all closed; for what is nested too deeply for a decoder."""
    depth = 0
    for mark in _STRING_OR_BRACKET.finditer(buffer, at):
        if buffer[mark.start()] in b"[{":
            depth += 1
        elif buffer[mark.start()] in b"]}":
            depth -= 1
            if depth == 0:
                return mark.end()
    return None
