"""One JSON value: parse it, find its end, judge its depth and its UTF-8.

Two decoders are used, each for what only it does well: msgspec parses, json finds the end of a value that other bytes
follow.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import msgspec

MALFORMED = "malformed_json"
NOT_AN_OBJECT = "not_an_object"

MAX_DEPTH = 480
"""Values nested up to this depth are read. Both decoders fail at about twice this depth, at no fixed place."""

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec may raise for bytes that are not one event."""

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class Event(NamedTuple):
    """The bytes of one event and its fields; without fields, the reason: ``MALFORMED`` or ``NOT_AN_OBJECT``."""

    raw: bytes
    fields: dict[str, Any] | None
    reason: str | None = None


class _AnyObject(msgspec.Struct):
    """Decoding into it proves that bytes are one JSON object at a quarter of the cost of building a dict."""


_decode = msgspec.json.Decoder().decode
skip_value = msgspec.json.Decoder(msgspec.Raw).decode
"""Walk over bytes that hold one JSON value. Raises one of ``REFUSALS``; does not look at depth or at UTF-8."""
decode_whole = msgspec.json.Decoder(_AnyObject).decode
"""Prove that bytes are one JSON object. Raises one of ``REFUSALS``; does not look at depth or at UTF-8."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _int_or_infinite(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts into an integer
        return float("inf")


value_end = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant).raw_decode
"""The value that begins at a place in a text, and where it ends. Numbers stay text, so that none is too large."""
_decode_any_number = json.JSONDecoder(parse_int=_int_or_infinite, parse_constant=_refuse_constant).decode


def parse(raw: bytes) -> Event:
    """Parse bytes that should hold one JSON value. Never raises.

    Integers keep all their digits; a number beyond every type is infinite.
    """
    try:
        value = _decode(raw)
    except msgspec.ValidationError:
        # Valid JSON with a number beyond every type: the number cannot be used, the rest of the event can.
        try:
            skip_value(raw)  # refuses half a surrogate pair, which json accepts
            value = _decode_any_number(raw.decode())
        except (ValueError, RecursionError):
            return Event(raw, None, MALFORMED)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Event(raw, None, MALFORMED)
    if may_be_deep(raw) and _is_deeper_than(value, MAX_DEPTH):
        return Event(raw, None, MALFORMED)
    if type(value) is not dict:
        return Event(raw, None, NOT_AN_OBJECT)
    return Event(raw, value)


def is_utf8(raw: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def may_be_deep(raw: bytes) -> bool:
    """Whether a value may be nested deeper than ``MAX_DEPTH``, by its length and its brackets. False is certain."""
    # A level takes at least 2 bytes as an array and 5 as an object ({"":}): most events are too short for that many.
    arrays = raw.count(b"[")
    return len(raw) >= 5 * (MAX_DEPTH + 1) - 3 * arrays and raw.count(b"{") + arrays > MAX_DEPTH


def _is_deeper_than(value: Any, limit: int) -> bool:
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
    """Where all brackets that open from ``at`` on are closed; None if the buffer ends first.

    For values that are nested too deeply for a decoder.
    """
    depth = 0
    for mark in _STRING_OR_BRACKET.finditer(buffer, at):
        if buffer[mark.start()] in b"[{":
            depth += 1
        elif buffer[mark.start()] in b"]}":
            depth -= 1
            if depth == 0:
                return mark.end()
    return None
