"""Brackets outside strings: where they close, how deep they are, what is open at a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.reading import brackets
from personalize_assets.conversion.reading.brackets import (
    OpenBrackets,
    brackets_end,
    count_values,
    is_nested_deeper,
)

TEXTS = st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b"a", b","]), max_size=40).map(b"".join)
CHUNKS = st.sampled_from([1, 2, 3, 7, 64])


def one_by_one(text: bytes) -> tuple[list[int], int | None, int]:
    """The brackets that stay open, the end of the first value, and the greatest depth: character by character."""
    opened: list[int] = []
    end, deepest, in_string, is_escaped = None, 0, False, False
    for place, character in enumerate(text):
        if character == ord('"') and not is_escaped:
            in_string = not in_string
        is_escaped = character == ord("\\") and not is_escaped
        if in_string:
            continue
        if character in b"{[":
            opened.append(place)
            deepest = max(deepest, len(opened))
        elif character in b"}]" and opened:
            opened.pop()
            if not opened and end is None:
                end = place + 1
    return opened, end, deepest


@given(TEXTS, CHUNKS)
def test_whatever_the_chunks_the_end_is_that_of_reading_character_by_character(text: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brackets, "CHUNK_BYTES", size)
        assert brackets_end(b"{" + text, 0) == one_by_one(b"{" + text)[1]


@given(TEXTS, CHUNKS)
def test_whatever_the_chunks_what_is_open_is_known(text: bytes, size: int) -> None:
    value = b"{" + text
    value = value[: (one_by_one(value)[1] or len(value) + 1) - 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brackets, "CHUNK_BYTES", size)
        opened, _, deepest = one_by_one(value)
        found = OpenBrackets(b"xx" + value + b"]]", 2, 2 + len(value))
        assert [place - 2 for place in range(len(value) + 4) if place in found] == opened
        assert is_nested_deeper(value, 0, len(value), deepest - 1)
        assert not is_nested_deeper(value, 0, len(value), deepest)


def test_commas_and_opening_brackets_outside_strings_are_counted() -> None:
    assert count_values(b'{"a":[1,2,{}],"b":"x,y[{\\",","c":0}') == 7


@pytest.mark.parametrize(
    ("buffer", "at", "end"),
    [
        (b'{"a":[1,{}]}{"b":2}', 0, 12),
        (b'{"a":[1,{}]}{"b":2}', 12, 19),
        (b'{"a":"}","b":"\\"}"}', 0, 19),
        (b'{"a":[1}', 0, None),
        (b"[" * 5000 + b"]" * 5000, 0, 10_000),
    ],
)
def test_the_end_of_brackets_is_where_all_are_closed(buffer: bytes, at: int, end: int | None) -> None:
    assert brackets_end(buffer, at) == end
