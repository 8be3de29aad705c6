"""A file's text in blocks of bounded size: unpacked if it is gzip, and as UTF-8."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO

from isal import isal_zlib

from personalize_assets.conversion.reading.file_formats import (
    SNIFFED_BYTES,
    UNREADABLE_FILE,
    as_utf8,
    encoding_of,
    foreign_format,
)

BLOCK_BYTES = 1024 * 1024
# Upper bound of what one block of packed bytes unpacks to before it is yielded. It bounds a reader's memory only.
_MAX_UNPACKED_BYTES = 4 * BLOCK_BYTES
# Packed bytes that are unpacked in one call: few enough that their text is still in the processor's cache when read.
_PACKED_BYTES_PER_CALL = 12 * 1024
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
"""What any gzip file may unpack to, however small it is."""
MAX_UNPACKED_RATIO = 200
"""How many times its size a larger gzip file may unpack to."""
_REREAD_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WBITS = 15 + 16  # zlib's code for a gzip header and the largest window


class TruncatedStream(Exception):
    """Raised by an iterator of blocks where the bytes can no longer be unpacked: a gzip file is cut off or damaged."""

    reason = "malformed_json"
    text = ""


UNPACKED_TOO_LARGE = "unpacked_too_large"


class UnpackedTooLarge(TruncatedStream):
    """Raised where a gzip file unpacks to more than ``max_unpacked_bytes``: the rest of it is not read."""

    reason = UNPACKED_TOO_LARGE


class UnreadableFormat(TruncatedStream):
    """Raised instead of the first block of a file that holds no JSON. ``text`` describes the file and what to do."""

    reason = UNREADABLE_FILE

    def __init__(self, format: str, size: int, advice: str) -> None:
        """Take what the file seems to be, its stored size in bytes, and what to do."""
        super().__init__()
        self.text = f"{format} of {size:,} bytes: {advice}"


def max_unpacked_bytes(stored: int) -> int:
    """How much a gzip file of ``stored`` bytes may unpack to.

    gzip makes text at most 1,032 times smaller; events, which differ in ids and times, 5 to 50 times.
    """
    return max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * stored)


def is_gzip(file: IO[bytes]) -> bool:
    """Whether a file begins with gzip's magic number. Leaves the file at its beginning."""
    file.seek(0)
    magic = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    return magic == _GZIP_MAGIC


def unpacked_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's text in blocks, unpacked if it is gzip by its first bytes; its name is not looked at.

    UTF-16 and UTF-32 with a byte order mark become UTF-8. ``UnreadableFormat`` is raised for a file of another format.
    Several gzip members are read as one text. Zero bytes after a member are padding; any other bytes there are damage.
    Where gzip is cut off or damaged, everything before that place is yielded and then ``TruncatedStream`` is raised;
    so is ``UnpackedTooLarge`` after ``max_unpacked_bytes``.
    """
    beginning = b""
    blocks = _unpacked(file)
    try:
        for block in blocks:
            beginning += block
            if len(beginning) >= SNIFFED_BYTES:
                break
    except TruncatedStream as error:
        if not beginning:
            raise UnreadableFormat("damaged gzip file", _size(file), "copy it again") from error
        yield beginning
        raise
    found = foreign_format(beginning[:SNIFFED_BYTES])
    if found is not None:
        raise UnreadableFormat(found[0], _size(file), found[1])
    encoding = encoding_of(beginning)
    if encoding is None:
        if beginning:
            yield beginning
        yield from blocks
        return
    try:
        yield from as_utf8(chain([beginning], blocks), encoding)
    except UnicodeDecodeError as error:
        raise TruncatedStream from error


def _size(file: IO[bytes]) -> int:
    return file.seek(0, io.SEEK_END)


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    block = file.read(BLOCK_BYTES)
    while len(block) == 1:  # a read may return fewer bytes than the magic number has
        more = file.read(BLOCK_BYTES)
        if not more:
            break
        block += more
    if not block.startswith(_GZIP_MAGIC):
        while block:
            yield block
            block = file.read(BLOCK_BYTES)
        return
    packed_to = file.tell()
    limit = max_unpacked_bytes(file.seek(0, io.SEEK_END))
    file.seek(packed_to)
    for unpacked in _gunzip(file, block):
        if len(unpacked) > limit:
            yield unpacked[:limit]
            raise UnpackedTooLarge
        limit -= len(unpacked)
        yield unpacked


def _gunzip(file: IO[bytes], packed: bytes) -> Iterator[bytes]:
    member = isal_zlib.decompressobj(wbits=_GZIP_WBITS)
    member_start, yielded, at = file.tell() - len(packed), 0, 0
    while True:
        if at == len(packed):
            packed, at = file.read(BLOCK_BYTES), 0
            if not packed:
                raise TruncatedStream
        piece = packed[at : at + _PACKED_BYTES_PER_CALL]
        try:
            unpacked = member.decompress(piece, _MAX_UNPACKED_BYTES)
        except isal_zlib.error:  # type: ignore[misc]
            yield from _before_damage(file, member_start, yielded)
            raise TruncatedStream from None
        yielded += len(unpacked)
        yield unpacked
        at += len(piece) - len(member.unused_data if member.eof else member.unconsumed_tail)
        if not member.eof:
            continue
        packed, at = packed[at:].lstrip(b"\0") or _after_padding(file), 0
        if not packed:
            return
        member_start, yielded = file.tell() - len(packed), 0
        member = isal_zlib.decompressobj(wbits=_GZIP_WBITS)


def _before_damage(file: IO[bytes], member_start: int, yielded: int) -> Iterator[bytes]:
    """Yield what a damaged member holds after its first ``yielded`` bytes, up to the damage.

    The decoder that failed drops what it unpacked in its last call, so the member is unpacked again in ever smaller
    steps.
    """
    file.seek(member_start)
    member = zlib.decompressobj(wbits=_GZIP_WBITS)
    step = _REREAD_BYTES
    while packed := file.read(step):
        before = member.copy()
        try:
            piece = member.decompress(packed)
        except zlib.error:
            if step == 1:
                return
            file.seek(-len(packed), io.SEEK_CUR)
            member, step = before, 1
            continue
        if len(piece) > yielded:
            yield piece[yielded:]
        yielded = max(yielded - len(piece), 0)


def _after_padding(file: IO[bytes]) -> bytes:
    while block := file.read(BLOCK_BYTES):
        if rest := block.lstrip(b"\0"):
            return rest
    return b""
