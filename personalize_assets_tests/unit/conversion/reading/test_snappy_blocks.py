"""Snappy's framing format and Hadoop's blocks."""

from __future__ import annotations

import io

import pytest
from cramjam import snappy

from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.snappy_blocks import unpack_framed, unpack_hadoop
from personalize_assets_tests.helpers.packing import framed_snappy, hadoop_snappy

TEXT = b"".join(b'{"n":%d}\n' % n for n in range(20_000))
PADDING = b"\xfe\x03\0\0\0\0\0"


def test_padding_and_chunks_that_may_be_skipped_are_skipped() -> None:
    data = framed_snappy(TEXT) + PADDING + b"\x80\x02\0\0ab" + framed_snappy(b"{}")
    assert b"".join(unpack_framed(io.BytesIO(data))) == TEXT + b"{}"


@pytest.mark.parametrize("chunk", [b"\x02\x01\0\0a", b"\0\xff\xff\xff", b"\xfe\x03\0\0\0", b"\0\0"])
def test_chunks_before_one_that_cannot_be_read_are_kept(chunk: bytes) -> None:
    kept: list[bytes] = []
    with pytest.raises(TruncatedStream):
        kept.extend(unpack_framed(io.BytesIO(framed_snappy(TEXT) + chunk)))
    assert b"".join(kept) == TEXT


def test_a_wrong_checksum_is_damage() -> None:
    data = bytearray(framed_snappy(b"x" * 100))
    data[14] ^= 1
    with pytest.raises(TruncatedStream):
        list(unpack_framed(io.BytesIO(data)))


@pytest.mark.parametrize(("block", "piece"), [(256 * 1024, 100_000), (1000, 1000), (1000, 7)])
def test_blocks_may_be_in_several_pieces(block: int, piece: int) -> None:
    assert b"".join(unpack_hadoop(io.BytesIO(hadoop_snappy(TEXT, block, piece)))) == TEXT


def test_a_piece_that_unpacks_to_more_than_its_block_is_not_unpacked() -> None:
    bomb = bytes(snappy.compress_raw(b"x" * 1_000_000))
    data = (100).to_bytes(4, "big") + len(bomb).to_bytes(4, "big") + bomb
    with pytest.raises(TruncatedStream):
        list(unpack_hadoop(io.BytesIO(data)))


def test_a_block_without_its_last_piece_is_cut_off() -> None:
    kept: list[bytes] = []
    with pytest.raises(TruncatedStream):
        kept.extend(unpack_hadoop(io.BytesIO(hadoop_snappy(b"ab", 2, 1)[:-7])))
    assert kept == [b"a"]
