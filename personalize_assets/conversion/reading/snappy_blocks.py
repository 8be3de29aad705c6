"""Unpacks snappy, in its framing format and in Hadoop's blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from personalize_assets.conversion.reading.compression import MAX_HADOOP_BLOCK_BYTES, max_snappy_bytes, snappy_size
from personalize_assets.conversion.reading.damage import TruncatedStream

# The format's: https://github.com/google/snappy/blob/main/framing_format.txt
_IDENTIFIER = b"\xff\x06\0\0sNaPpY"
_COMPRESSED, _UNCOMPRESSED, _FIRST_SKIPPABLE = 0x00, 0x01, 0x80
_MAX_CHUNK_BYTES = 4 + max_snappy_bytes(65_536)


def unpack_framed(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is packed in chunks of at most 64 KB, each with a checksum, from the current place of ``file`` on.

    Raises ``TruncatedStream`` behind the last whole chunk if the file is cut off or damaged, and ``ImportError`` if
    cramjam is not installed.
    """
    from cramjam import DecompressionError, snappy

    while header := _read(file, 4):
        kind, size = header[0], int.from_bytes(header[1:], "little")
        if len(header) < 4 or (kind not in (_COMPRESSED, _UNCOMPRESSED) and kind < _FIRST_SKIPPABLE):
            raise TruncatedStream
        if kind == _IDENTIFIER[0]:
            if header + _read(file, len(_IDENTIFIER) - 4) != _IDENTIFIER:
                raise TruncatedStream
            continue
        if kind >= _FIRST_SKIPPABLE:
            if _skip(file, size) < size:
                raise TruncatedStream
            continue
        chunk = _read(file, size) if size <= _MAX_CHUNK_BYTES else b""
        if len(chunk) < size:
            raise TruncatedStream
        try:
            unpacked = bytes(snappy.decompress(_IDENTIFIER + header + chunk))
        except DecompressionError:
            raise TruncatedStream from None
        yield unpacked


def unpack_hadoop(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is packed in Hadoop's blocks, from the current place of ``file`` on; raises as ``unpack_framed``.

    A block is its unpacked size and then pieces, each with its packed size in front; sizes have four bytes.
    """
    from cramjam import DecompressionError, snappy

    left = 0
    while header := _read(file, 4):
        size = int.from_bytes(header, "big")
        if len(header) < 4:
            raise TruncatedStream
        if not left:
            left = size
            if left > MAX_HADOOP_BLOCK_BYTES:
                raise TruncatedStream
            continue
        piece = _read(file, size) if size <= max_snappy_bytes(left) else b""
        unpacked_size, _ = snappy_size(piece)
        if not size or len(piece) < size or not 0 < unpacked_size <= left:
            raise TruncatedStream
        try:
            unpacked = bytes(snappy.decompress_raw(piece))
        except DecompressionError:
            raise TruncatedStream from None
        left -= len(unpacked)
        yield unpacked
    if left:
        raise TruncatedStream


def _read(file: IO[bytes], size: int) -> bytes:
    """The next ``size`` bytes; fewer only at the end of the file."""
    found = file.read(size)
    while len(found) < size:
        more = file.read(size - len(found))
        if not more:
            break
        found += more
    return found


def _skip(file: IO[bytes], size: int) -> int:
    """Read ``size`` bytes and return how many there were."""
    left = size
    while left and (piece := file.read(min(left, 65_536))):
        left -= len(piece)
    return size - left
