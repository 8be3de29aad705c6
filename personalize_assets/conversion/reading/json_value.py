"""One JSON value: parse it, find its end or the place where it breaks, judge its depth and its UTF-8.

msgspec reads; what it refuses for a number beyond every type is parsed by json. ``NaN``, ``Infinity`` and ``-Infinity``
are read as null and raw control characters in strings as themselves: that is what Python's json and many loggers write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from personalize_assets.conversion.reading.brackets import count_values

MALFORMED = "malformed_json"
NOT_AN_OBJECT = "not_an_object"
TOO_MANY_VALUES = "too_many_values"

MAX_DEPTH = 480
"""Values nested up to this depth are read. msgspec fails deeper, at no fixed place: at twice it or more."""
MAX_VALUES = 2_000_000
"""The most values (fields, elements) of one event: a value takes up to 100 bytes of memory, in a file 2 bytes or more.

Segment's event of 32 KB has at most 16,000."""
MAX_RAW_BYTES = 1024 * 1024
"""How much of what is no event is kept: enough to recognize it, little enough to bound a reader's memory."""

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec may raise for bytes that are not one event."""

# Half a surrogate pair is a defect of a text (``parse`` refuses it) and does not move the value's end.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_PLACE = "(byte "
_CONSTANTS = (b"NaN", b"Infinity")
# Up to the next text or word that is read although it is no JSON, and that itself.
_RELAXED = re.compile(
    rb'((?:[^"NI\-]++|"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"|-(?!Infinity)|N(?!aN)|I(?!nfinity))*+)'
    rb'("(?:[^"\\]++|\\.)*+"?|-?Infinity|NaN|\Z)',
    re.DOTALL,
)
_CONTROL_CHARACTERS = bytes(range(0x20))
_AS_SPACES = bytes.maketrans(_CONTROL_CHARACTERS, b" " * len(_CONTROL_CHARACTERS))
_ESCAPE_OR_CONTROL = re.compile(rb"\\.|[\x00-\x1f]", re.DOTALL)
_WHITE_SPACE = b" \t\r\n"


class Event(NamedTuple):
    """The bytes of one event and its fields; without fields, the reason: ``MALFORMED`` or ``NOT_AN_OBJECT``.

    ``lines`` is how many malformed events a broken stretch counts as: one a line.
    """

    raw: bytes
    fields: dict[str, Any] | None
    reason: str | None = None
    lines: int = 1


class _AnyObject(msgspec.Struct):
    """Decoding into it proves that bytes are one JSON object at a quarter of the cost of building a dict."""


_decode = msgspec.json.Decoder().decode
skip_value = msgspec.json.Decoder(msgspec.Raw).decode
"""Walk over bytes that hold one JSON value. Raises one of ``REFUSALS``; does not look at depth or at UTF-8."""
decode_whole = msgspec.json.Decoder(_AnyObject).decode
"""Prove that bytes are one JSON object. Raises one of ``REFUSALS``; does not look at depth or at UTF-8."""


class Verdict(Enum):
    """What ``scan`` finds."""

    END = "the value ends at the place"
    BROKEN = "no value begins here: the place is where the bytes stop being JSON"
    TRUNCATED = "the bytes end inside the value, or so close behind the place that more of them might change it"
    DEEP = "the value is nested too deeply to be read"


class Scan(NamedTuple):
    """A verdict and its place, counted from the beginning of the value."""

    verdict: Verdict
    place: int


_UNCERTAIN_BYTES = 16
# So close to the end of the bytes an escape, a number or a literal may be cut off.


def scan(view: memoryview) -> Scan:
    """Walk over the JSON value at the beginning of bytes. Does not look at depth or at UTF-8.

    The cost is that of the bytes up to the place, whatever follows them.
    """
    try:
        raw = skip_value(view)
    except RecursionError:
        return Scan(Verdict.DEEP, 0)
    except msgspec.DecodeError as error:
        text = str(error)
        place = text.rfind(_PLACE)
        if place < 0:
            return Scan(Verdict.TRUNCATED, len(view))
        at = int(text[place + len(_PLACE) : text.index(")", place)])
        if "trailing characters" in text:
            # The place is behind the first character that is not white space.
            return Scan(Verdict.END, _without_white_space(view, at - 1))
        return Scan(Verdict.TRUNCATED if at >= len(view) - _UNCERTAIN_BYTES else Verdict.BROKEN, at)
    return Scan(Verdict.END, memoryview(raw).nbytes)


def scan_relaxed(text: bytes, at: int, end: int) -> Scan:
    """Scan the value that begins at ``at``, in which constants and control characters are read that are no JSON.

    ``end`` is the end of the text that may be looked at.
    """
    found = scan(memoryview(text)[at:end])
    if found.verdict in (Verdict.END, Verdict.DEEP) or not may_be_relaxed(text, at, found.place):
        return found
    end = min(end, len(text))
    size = 2 * found.place + 256
    while True:
        relaxed = _relaxed(text[at : min(at + size, end)], _of_same_length)
        found = scan(memoryview(relaxed))
        if found.verdict is not Verdict.TRUNCATED or at + size >= end:
            return found
        size *= 2


def may_be_relaxed(text: bytes, at: int, place: int) -> bool:
    """Whether the value at ``at`` stops being JSON, at ``place`` from there, at what is read nevertheless."""
    if text[at : at + 1] not in (b"{", b"[") or at + place >= len(text):
        return False
    return text[at + place] < 0x20 or text.startswith(_CONSTANTS, at + place)


def could_be_relaxed(text: bytes) -> bytes:
    """The text, which begins with a value, with JSON of the same length for what is read although it is none."""
    return _relaxed(text, _of_same_length)


def _relaxed(text: bytes, replace: Callable[[bytes], bytes]) -> bytes:
    return _RELAXED.sub(lambda found: found[1] + replace(found[2]), text)


def _of_same_length(token: bytes) -> bytes:
    return token.translate(_AS_SPACES) if token[:1] in (b'"', b"") else b'""'.ljust(len(token))


def _as_json(token: bytes) -> bytes:
    if token[:1] not in (b'"', b""):
        return b"null"
    return _ESCAPE_OR_CONTROL.sub(lambda found: found[0] if len(found[0]) > 1 else b"\\u%04x" % found[0][0], token)


def _without_white_space(view: memoryview, end: int) -> int:
    step = 16
    while end:
        begin = max(end - step, 0)
        kept = len(bytes(view[begin:end]).rstrip(_WHITE_SPACE))
        if kept:
            return begin + kept
        end, step = begin, 2 * step
    return 0


def without_surrogates(text: bytes) -> bytes | None:
    """The text with another character of six bytes for each escaped half of a surrogate pair; None if it has none."""
    replaced, count = _SURROGATE.subn(rb"\\u0041", text)
    return replaced if count else None


def _holds_relaxed(raw: bytes) -> bool:
    """Whether bytes hold anything that is read although it is no JSON."""
    return len(raw.translate(None, _CONTROL_CHARACTERS)) < len(raw) or any(word in raw for word in _CONSTANTS)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _int_or_infinite(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts into an integer
        return float("inf")


_decode_any_number = json.JSONDecoder(parse_int=_int_or_infinite, parse_constant=_refuse_constant).decode


def parse(raw: bytes) -> Event:
    """Parse bytes that should hold one JSON value. Never raises.

    Integers keep all their digits; a number beyond every type is infinite.
    """
    if len(raw) > MAX_VALUES and count_values(raw) > MAX_VALUES:
        return Event(raw[:MAX_RAW_BYTES], None, TOO_MANY_VALUES)
    try:
        value = _value(raw)
    except REFUSALS:
        if raw[:1] not in (b"{", b"[") or not _holds_relaxed(raw):
            return Event(raw, None, MALFORMED)
        try:
            value = _value(_relaxed(raw, _as_json))
        except REFUSALS:
            return Event(raw, None, MALFORMED)
    if may_be_deep(raw) and _is_deeper_than(value, MAX_DEPTH):
        return Event(raw, None, MALFORMED)
    if type(value) is not dict:
        return Event(raw, None, NOT_AN_OBJECT)
    return Event(raw, value)


def _value(text: bytes) -> Any:
    """Decode JSON. Raises one of ``REFUSALS``."""
    try:
        return _decode(text)
    except msgspec.ValidationError:
        # Valid JSON with a number beyond every type: the number cannot be used, the rest of the event can.
        skip_value(text)  # refuses half a surrogate pair, which json accepts
        return _decode_any_number(text.decode())


def is_utf8(raw: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_whole(raw: bytes) -> bool:
    """Whether bytes are one object that ``parse`` takes, by a look that costs less. False is not certain."""
    if may_be_deep(raw) or not is_utf8(raw):
        return False
    try:
        decode_whole(raw)
    except REFUSALS:
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
