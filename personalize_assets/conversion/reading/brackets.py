"""Brackets outside strings, found by NumPy many bytes at once: depth, ends, and what is open at a place.

For text that no decoder takes: nested too deeply, broken, or cut off. Time is linear in the bytes whatever they are,
and memory is that of one chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CHUNK_BYTES = 64 * 1024

_Steps = npt.NDArray[np.int8]
_QUOTE = ord('"')
# What a character does to the depth: 1 for { and [, -1 for } and ].
_STEPS = bytes(1 if number in b"{[" else 0xFF if number in b"}]" else 0 for number in range(256))
_COUNTED = bytes(int(number in b"{[,") for number in range(256))


class _State(NamedTuple):
    """What a chunk needs to know of the text before it."""

    in_string: bool = False
    is_escaped: bool = False


class _Chunk(NamedTuple):
    """``text[first:end]``, what came before it, and for each character what a table makes of it; 0 in strings."""

    first: int
    end: int
    before: _State
    values: _Steps


def _values(text: bytes, first: int, end: int, state: _State, table: bytes) -> tuple[_Steps, _State]:
    chunk = text[first:end]
    values = np.frombuffer(chunk.translate(table), np.int8)
    is_escaped = False
    if state.is_escaped or b"\\" in chunk:
        if state.is_escaped:
            chunk = b"x" + chunk[1:]
        # From left to right: of an even number of backslashes none is left, and an escaped quote is no quote.
        chunk = chunk.replace(b"\\\\", b"xx").replace(b'\\"', b"xx")
        is_escaped = chunk.endswith(b"\\")
    if not state.in_string and b'"' not in chunk:
        return values, _State(False, is_escaped)
    quotes = (np.frombuffer(chunk, np.uint8) == _QUOTE).view(np.uint8)
    outside = ~np.cumsum(quotes, dtype=np.uint8) & 1 if not state.in_string else np.cumsum(quotes, dtype=np.uint8) & 1
    return values * outside.view(np.int8), _State(not outside[-1], is_escaped)


def _chunks(text: bytes, first: int, end: int, table: bytes = _STEPS) -> Iterator[_Chunk]:
    state = _State()
    for at in range(first, end, CHUNK_BYTES):
        stop = min(at + CHUNK_BYTES, end)
        values, after = _values(text, at, stop, state, table)
        yield _Chunk(at, stop, state, values)
        state = after


def _depths(steps: _Steps) -> npt.NDArray[np.int32]:
    """The depth after each character, relative to that before the chunk."""
    return np.cumsum(steps, dtype=np.int32)


def brackets_end(text: bytes, at: int, end: int | None = None) -> int | None:
    """Where all brackets that open from ``at`` on are closed; None if they are not before ``end``, or the text's end.

    For values that are nested too deeply for a decoder. ``text[at]`` is a bracket.
    """
    depth = 0
    for chunk in _chunks(text, at, len(text) if end is None else end):
        depths = _depths(chunk.values)
        if depth + int(depths.min()) <= 0:
            return chunk.first + int(np.argmax(depths == -depth)) + 1
        depth += int(depths[-1])
    return None


def is_nested_deeper(text: bytes, at: int, end: int, limit: int) -> bool:
    """Whether more than ``limit`` brackets are open at some place of ``text[at:end]``."""
    if end - at <= limit or text.count(b"{", at, end) + text.count(b"[", at, end) <= limit:
        return False
    depth = 0
    for chunk in _chunks(text, at, end):
        depths = _depths(chunk.values)
        if depth + int(depths.max()) > limit:
            return True
        depth += int(depths[-1])
    return False


def count_values(text: bytes) -> int:
    """Count commas and opening brackets outside strings: no fewer than the elements and fields of a JSON value."""
    return sum(int(np.count_nonzero(chunk.values)) for chunk in _chunks(text, 0, len(text), _COUNTED))


class OpenBrackets:
    """Which brackets that open in ``text[at:end]`` are not closed before ``end``.

    A value that begins at such a bracket meets the same end as the one that was read from ``at`` on: it need not be
    read again to know that it is broken. Keeps a reference to ``text``.
    """

    def __init__(self, text: bytes, at: int, end: int) -> None:
        """Look at each chunk once; ``text[at]`` begins a value, outside any string."""
        self._text = text
        self._at = at
        self._end = end
        self._before: list[tuple[_State, int]] = []
        lowest: list[int] = []
        depth = 0
        for chunk in _chunks(text, at, end):
            depths = _depths(chunk.values)
            self._before.append((chunk.before, depth))
            lowest.append(depth + int(depths.min()))
            depth += int(depths[-1])
        # The lowest depth after each chunk, up to the end.
        self._lowest_after = np.minimum.accumulate(np.array([*lowest, depth])[::-1])[::-1][1:].tolist()
        self._chunk = -1
        self._is_open = b""

    def __contains__(self, place: int) -> bool:
        """Whether a bracket opens at this place of the text and is not closed."""
        if not self._at <= place < self._end:
            return False
        chunk, within = divmod(place - self._at, CHUNK_BYTES)
        if chunk != self._chunk:
            self._chunk, self._is_open = chunk, self._mark_open(chunk)
        return bool(self._is_open[within])

    def _mark_open(self, chunk: int) -> bytes:
        first = self._at + chunk * CHUNK_BYTES
        stop = min(first + CHUNK_BYTES, self._end)
        state, depth = self._before[chunk]
        steps, _ = _values(self._text, first, stop, state, _STEPS)
        depths = _depths(steps)
        lowest = np.minimum(np.minimum.accumulate(depths[::-1])[::-1], self._lowest_after[chunk] - depth)
        is_open: npt.NDArray[np.bool_] = (steps == 1) & (lowest >= depths)
        return is_open.tobytes()
