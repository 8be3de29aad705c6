"""The rows that one CSV of an export has and an earlier one lacks, exactly, in one pass over both.

Both are sorted as exports are: rows of events by TIMESTAMP, others by their id, with ids as UTF-8 bytes. Equal
stretches are skipped as bytes, so that the time is mostly that of reading.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from personalize_assets.errors import PersonalizeAssetsError

_BLOCK_BYTES = 1 << 20
_FIRST_WINDOW = 1 << 12
_CELL = re.compile(rb'"((?:[^"\\]|\\.)*)"(?:,|$)|([^,]*)(?:,|$)')
_TIME_DIGITS = 20
_ESCAPED = re.compile(rb"\\(.)")


class UnsortedCsv(PersonalizeAssetsError):
    """A CSV that is not sorted as exports are, so that its difference to another one is not known."""


@dataclass
class Difference:
    """How two CSVs differ.

    Attributes:
        rows: Rows of the newer one that the older one lacks; of repeats of a row, those that are more than before.
        bytes: Their size.
        vanished: Rows of events that the newer one lacks; of other datasets, ids that it lacks.
    """

    rows: int = 0
    bytes: int = 0
    vanished: int = 0


def difference(
    older: Iterator[bytes], newer: Iterator[bytes], columns: Sequence[str], key: str, write: Callable[[bytes], None]
) -> Difference:
    """Pass the rows that only ``newer`` has to ``write``, as lines in its order.

    Args:
        older: The bytes of a CSV without its header, in blocks of any size.
        newer: Likewise; of the same columns.
        columns: Their names.
        key: The column that both are sorted by: ``TIMESTAMP``, by whose number, or an id, of which there is one row
            each: a row whose other cells have changed counts as one that only ``newer`` has.
        write: Is given whole lines.

    Raises:
        UnsortedCsv: If a key is less than one before it.
    """
    place = columns.index(key)
    is_time = key == "TIMESTAMP"
    a, b = _Lines(older, place, is_time=is_time), _Lines(newer, place, is_time=is_time)
    found = Difference()

    def add(line: bytes) -> None:
        found.rows += 1
        found.bytes += len(line)
        write(line)

    while a.skip_equal(b):
        key_a, key_b = a.key(), b.key()
        if key_b is None or (key_a is not None and key_a < key_b):
            found.vanished += len(a.group())
        elif key_a is None or key_b < key_a:
            for line in b.group():
                add(line)
        else:
            before, after = a.group(), b.group()
            if is_time:
                lines_before, lines_after = Counter(before), Counter(after)
                found.vanished += (lines_before - lines_after).total()
                more = lines_after - lines_before
                for line in after:
                    if more[line]:
                        more[line] -= 1
                        add(line)
            else:
                for line in after:
                    if line not in before:
                        add(line)
    return found


class _Lines:
    """The lines of a CSV, read block by block; a line is at the front as long as it is not taken."""

    def __init__(self, blocks: Iterator[bytes], place: int, *, is_time: bool) -> None:
        self._blocks = blocks
        self._place = place
        self._is_time = is_time
        self._buffer = b""
        self._at = 0
        self._is_over = False
        self._last = b""
        self._window = _FIRST_WINDOW

    def skip_equal(self, other: _Lines) -> bool:
        """Leave out the lines at the front that both have; False if both are at their end."""
        while True:
            self._fill(self._window)
            other._fill(self._window)
            mine = self._buffer[self._at : self._at + self._window]
            theirs = other._buffer[other._at : other._at + self._window]
            if not mine and not theirs:
                return False
            end = mine.rfind(b"\n") + 1 if mine == theirs else 0
            if not end:
                self._window = _FIRST_WINDOW
                self._skip_equal_lines(other)
                return True
            self._at += end
            other._at += end
            self._window = min(2 * self._window, _BLOCK_BYTES)

    def _skip_equal_lines(self, other: _Lines) -> None:
        """Leave out single lines that both have, so that the next ones differ."""
        while (line := self._front()) and line == other._front():
            self._at += len(line)
            other._at += len(line)

    def key(self) -> bytes | None:
        """The key of the line at the front; None at the end."""
        line = self._front()
        return self._key_of(line) if line else None

    def group(self) -> list[bytes]:
        """Take the lines at the front that have the same key."""
        first = self._front()
        key = self._key_of(first)
        if key < self._last:
            # Without the row, which has the id of a user.
            raise UnsortedCsv("a row is less than one before it, so that the CSV is not as an export wrote it")
        self._last = key
        lines = [first]
        self._at += len(first)
        while (line := self._front()) and self._key_of(line) == key:
            lines.append(line)
            self._at += len(line)
        return lines

    def _front(self) -> bytes:
        """The line at the front; empty at the end."""
        end = self._buffer.find(b"\n", self._at) + 1
        while not end and not self._is_over:
            self._fill(len(self._buffer) - self._at + 1)
            end = self._buffer.find(b"\n", self._at) + 1
        return self._buffer[self._at : end or len(self._buffer)]

    def _key_of(self, line: bytes) -> bytes:
        text = line.rstrip(b"\n")
        if b'"' not in text:
            cell = text.split(b",", self._place + 1)[self._place]
        else:
            matches = _CELL.finditer(text)
            for _ in range(self._place):
                next(matches)
            found = next(matches)
            cell = found[2] if found[1] is None else _ESCAPED.sub(rb"\1", found[1])
        # No TIMESTAMP is negative.
        return cell.zfill(_TIME_DIGITS) if self._is_time else cell

    def _fill(self, size: int) -> None:
        """Read until so many bytes are ahead, if there are as many."""
        ahead = len(self._buffer) - self._at
        if ahead >= size or self._is_over:
            return
        parts = [self._buffer[self._at :]]
        while ahead < size:
            block = next(self._blocks, None)
            if block is None:
                self._is_over = True
                break
            parts.append(block)
            ahead += len(block)
        self._buffer, self._at = b"".join(parts), 0
