"""Which events a dataset wants: ``where``, before and after parsing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.paths import getter, parse_path
from personalize_assets.conversion.mapping.values import NUMBER, to_text
from personalize_assets.conversion.reading.framer import everything

# Neighbouring \\u escapes are taken together: two of them may be one character beyond the basic plane.
_ESCAPES = re.compile(rb"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)
_ASCII_BY_CODE = re.compile(rb"\\u00[0-7]")
_NEVER_ESCAPED_BUT_BY_CODE = bytes(code for code in range(0x20, 0x7F) if code not in b'"\\/')
_MARKS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}


def matcher(dataset: Dataset) -> Callable[[dict[str, Any]], bool]:
    """Whether an event's fields satisfy ``where``: every named field equals one of its values, compared as text.

    An array or an object equals nothing, and neither does null.
    """
    tests = [(getter(parse_path(field)), frozenset(allowed)) for field, allowed in dataset.where.items()]

    def matches(fields: dict[str, Any]) -> bool:
        for get, allowed in tests:  # noqa: SIM110 - a generator would cost more than the test
            if not is_one_of(get(fields), allowed):
                return False
        return True

    return matches


def is_one_of(value: Any, allowed: frozenset[str]) -> bool:
    """Whether a value, as text, is among those allowed."""
    if type(value) is not str:
        if value is None or type(value) in (list, dict):
            return False
        try:
            value = to_text(value)
        except ValueError:  # a number beyond every type
            return False
    return value in allowed


def prefilter(datasets: Sequence[Dataset]) -> Callable[[bytes], bool]:
    """Whether an event's bytes could satisfy any dataset's ``where``: sometimes too generous, never too strict.

    Made from all datasets of a source and not only from those of one run, so that the books of a day say the same
    whichever assets are made.
    """
    # A dataset may match if each of its fields finds one of its values; a field of numbers can be written in ways that
    # share no byte with the value (``1e2`` for 100), so it filters nothing.
    needles = [
        [_needles(allowed) for allowed in dataset.where.values() if not any(map(NUMBER.fullmatch, allowed))]
        for dataset in datasets
    ]
    if not all(needles):
        return everything
    every_needle = [needle for fields in needles for field in fields for needle in field]
    may_be_escaped = _escape_gate(every_needle)
    if all(len(fields) == 1 for fields in needles):
        either = tuple(dict.fromkeys(every_needle))

        def holds_wanted(raw: bytes) -> bool:
            for needle in either:  # noqa: SIM110 - a generator would cost more than the search
                if needle in raw:
                    return True
            return False
    else:

        def holds_wanted(raw: bytes) -> bool:
            return any(all(any(needle in raw for needle in field) for field in fields) for fields in needles)

    return lambda raw: holds_wanted(raw) or (may_be_escaped(raw) and holds_wanted(_unescaped(raw)))


def _escape_gate(needles: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Whether bytes hold escapes that could hide a needle: unescaping costs more than parsing, and is rarely needed."""
    if any(needle.translate(None, _NEVER_ESCAPED_BUT_BY_CODE) for needle in needles):
        return lambda raw: b"\\" in raw
    return lambda raw: b"\\u00" in raw and _ASCII_BY_CODE.search(raw) is not None


def _needles(allowed: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(value.encode() for value in allowed)


def _unescaped(raw: bytes) -> bytes:
    """The bytes with JSON's escapes replaced by what they stand for, whole or broken: the text to search in."""
    return _ESCAPES.sub(_plain, raw)


def _plain(escape: re.Match[bytes]) -> bytes:
    units, mark = escape.groups()
    if mark is not None:
        return _MARKS.get(mark, mark)
    return bytes.fromhex(units.replace(b"\\u", b"").decode()).decode("utf-16-be", "replace").encode()
