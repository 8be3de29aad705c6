"""Packs bytes in every way in which raw files may be packed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable, Mapping

import lz4.frame
from cramjam import snappy

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Pack = Callable[[bytes], bytes]


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of files by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def zip_as_stream(name: str, content: bytes) -> bytes:
    """A zip archive of one file, as a program writes it that cannot go back: its sizes are behind the content."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    file = Pipe()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        member.write(content)
    return file.getvalue()


def framed_snappy(text: bytes) -> bytes:
    """Snappy in its framing format."""
    return bytes(snappy.compress(text))


def hadoop_snappy(text: bytes, block: int = 256 * 1024, piece: int = 100_000) -> bytes:
    """Snappy as Hadoop writes it: blocks of pieces."""
    packed = b""
    for at in range(0, len(text), block):
        part = text[at : at + block]
        packed += len(part).to_bytes(4, "big")
        for begin in range(0, len(part), piece):
            one = bytes(snappy.compress_raw(part[begin : begin + piece]))
            packed += len(one).to_bytes(4, "big") + one
    return packed


def packed_lz4(text: bytes) -> bytes:
    """An lz4 frame with a checksum."""
    return bytes(lz4.frame.compress(text, content_checksum=True))


PACKERS: Mapping[str, Pack] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda text: zstd.compress(text, options={zstd.CompressionParameter.checksum_flag: 1}),
    "lz4": packed_lz4,
    "snappy": framed_snappy,
    "hadoop-snappy": hadoop_snappy,
    "zip": lambda text: zipped({"events.json": text}),
}
"""By the name that a catalog gives them; all but Hadoop's snappy have a checksum."""
