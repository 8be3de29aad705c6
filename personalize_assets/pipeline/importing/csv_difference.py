"""The rows that one CSV of an export has and an earlier one lacks, exactly, in one pass over both and bounded memory.

Both are sorted as exports are (``conversion.export.row_order``). Equal stretches are skipped as bytes, so that the time
is mostly that of reading. Were the order another one, a row of both could count as vanished and as new; none is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from personalize_assets.errors import PersonalizeAssetsError

_BLOCK_BYTES = 1 << 20
_FIRST_WINDOW = 1 << 12
_CELL = re.compile(rb'"((?:[^"\\]|\\.)*)"(?:,|$)|([^,]*)(?:,|$)')
_ESCAPED = re.compile(rb"\\(.)")


_Key = tuple[Any, ...]


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


class RowOrder(NamedTuple):
    """By which columns a CSV is sorted: their places, from the first to the last, and whether each holds numbers.

    Null comes first, numbers by value, text by its UTF-8 bytes.
    """

    places: tuple[int, ...]
    are_numbers: tuple[bool, ...]

    @classmethod
    def of_events(cls, columns: Sequence[str], numbers: Collection[str]) -> RowOrder:
        """That of events: by TIMESTAMP, then by every column from left to right."""
        names = ["TIMESTAMP", *columns]
        return cls(tuple(map(columns.index, names)), tuple(name in numbers for name in names))

    @classmethod
    def of_entities(cls, columns: Sequence[str], id_column: str) -> RowOrder:
        """That of rows with an id each."""
        return cls((columns.index(id_column),), (False,))


def difference(
    older: Iterator[bytes], newer: Iterator[bytes], order: RowOrder, write: Callable[[bytes], None]
) -> Difference:
    """Pass the rows that only ``newer`` has to ``write``, as lines in its order.

    Of entities (an order of one column), a row whose other cells have changed counts as one that only ``newer`` has.

    Args:
        older: The bytes of a CSV without its header, in blocks of any size.
        newer: Likewise; of the same columns.
        order: That of both.
        write: Is given whole lines.

    Raises:
        UnsortedCsv: If a row is less than one before it.
    """
    a, b = _Lines(older, order), _Lines(newer, order)
    found = Difference()

    def add(line: bytes) -> None:
        found.rows += 1
        found.bytes += len(line)
        write(line)

    while a.skip_equal(b):
        key_a, key_b = a.key(), b.key()
        if key_b is None or (key_a is not None and key_a < key_b):
            a.take()
            found.vanished += 1
        elif key_a is None or key_b < key_a:
            add(b.take())
        else:
            # Of events, rows with the same cells are the same lines.
            found.vanished += len(order.places) > 1
            a.take()
            add(b.take())
    return found


class _Lines:
    """The lines of a CSV, read block by block; a line is at the front as long as it is not taken."""

    def __init__(self, blocks: Iterator[bytes], order: RowOrder) -> None:
        self._blocks = blocks
        self._order = order
        self._buffer = b""
        self._at = 0
        self._is_over = False
        self._last: _Key = ()
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

    def key(self) -> _Key | None:
        """The place of the line at the front in the order; None at the end."""
        line = self._front()
        if not line:
            return None
        key = self._key_of(line)
        if key < self._last:
            # Without the row, which has the id of a user.
            raise UnsortedCsv("a row is less than one before it, so that the CSV is not as an export wrote it")
        self._last = key
        return key

    def take(self) -> bytes:
        """Take the line at the front."""
        line = self._front()
        self._at += len(line)
        return line

    def _front(self) -> bytes:
        """The line at the front; empty at the end."""
        end = self._buffer.find(b"\n", self._at) + 1
        while not end and not self._is_over:
            self._fill(len(self._buffer) - self._at + 1)
            end = self._buffer.find(b"\n", self._at) + 1
        return self._buffer[self._at : end or len(self._buffer)]

    def _key_of(self, line: bytes) -> _Key:
        text = line.rstrip(b"\n")
        cells = text.split(b",") if b'"' not in text else list(_cells(text))
        return tuple(
            (True, _number(cells[place]) if is_number else cells[place]) if cells[place] else (False, 0)
            for place, is_number in zip(self._order.places, self._order.are_numbers, strict=True)
        )

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


def _number(cell: bytes) -> int | float:
    return float(cell) if b"." in cell else int(cell)


def _cells(text: bytes) -> Iterator[bytes]:
    """The cells of a line that has quotes."""
    for found in _CELL.finditer(text):
        yield found[2] if found[1] is None else _ESCAPED.sub(rb"\1", found[1])
