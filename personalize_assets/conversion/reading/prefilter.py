"""May these bytes match ``where``: a search in an event's bytes that saves parsing most of the events not wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.values import NUMBER
from personalize_assets.conversion.reading.framer import everything

# Neighbouring \\u escapes are taken together: two of them may be one character beyond the basic plane.
_ESCAPES = re.compile(rb"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)
_ASCII_BY_CODE = re.compile(rb"\\u00[0-7]")
# ASCII characters for which JSON has no escape but \u00XX.
_WITHOUT_SHORT_ESCAPE = bytes(code for code in range(0x20, 0x7F) if code not in b'"\\/')
_SHORT_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}


def prefilter(datasets: Sequence[Dataset]) -> Callable[[bytes], bool]:
    """Make a function that checks whether a whole event's bytes may match any dataset's ``where``.

    It never refuses an event that matches; it may accept one that does not. It is made from all datasets of a source,
    not only from those that a run writes, so that the counts of a day do not depend on which assets are materialized.
    """
    # A dataset may match if each of its fields finds one of its values. A field that may be a number excludes nothing,
    # because a number can be written without sharing a byte with its text (``1e2`` for 100); nor does a condition.
    needles = [
        [
            _needles(wanted)
            for wanted in dataset.where.values()
            if isinstance(wanted, tuple) and not any(map(NUMBER.fullmatch, wanted))
        ]
        for dataset in datasets
    ]
    if not all(needles):
        return everything
    every_needle = [needle for fields in needles for field in fields for needle in field]
    may_be_escaped = _escape_test(every_needle)
    if all(len(fields) == 1 for fields in needles):
        distinct = tuple(dict.fromkeys(every_needle))

        def holds_needles(raw: bytes) -> bool:
            for needle in distinct:  # noqa: SIM110 - a generator would cost more than the search
                if needle in raw:
                    return True
            return False
    else:

        def holds_needles(raw: bytes) -> bool:
            return any(all(any(needle in raw for needle in field) for field in fields) for fields in needles)

    return lambda raw: holds_needles(raw) or (may_be_escaped(raw) and holds_needles(_unescaped(raw)))


def _escape_test(needles: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Make a function that checks whether bytes hold escapes that may hide a needle.

    Unescaping costs more than parsing and is rarely needed.
    """
    if any(needle.translate(None, _WITHOUT_SHORT_ESCAPE) for needle in needles):
        return lambda raw: b"\\" in raw
    return lambda raw: b"\\u00" in raw and _ASCII_BY_CODE.search(raw) is not None


def _needles(allowed: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(value.encode() for value in allowed)


def _unescaped(raw: bytes) -> bytes:
    """The bytes with JSON's escapes replaced by the characters they stand for."""
    return _ESCAPES.sub(_character, raw)


def _character(escape: re.Match[bytes]) -> bytes:
    units, mark = escape.groups()
    if mark is not None:
        return _SHORT_ESCAPES.get(mark, mark)
    return bytes.fromhex(units.replace(b"\\u", b"").decode()).decode("utf-16-be", "replace").encode()
