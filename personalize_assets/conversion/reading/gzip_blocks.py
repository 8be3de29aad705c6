"""Unpacks gzip in blocks of bounded size, up to the place where a file is damaged."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import IO

from isal import isal_zlib

from personalize_assets.conversion.reading.damage import TruncatedStream

BLOCK_BYTES = 1024 * 1024
# Upper bound of what one block of packed bytes unpacks to before it is yielded. It bounds a reader's memory only.
_MAX_UNPACKED_BYTES = 4 * BLOCK_BYTES
# Packed bytes that are unpacked in one call: few enough that their text is still in the processor's cache when read.
_PACKED_BYTES_PER_CALL = 12 * 1024
_REREAD_BYTES = 64 * 1024
_GZIP_WBITS = 15 + 16  # zlib's code for a gzip header and the largest window


def gunzip(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is packed from the current place of ``file`` on.

    Several gzip members are read as one text. Zero bytes after a member are padding; any other bytes there are damage.
    Where gzip is cut off or damaged, everything before that place is yielded and then ``TruncatedStream`` is raised.
    """
    packed = b""
    member = isal_zlib.decompressobj(wbits=_GZIP_WBITS)
    member_start, yielded, at = file.tell(), 0, 0
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
