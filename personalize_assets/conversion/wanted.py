"""Which events a dataset wants: ``where``, before and after parsing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.framing import everything
from personalize_assets.conversion.mapping import lookup
from personalize_assets.conversion.paths import parse_path
from personalize_assets.conversion.values import NUMBER, to_text

# Neighbouring \\u escapes are taken together: two of them may be one character beyond the basic plane.
_ESCAPES = re.compile(rb"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)
_MARKS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}


def matcher(dataset: Dataset) -> Callable[[dict[str, Any]], bool]:
    """Whether an event's fields satisfy ``where``: every named field equals one of its values, compared as text.

    An array or an object equals nothing, and neither does null.
    """
    tests = [(parse_path(field), frozenset(allowed)) for field, allowed in dataset.where.items()]

    def matches(fields: dict[str, Any]) -> bool:
        for path, allowed in tests:
            value = fields.get(path[0]) if len(path) == 1 else lookup(fields, path)
            if type(value) is not str:
                if value is None or type(value) in (list, dict):
                    return False
                try:
                    value = to_text(value)
                except ValueError:  # a number beyond every type
                    return False
            if value not in allowed:
                return False
        return True

    return matches


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
    if all(len(fields) == 1 for fields in needles):
        either = tuple(dict.fromkeys(needle for (field,) in needles for needle in field))
        return lambda raw: (
            any(needle in raw for needle in either)
            or (b"\\" in raw and any(needle in _unescaped(raw) for needle in either))
        )

    def any_dataset_may_match(raw: bytes) -> bool:
        return any(all(any(needle in raw for needle in field) for field in fields) for fields in needles)

    return lambda raw: any_dataset_may_match(raw) or (b"\\" in raw and any_dataset_may_match(_unescaped(raw)))


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
