"""How a multipart upload is put together out of a header and parts: what S3 copies by itself, and what is sent to it.

Sizes alone decide; nothing is read or called here. The limits are those of the S3 user guide, page qfacts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

LEAST_BYTES = 5 * 1024**2
"""No piece but the last may be smaller."""
_MOST_BYTES = 5 * 1024**3
_MOST_PIECES = 10_000
# S3 answers a copy when it is done: smaller ranges run side by side, and are done before the client stops waiting.
_COPY_BYTES = 256 * 1024**2


class Span(NamedTuple):
    """Bytes of the part with the index ``part``: from ``first`` on, up to but without ``end``."""

    part: int
    first: int
    end: int

    @property
    def bytes(self) -> int:
        return self.end - self.first

    def cut(self, size: int) -> Iterator[Span]:
        """The same bytes in spans of ``size``, the last one smaller."""
        for first in range(self.first, self.end, size):
            yield Span(self.part, first, min(first + size, self.end))


class Piece(NamedTuple):
    """One piece of the upload. ``copied`` by S3, it is one span; sent, it holds the spans one after another."""

    spans: tuple[Span, ...]
    copied: bool

    @property
    def bytes(self) -> int:
        """Without the header, if it is the first one."""
        return sum(span.bytes for span in self.spans)


def plan(header: int, parts: Sequence[int]) -> list[Piece]:
    """The pieces of an upload, from the sizes of header and parts in bytes; a header is the start of the first one.

    What is large is copied. Small neighbours are sent together, and with them the start of the large part behind them
    where it takes that to fill a piece. Parts are merged further only where there would be more than 10,000 pieces.
    """
    least = LEAST_BYTES
    while len(pieces := list(_pieces(header, parts, least))) > _MOST_PIECES:
        least *= 2
    return pieces


def _pieces(header: int, parts: Sequence[int], least: int) -> Iterator[Piece]:
    waiting: list[Span] = []
    size = header
    for part, end in enumerate(parts):
        start = _to_send(size, end, least)
        if start:
            waiting.append(Span(part, 0, start))
            size += start
        if size >= least:
            yield Piece(tuple(waiting), copied=False)
            waiting, size = [], 0
        if start < end:
            yield from (Piece((span,), copied=True) for span in _evenly(Span(part, start, end), least))
    if size:
        yield Piece(tuple(waiting), copied=False)


def _to_send(waiting: int, part: int, least: int) -> int:
    """How much of a part goes along with what waits to be sent."""
    missing = max(least - waiting, 0) if waiting else 0
    return missing if part - missing >= least else part


def _evenly(span: Span, least: int) -> Iterator[Span]:
    most = min(max(_COPY_BYTES, 4 * least), _MOST_BYTES)
    count = -(-span.bytes // most)
    ends = [span.first + span.bytes * number // count for number in range(count + 1)]
    return (Span(span.part, *ends[number : number + 2]) for number in range(count))
