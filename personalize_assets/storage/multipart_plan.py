"""Which pieces of a multipart upload S3 copies from objects that it has, and which are sent to it.

The plan depends on sizes only; nothing is read or called here. Limits: S3 user guide, page qfacts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

MIN_PIECE_BYTES = 5 * 1024**2
"""No piece but the last may be smaller."""
_MAX_PIECE_BYTES = 5 * 1024**3
_MAX_PIECES = 10_000
# S3 answers a copy request when it is done: smaller ranges run at the same time, and end before the client times out.
_COPY_BYTES = 256 * 1024**2


class Span(NamedTuple):
    """The bytes ``first`` to ``end`` (exclusive) of the part with the index ``part``."""

    part: int
    first: int
    end: int

    @property
    def bytes(self) -> int:
        """The number of bytes."""
        return self.end - self.first

    def cut(self, size: int) -> Iterator[Span]:
        """The same bytes in spans of ``size`` bytes; the last one may be smaller."""
        for first in range(self.first, self.end, size):
            yield Span(self.part, first, min(first + size, self.end))


class Piece(NamedTuple):
    """One piece of the upload: either a single span that S3 copies, or spans that are sent one after another."""

    spans: tuple[Span, ...]
    copied: bool

    @property
    def bytes(self) -> int:
        """The number of bytes; for the first piece without those of the header."""
        return sum(span.bytes for span in self.spans)


def plan(header: int, parts: Sequence[int]) -> list[Piece]:
    """The pieces of an upload, from the sizes of the header and the parts in bytes.

    The header is the start of the first piece. Large parts are copied. Small neighbours are sent together, with the
    start of the large part after them if they do not fill a piece. If that gives more than 10,000 pieces, larger ones
    are made.
    """
    min_bytes = MIN_PIECE_BYTES
    while len(pieces := list(_pieces(header, parts, min_bytes))) > _MAX_PIECES:
        min_bytes *= 2
    return pieces


def _pieces(header: int, parts: Sequence[int], min_bytes: int) -> Iterator[Piece]:
    waiting: list[Span] = []
    size = header
    for part, end in enumerate(parts):
        start = _to_send(size, end, min_bytes)
        if start:
            waiting.append(Span(part, 0, start))
            size += start
        if size >= min_bytes:
            yield Piece(tuple(waiting), copied=False)
            waiting, size = [], 0
        if start < end:
            yield from (Piece((span,), copied=True) for span in _evenly(Span(part, start, end), min_bytes))
    if size:
        yield Piece(tuple(waiting), copied=False)


def _to_send(waiting: int, part: int, min_bytes: int) -> int:
    """How many bytes of a part are sent together with the bytes that are waiting."""
    missing = max(min_bytes - waiting, 0) if waiting else 0
    return missing if part - missing >= min_bytes else part


def _evenly(span: Span, min_bytes: int) -> Iterator[Span]:
    max_bytes = min(max(_COPY_BYTES, 4 * min_bytes), _MAX_PIECE_BYTES)
    count = -(-span.bytes // max_bytes)
    ends = [span.first + span.bytes * number // count for number in range(count + 1)]
    return (Span(span.part, *ends[number : number + 2]) for number in range(count))
