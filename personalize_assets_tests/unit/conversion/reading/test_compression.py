"""How files are packed, by their first bytes."""

from __future__ import annotations

import pytest

from personalize_assets.conversion.reading.compression import PEEKED_BYTES, compression_of, snappy_size
from personalize_assets_tests.helpers.packing import PACKERS

TEXT = b'{"n":1}\n' * 100


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("text", [TEXT, b'{"n":1}'])
def test_a_packed_file_is_known_by_its_first_bytes(name: str, text: bytes) -> None:
    assert compression_of(PACKERS[name](text)[:PEEKED_BYTES]) == name


def test_a_zstd_file_may_begin_with_a_skippable_frame() -> None:
    assert compression_of(b"\x50\x2a\x4d\x18\x04\0\0\0size" + PACKERS["zstd"](TEXT)) == "zstd"


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"\0",
        b"\x1f",
        b"{",
        TEXT,
        b"BZhash of something\n",
        b"PKfile",
        b"\0\0\0\n" + TEXT,
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        "{}".encode("utf-16-be") * 8,
        b"\xef\xbb\xbf" + TEXT,
    ],
    ids=repr,
)
def test_anything_else_is_not_packed(beginning: bytes) -> None:
    assert compression_of(beginning[:PEEKED_BYTES]) is None


def test_a_block_of_snappy_begins_with_its_size_in_groups_of_seven_bits() -> None:
    assert snappy_size(b"\x05hello") == (5, 1)
    assert snappy_size(b"\xac\x02...") == (300, 2)
    assert snappy_size(b"\xff\xff\xff\xff\xff\xff") == (0, 0)
    assert snappy_size(b"") == (0, 0)
