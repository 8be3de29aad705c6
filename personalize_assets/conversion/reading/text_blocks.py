"""The text of a file in blocks of bounded size: unpacked, whatever it is packed with, and as UTF-8.

A file may be packed several times (gzip in gzip, gzip in a zip archive); an archive holds several texts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from typing import IO, cast

from personalize_assets.conversion.reading import snappy_blocks
from personalize_assets.conversion.reading.compression import (
    GZIP,
    HADOOP_SNAPPY,
    NAMES,
    PEEKED_BYTES,
    SNAPPY,
    ZIP,
    compression_of,
)
from personalize_assets.conversion.reading.damage import Allowance, TruncatedStream, UnpackedTooLarge, UnreadableFormat
from personalize_assets.conversion.reading.file_formats import SNIFFED_BYTES, as_utf8, encoding_of, foreign_format
from personalize_assets.conversion.reading.gzip_blocks import BLOCK_BYTES, gunzip
from personalize_assets.conversion.reading.packed_blocks import codec, unpack
from personalize_assets.conversion.reading.zip_members import OFFICE_MEMBER, Member, Unpack, members

MAX_PACKED_TIMES = 3
"""How many times a file may be packed, one in the other."""

_DAMAGED = "copy it again"
_INSTALL = "install personalize-assets with all its libraries; for Glue, deploy again: {error}"


def unpacked_blocks(file: IO[bytes], *, is_rows: bool = False) -> Iterator[bytes]:
    """Yield all texts of a file as one, each member of an archive on a line of its own; see ``texts``."""
    for number, text in enumerate(texts(file, is_rows=is_rows)):
        if number:
            yield b"\n"
        yield from text


def texts(file: IO[bytes], *, is_rows: bool = False) -> Iterator[Iterator[bytes]]:
    """Yield the texts of a file, each in blocks, unpacked by its first bytes; its name is not looked at.

    Each text must be read before the next one is asked for. UTF-16 and UTF-32 with a byte order mark become UTF-8.
    Reading a text raises ``UnreadableFormat`` instead of its first block if it is of another format. Where something is
    cut off or damaged, everything before that place is yielded and then ``TruncatedStream`` is raised; so is
    ``UnpackedTooLarge`` after ``max_unpacked_bytes`` of a file. Other members of an archive are read all the same.

    Args:
        is_rows: Whether the texts are known to be rows and not JSON: those may be in another encoding, row by row.
    """
    file.seek(0)
    beginning = file.read(PEEKED_BYTES)
    while len(beginning) < PEEKED_BYTES and (more := file.read(PEEKED_BYTES - len(beginning))):
        beginning += more
    compression = compression_of(beginning)
    if compression is None:
        file.seek(0)
        yield _text(_plain(file), "", lambda: file.seek(0, io.SEEK_END), is_rows)
        return
    size = file.seek(0, io.SEEK_END)
    yield from _Unpacker(size, is_rows).texts(file, compression)


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _text(blocks: Iterator[bytes], packed: str, size: Callable[[], int], is_rows: bool) -> Iterator[bytes]:
    """The blocks as UTF-8, once they are known to be text. ``packed`` is what the text is unpacked from, if it is."""
    beginning = b""
    try:
        for block in blocks:
            beginning += block
            if len(beginning) >= SNIFFED_BYTES:
                break
    except TruncatedStream as error:
        if not beginning and type(error) is TruncatedStream:
            raise UnreadableFormat(f"damaged {packed}", size(), _DAMAGED) from error
        if beginning:
            yield beginning
        raise
    found = foreign_format(beginning[:SNIFFED_BYTES], is_rows=is_rows)
    if found is not None:
        format, advice = found
        raise UnreadableFormat(f"{format} in a {packed}" if packed else format, size(), advice)
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


class _Unpacker:
    """Unpacks one file, layer by layer."""

    def __init__(self, size: int, is_rows: bool) -> None:
        self._size = size
        self._is_rows = is_rows
        self._allowances = [Allowance(size) for _ in range(MAX_PACKED_TIMES)]

    def texts(self, file: IO[bytes], compression: str, outside: tuple[str, ...] = ()) -> Iterator[Iterator[bytes]]:
        """The texts in a packed file; ``outside`` is what that file was unpacked from, outermost first."""
        if compression != ZIP:
            unpack_again = lambda: self._unpacked(file, compression, outside)  # noqa: E731
            yield from self._inner(unpack_again, (*outside, NAMES[compression]))
            return
        if outside:
            yield self._refused(f"zip archive in a {outside[-1]}", "unpack it")
            return
        try:
            found = members(file)
        except TruncatedStream:
            yield self._refused("damaged zip archive", _DAMAGED)
            return
        if any(member.name == OFFICE_MEMBER for member in found):
            yield self._refused("Microsoft Office file", "write it as JSON, one event a line")
            return
        for member in found:
            yield from self._member(member)

    def _member(self, member: Member) -> Iterator[Iterator[bytes]]:
        if member.problem is not None:
            yield self._refused(f"zip archive (its member {member.name} {member.problem})", "unpack it")
            return
        yield from self._inner(member.unpack, (f"member {member.name} of a zip archive",))

    def _inner(self, unpack_again: Unpack, outside: tuple[str, ...]) -> Iterator[Iterator[bytes]]:
        layer = _Layer(unpack_again, self._allowances[len(outside) - 1])
        compression = compression_of(layer.peek(PEEKED_BYTES))
        if compression is None:
            name = " in a ".join(reversed(outside))
            yield _text(layer.blocks(), name, lambda: self._size, self._is_rows)
        elif len(outside) == MAX_PACKED_TIMES:
            yield self._refused(f"{NAMES[compression]} within {len(outside)} others", "pack it once only")
        else:
            yield from self.texts(cast("IO[bytes]", layer), compression, outside)

    def _unpacked(self, file: IO[bytes], compression: str, outside: tuple[str, ...]) -> Iterator[bytes]:
        file.seek(0)
        if compression == GZIP:
            return gunzip(file)
        if compression == SNAPPY:
            return self._installed(snappy_blocks.unpack_framed(file), compression)
        if compression == HADOOP_SNAPPY:
            return self._installed(snappy_blocks.unpack_hadoop(file), compression)
        return self._installed(_with_codec(compression, file), compression)

    def _installed(self, blocks: Iterator[bytes], compression: str) -> Iterator[bytes]:
        try:
            yield from blocks
        except ImportError as error:
            raise UnreadableFormat(NAMES[compression], self._size, _INSTALL.format(error=error)) from error

    def _refused(self, format: str, advice: str) -> Iterator[bytes]:
        yield from ()
        raise UnreadableFormat(format, self._size, advice)


def _with_codec(compression: str, file: IO[bytes]) -> Iterator[bytes]:
    yield from unpack(codec(compression), file)


class _Layer:
    """What is unpacked from a file, as a file of its own. Going back unpacks it again."""

    def __init__(self, unpack_again: Unpack, allowance: Allowance) -> None:
        self._unpack_again = unpack_again
        self._allowance = allowance
        self._left = allowance.left
        self._restart()

    def _restart(self) -> None:
        self._blocks = self._unpack_again()
        self._at = self._unpacked = 0
        self._pending = b""
        self._end: TruncatedStream | None = None

    def peek(self, size: int) -> bytes:
        """The first bytes; fewer only if there are no more of them. They are read again later."""
        with suppress(TruncatedStream):
            while len(self._pending) < size and (block := self._next()):
                self._pending += block
        return self._pending[:size]

    def blocks(self) -> Iterator[bytes]:
        """The bytes from here on."""
        if self._pending:
            pending, self._pending = self._pending, b""
            yield pending
        while block := self._next():
            yield block

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size`` of them; empty at the end. Raises ``TruncatedStream`` behind the last."""
        pending = self._pending or self._next()
        found, self._pending = pending[:size], pending[size:]
        self._at += len(found)
        return found

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place that was read before."""
        place = offset + (self._at if whence == io.SEEK_CUR else 0)
        if place < self._at:
            self._restart()
        while self._at < place:
            self.read(place - self._at)
        return self._at

    def _next(self) -> bytes:
        """The next block that is not empty; empty at the end."""
        if self._end is not None:
            raise self._end
        try:
            block = next(filter(None, self._blocks), b"")
            left = self._left - self._unpacked
            if len(block) > left:
                self._end = UnpackedTooLarge()
                block = block[:left]
        except TruncatedStream as error:
            self._end = error
            raise
        self._unpacked += len(block)
        self._allowance.left = self._left - self._unpacked
        if not block and self._end is not None:
            raise self._end
        return block
