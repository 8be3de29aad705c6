"""Unpacks bzip2, xz, zstd, lz4 and the members of zip archives, in blocks, up to the place where a file is damaged."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, Protocol

from personalize_assets.conversion.reading.compression import BZIP2, LZ4, XZ, ZSTD
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.seekable import SeekableReader

_PACKED_BYTES = 64 * 1024
# The most that is unpacked before it is yielded.
_UNPACKED_BYTES = 1024 * 1024
# xz at its highest level takes 65 MB.
_MAX_XZ_BYTES = 256 * 1024 * 1024


class Decoder(Protocol):
    """Unpacks one stream; as the decompressors of Python's ``bz2``, ``lzma`` and ``compression.zstd``."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether more can be unpacked only from more bytes."""

    @property
    def unused_data(self) -> bytes | None:
        """What came behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Unpack bytes, at most to ``max_length``; the rest waits for the next call."""


class Codec(NamedTuple):
    """Makes decoders, which raise ``errors`` for damaged bytes."""

    decoder: Callable[[], Decoder]
    errors: tuple[type[Exception], ...]
    has_several: bool = True
    """Whether a file may hold several streams, one behind the other, with zero bytes between them."""


class Inflate:
    """Decoder for a member of a zip archive."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._decoder = zlib.decompressobj(wbits=-15)
        self._is_full = False

    @property
    def eof(self) -> bool:
        """As ``Decoder.eof``."""
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        """As ``Decoder.needs_input``."""
        return not self._is_full and not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """As ``Decoder.unused_data``."""
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """As ``Decoder.decompress``."""
        unpacked = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        self._is_full = len(unpacked) == max_length
        return unpacked


def codec(compression: str) -> Codec:
    """The codec of bzip2, xz, zstd or lz4. Raises ``ImportError`` if its library is not installed."""
    if compression == BZIP2:
        import bz2

        return Codec(bz2.BZ2Decompressor, (OSError, ValueError))
    if compression == XZ:
        import lzma

        return Codec(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MAX_XZ_BYTES), (lzma.LZMAError,))
    if compression == ZSTD:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        return Codec(zstd.ZstdDecompressor, (zstd.ZstdError,))
    assert compression == LZ4
    from lz4.frame import LZ4FrameDecompressor

    return Codec(LZ4FrameDecompressor, (RuntimeError,))


class _Damage(Exception):
    """Raised where bytes are no more of the stream."""


class _Pieces:
    """The packed bytes of a file in pieces; from a place on, one byte at a time."""

    def __init__(self, file: IO[bytes], single_from: int | None = None) -> None:
        self.last = file.tell()
        self._file = file
        self._single_from = single_from

    def next(self) -> bytes:
        """The next piece; empty at the end of the file."""
        self.last = self._file.tell()
        if self._single_from is None:
            return self._file.read(_PACKED_BYTES)
        return self._file.read(min(max(self._single_from - self.last, 1), _PACKED_BYTES))


def unpack(codec: Codec, file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is packed from the current place of ``file`` on.

    Where it is damaged or cut off, everything before that place is yielded and then ``TruncatedStream`` is raised.
    """
    start, yielded = file.tell(), 0
    pieces = _Pieces(file)
    try:
        for block in _decode(codec, pieces):
            yielded += len(block)
            yield block
    except _Damage:
        pass
    else:
        return
    # The decoder drops what it unpacked in the call that failed: the same again, with less in a call.
    file.seek(start)
    try:
        for block in _decode(codec, _Pieces(file, single_from=pieces.last)):
            if len(block) > yielded:
                yield block[yielded:]
            yielded = max(yielded - len(block), 0)
    except _Damage:
        raise TruncatedStream from None


def _decode(codec: Codec, pieces: _Pieces) -> Iterator[bytes]:
    decoder, data = codec.decoder(), pieces.next()
    if not data:
        raise TruncatedStream
    while True:
        try:
            unpacked = decoder.decompress(data, _UNPACKED_BYTES)
        except codec.errors:
            raise _Damage from None
        yield unpacked
        data = b""
        if decoder.eof:
            data = (decoder.unused_data or b"").lstrip(b"\0") or _behind_padding(pieces)
            if not data:
                return
            if not codec.has_several:
                raise _Damage
            decoder = codec.decoder()
        elif decoder.needs_input:
            data = pieces.next()
            if not data:
                raise TruncatedStream


def _behind_padding(pieces: _Pieces) -> bytes:
    while piece := pieces.next():
        if rest := piece.lstrip(b"\0"):
            return rest
    return b""


class Range(SeekableReader):
    """The bytes of a file from one place to before another one, as a file."""

    def __init__(self, file: IO[bytes], first: int, end: int) -> None:
        """Take places in ``file``, which is left open and may be moved between reads."""
        super().__init__(end - first)
        self._file = file
        self._first = first

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size`` of them; maybe fewer."""
        left = max(self._size - self._at, 0)
        self._file.seek(self._first + self._at)
        found = self._file.read(left if size < 0 else min(size, left))
        self._at += len(found)
        return found
