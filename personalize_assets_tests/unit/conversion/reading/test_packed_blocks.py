"""Decoders of single streams, and what comes out of a file where one fails."""

from __future__ import annotations

import io
import random
import zlib

import pytest

from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.packed_blocks import Codec, Inflate, Range, codec, unpack
from personalize_assets_tests.helpers.packing import PACKERS

TEXT = b"".join(b'{"n":%d}\n' % n for n in range(1000))


def deflated(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


@pytest.mark.parametrize("most", [1, 7, 100, 1 << 20])
def test_a_decoder_gives_at_most_so_much_a_call(most: int) -> None:
    decoder = Inflate()
    data, unpacked = deflated(TEXT) + b"behind", b""
    while not decoder.eof:
        piece = decoder.decompress(data if decoder.needs_input else b"", most)
        data = b""
        assert len(piece) <= most
        unpacked += piece
    assert (unpacked, decoder.unused_data) == (TEXT, b"behind")


def test_a_file_is_unpacked_from_its_current_place_on() -> None:
    file = io.BytesIO(b"before" + PACKERS["xz"](TEXT))
    file.seek(6)
    assert b"".join(unpack(codec("xz"), file)) == TEXT


@pytest.mark.parametrize("name", ["bzip2", "xz", "zstd", "lz4"])
def test_zero_bytes_behind_a_stream_are_padding(name: str) -> None:
    data = PACKERS[name](TEXT) + b"\0" * 200_000 + PACKERS[name](b"{}")
    assert b"".join(unpack(codec(name), io.BytesIO(data))) == TEXT + b"{}"


def test_all_that_is_unpacked_before_a_damage_is_kept() -> None:
    rng = random.Random(1)
    text = b"".join(b'{"n":%d}\n' % rng.randrange(10**9) for _ in range(20_000))
    packer = zlib.compressobj(wbits=-15)
    first = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    kept: list[bytes] = []
    with pytest.raises(TruncatedStream):
        kept.extend(unpack(Codec(Inflate, (zlib.error,)), io.BytesIO(first + b"\xff" * 100)))
    assert b"".join(kept) == text


def test_a_range_of_a_file_is_a_file() -> None:
    part = Range(io.BytesIO(b"0123456789"), 2, 7)
    assert (part.read(3), part.tell(), part.read(), part.read(1)) == (b"234", 3, b"56", b"")
    assert (part.seek(-1, io.SEEK_END), part.read(9)) == (4, b"6")
    assert (part.seek(-2, io.SEEK_CUR), part.read(1)) == (3, b"5")
    assert part.readable()
    assert part.seekable()
