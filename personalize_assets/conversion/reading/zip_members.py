"""The members of a zip archive: each is a file of its own."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, NamedTuple, cast

from personalize_assets.conversion.reading.compression import BZIP2
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.packed_blocks import Codec, Inflate, Range, codec, unpack

_READ_BYTES = 1024 * 1024
_LOCAL_HEADER = struct.Struct("<4s2xHH16xHH")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED, _SIZES_BEHIND = 0x1, 0x8
# What macOS adds about its own files.
_FOREIGN_FOLDER = "__MACOSX/"
OFFICE_MEMBER = "[Content_Types].xml"
"""A member that every Office document has: it is a zip archive, too."""
_INFLATE = Codec(Inflate, (zlib.error,), has_several=False)

Unpack = Callable[[], Iterator[bytes]]


class Member(NamedTuple):
    """A member of an archive. ``problem`` is why it cannot be unpacked, None if it can."""

    name: str
    unpack: Unpack
    problem: str | None = None


def members(file: IO[bytes]) -> list[Member]:
    """The files in an archive, as its directory at the end lists them; none of them is read yet.

    Each ``unpack`` yields blocks; it raises ``TruncatedStream`` behind what can be unpacked of a damaged member. Raises
    ``TruncatedStream`` if the directory is missing or damaged, as it is in an archive that is cut off.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, OverflowError, LookupError):
        raise TruncatedStream from None
    size = file.seek(0, io.SEEK_END)
    return [_member(file, size, entry) for entry in listed if not entry.is_dir() and not _is_foreign(entry.filename)]


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN_FOLDER)


def _member(file: IO[bytes], size: int, entry: zipfile.ZipInfo) -> Member:
    problem = None
    if entry.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    elif _codec(entry.compress_type) is None and entry.compress_type != zipfile.ZIP_STORED:
        problem = f"is packed by the method {entry.compress_type} of zip"
    return Member(entry.filename, partial(_unpack, file, size, entry), problem)


def _codec(method: int) -> Codec | None:
    if method == zipfile.ZIP_DEFLATED:
        return _INFLATE
    return codec(BZIP2) if method == zipfile.ZIP_BZIP2 else None


def _unpack(file: IO[bytes], size: int, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    checksum = unpacked = 0
    for block in _packed_or_plain(file, size, entry):
        checksum = zlib.crc32(block, checksum)
        unpacked += len(block)
        yield block
    if (checksum, unpacked) != (entry.CRC, entry.file_size):
        raise TruncatedStream


def _packed_or_plain(file: IO[bytes], size: int, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    if not 0 <= entry.header_offset < size:
        raise TruncatedStream
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_MAGIC):
        raise TruncatedStream
    *_, name, extra = _LOCAL_HEADER.unpack(header)
    first = entry.header_offset + _LOCAL_HEADER.size + name + extra
    packed = cast("IO[bytes]", Range(file, min(first, size), min(first + entry.compress_size, size)))
    its_codec = _codec(entry.compress_type)
    if its_codec is not None:
        yield from unpack(its_codec, packed)
        return
    while block := packed.read(_READ_BYTES):
        yield block


def first_members(head: bytes) -> Iterator[bytes]:
    """What can be unpacked of the first members of an archive whose end is missing, a member each."""
    at = 0
    while head.startswith(_LOCAL_MAGIC, at) and len(head) >= at + _LOCAL_HEADER.size:
        _, flags, method, name, extra = _LOCAL_HEADER.unpack_from(head, at)
        packed_size = int.from_bytes(head[at + 18 : at + 22], "little")
        first = at + _LOCAL_HEADER.size + name + extra
        is_foreign = _is_foreign(head[at + _LOCAL_HEADER.size :][:name].decode("utf-8", "replace"))
        at = first + packed_size
        if flags & _ENCRYPTED or (flags & _SIZES_BEHIND and method != zipfile.ZIP_DEFLATED):
            return
        if method == zipfile.ZIP_STORED:
            text = head[first:at]
        elif method == zipfile.ZIP_DEFLATED:
            decoder = zlib.decompressobj(wbits=-15)
            try:
                text = decoder.decompress(head[first:], _READ_BYTES)
            except zlib.error:
                return
            if flags & _SIZES_BEHIND:
                found = head.find(_LOCAL_MAGIC, len(head) - len(decoder.unused_data)) if decoder.eof else -1
                at = found if found >= 0 else len(head)
        else:
            continue
        if text and not is_foreign:
            yield text
