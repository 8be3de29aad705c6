"""A share of one large file, so that several tasks can read it side by side.

Shares meet where a line begins with ``{``, at the first such line after an even part of the file. That is a guess: what
begins there may lie within an event that was written over several lines, or within an array. ``Framer.is_cut`` tells
when a share ended within something, and then the file is read again as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from personalize_assets.conversion.reading.filesystem import BLOCK_BYTES, is_gzip, unpacked_blocks

Zones = Iterator[tuple[bool, bytes]]
"""Blocks of text from where a part of a file begins, and whether each lies behind that part's end."""


def share_of(file: IO[bytes], size: int, number: int, shares: int) -> Iterator[bytes]:
    """The text of one of a file's ``shares``, in blocks; ``size`` is that of the file as it lies there.

    All shares together, in their order, are the text of the file. A gzip file is unpacked from its beginning by each.
    Raises ``TruncatedStream`` where gzip breaks off.
    """
    first, last = size * number // shares, size * (number + 1) // shares
    zones = _packed_zones(file, first, last) if is_gzip(file) else _plain_zones(file, first, last)
    return _whole_lines(zones, number == 0)


def _plain_zones(file: IO[bytes], first: int, last: int) -> Zones:
    file.seek(first)
    while block := file.read(min(BLOCK_BYTES, last - first) or BLOCK_BYTES):
        yield first >= last, block
        first = min(first + len(block), last)


def _packed_zones(file: IO[bytes], first: int, last: int) -> Zones:
    """A block of text belongs to the part in which the packed bytes end that it needed: the same for every reader."""
    for block in unpacked_blocks(file):
        read = file.tell()
        if read > first or first == 0:
            yield read > last, block


def _whole_lines(zones: Zones, is_first: bool) -> Iterator[bytes]:
    has_begun, is_behind = is_first, False
    line_end = b""  # held back until it is known whether the next line begins with {
    for behind, block in zones:
        if not block:
            continue
        if behind and not is_behind:
            is_behind = True
            if not has_begun and not (line_end and block.startswith(b"{")):
                return  # a line longer than this share
            if has_begun:
                yield line_end
            has_begun, line_end = True, b""
        text = line_end + block
        line_end = b"\n" if text.endswith(b"\n") else b""
        text = text.removesuffix(b"\n")
        found = text.find(b"\n{") + 1
        if found and not has_begun:
            has_begun, text = True, text[found:]
        elif found and is_behind:
            yield text[:found]
            return
        if has_begun:
            yield text
    if has_begun:
        yield line_end
