"""How a file is packed, by its first bytes and not by its name."""

from __future__ import annotations

import re

PEEKED_BYTES = 32
"""As many bytes of a file show how it is packed."""

NOT_PACKED = "none"
GZIP, BZIP2, XZ, ZSTD, LZ4 = "gzip", "bzip2", "xz", "zstd", "lz4"
SNAPPY, HADOOP_SNAPPY, ZIP = "snappy", "hadoop-snappy", "zip"

NAMES = {
    GZIP: "gzip file",
    BZIP2: "bzip2 file",
    XZ: "xz file",
    ZSTD: "zstd file",
    LZ4: "lz4 file",
    SNAPPY: "snappy file",
    HADOOP_SNAPPY: "snappy file of Hadoop",
    ZIP: "zip archive",
}
"""What a file of each compression is called in texts."""

_BEGINNINGS = (
    # The level, and then the mark of the first block or of the end.
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), BZIP2),
    (re.compile(rb"\xfd7zXZ\0"), XZ),
    # A skippable frame may come first: tools that pack on several cores write one.
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL), ZSTD),
    (re.compile(rb"\x04\x22\x4d\x18"), LZ4),
    (re.compile(rb"\xff\x06\0\0sNaPpY"), SNAPPY),
    (re.compile(rb"PK\x03\x04"), ZIP),
)
# Hadoop writes 256 KB a block unless it is set otherwise; a larger block is taken for something else.
MAX_HADOOP_BLOCK_BYTES = 64 * 1024 * 1024
_LONGEST_VARINT = 4


def compression_of(beginning: bytes) -> str | None:
    """How a file is packed that begins like this; None if it is not, or in a way that is not read here.

    Args:
        beginning: Its first ``PEEKED_BYTES``, or all of it.
    """
    if beginning.startswith(b"\x1f\x8b"):
        return GZIP
    for pattern, compression in _BEGINNINGS:
        if pattern.match(beginning):
            return compression
    return HADOOP_SNAPPY if _is_hadoop_snappy(beginning) else None


def _is_hadoop_snappy(beginning: bytes) -> bool:
    """Whether the first block's sizes agree. There is no magic number; text never begins with so small a size."""
    if not beginning or beginning[0] > MAX_HADOOP_BLOCK_BYTES >> 24:
        return False
    unpacked, packed = int.from_bytes(beginning[:4], "big"), int.from_bytes(beginning[4:8], "big")
    size, behind = snappy_size(beginning[8 : 9 + _LONGEST_VARINT])
    if not 0 < size <= unpacked <= MAX_HADOOP_BLOCK_BYTES or not behind < packed <= max_snappy_bytes(size):
        return False
    # What a block begins with can only be bytes as they are.
    return beginning[8 + behind : 9 + behind] != b"" and beginning[8 + behind] & 0b11 == 0


def snappy_size(block: bytes) -> tuple[int, int]:
    """The unpacked size that a block of snappy begins with, and how many bytes it takes. (0, 0) if it has none."""
    size = 0
    for place, byte in enumerate(block[: 1 + _LONGEST_VARINT]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return size, place + 1
    return 0, 0


def max_snappy_bytes(size: int) -> int:
    """The most bytes that snappy makes of ``size`` bytes."""
    return 32 + size + size // 6
