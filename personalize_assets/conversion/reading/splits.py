"""One split of a large file, so that several tasks can read the file side by side.

A split begins at the first line that begins with ``{`` after an even division of the file. That is a guess: the line
may be part of an event that is written over several lines, or of an array. ``Framer.is_cut`` reports whether a split
ended inside a value; such a file is read again as a whole (``planner.run_tasks``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from personalize_assets.conversion.reading.compression import GZIP, PEEKED_BYTES, compression_of
from personalize_assets.conversion.reading.gzip_blocks import BLOCK_BYTES
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks

_Zones = Iterator[tuple[bool, bytes]]
"""Blocks of text from the beginning of a split on, and whether each is stored after the split's end."""


def split_blocks(file: IO[bytes], size: int, number: int, splits: int) -> Iterator[bytes]:
    """Yield the text of split ``number`` (from 0) of ``splits``, in blocks; ``size`` is the file's stored size.

    The texts of all splits in their order are the text of the file. Each split of a gzip file unpacks the file from
    its beginning; a file that is packed otherwise is all in the first split. Raises ``TruncatedStream`` where it is cut
    off or damaged.
    """
    first, last = size * number // splits, size * (number + 1) // splits
    file.seek(0)
    compression = compression_of(file.read(PEEKED_BYTES))
    file.seek(0)
    if compression not in (None, GZIP):
        return unpacked_blocks(file) if number == 0 else iter(())
    zones = _packed_zones(file, first, last) if compression else _plain_zones(file, first, last)
    return _whole_lines(zones, number == 0)


def _plain_zones(file: IO[bytes], first: int, last: int) -> _Zones:
    file.seek(first)
    while block := file.read(min(BLOCK_BYTES, last - first) or BLOCK_BYTES):
        yield first >= last, block
        first = min(first + len(block), last)


def _packed_zones(file: IO[bytes], first: int, last: int) -> _Zones:
    """Assign each block of text to the split in which its last packed byte is stored: the same in every task."""
    for block in unpacked_blocks(file):
        read = file.tell()
        if read > first or first == 0:
            yield read > last, block


def _whole_lines(zones: _Zones, is_first: bool) -> Iterator[bytes]:
    """Yield the text from the split's first line that begins with ``{`` to the first such line after its end."""
    has_begun, is_after = is_first, False
    line_end = b""  # held back until the next block shows whether the next line begins with {
    for after, block in zones:
        if not block:
            continue
        if after and not is_after:
            is_after = True
            if not has_begun and not (line_end and block.startswith(b"{")):
                return  # one line covers the whole split
            if has_begun:
                yield line_end
            has_begun, line_end = True, b""
        text = line_end + block
        line_end = b"\n" if text.endswith(b"\n") else b""
        text = text.removesuffix(b"\n")
        found = text.find(b"\n{") + 1
        if found and not has_begun:
            has_begun, text = True, text[found:]
        elif found and is_after:
            yield text[:found]
            return
        if has_begun:
            yield text
    if has_begun:
        yield line_end
