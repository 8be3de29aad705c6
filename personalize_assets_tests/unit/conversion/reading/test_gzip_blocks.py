"""Files as blocks of bytes: gzip told by content, cut off or not."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from pathlib import Path
from typing import IO

import pytest

from personalize_assets.conversion.reading import damage
from personalize_assets.conversion.reading.damage import (
    UNPACKED_TOO_LARGE,
    TruncatedStream,
    UnpackedTooLarge,
    max_unpacked_bytes,
)
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.gzip_blocks import BLOCK_BYTES
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets_tests.helpers.framing import PATHS, framed

TEXT = b"".join(b'{"n":%d}\n' % n for n in range(1000))


class Trickle(io.BytesIO):
    """A file that gives at most ``size`` bytes a read, as a network may."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))


def unpacked(data: bytes) -> bytes:
    """What the blocks of a file hold together, the same whatever a read gives."""
    whole = b"".join(unpacked_blocks(io.BytesIO(data)))
    for size in (1, 7):
        assert b"".join(unpacked_blocks(Trickle(data, size))) == whole
    return whole


def before_the_break(data: bytes) -> bytes:
    """What a broken gzip file gives before it breaks off, the same whatever a read gives."""
    results = []
    for size in (BLOCK_BYTES, 1, 7):
        kept: list[bytes] = []
        with pytest.raises(TruncatedStream):
            read_into(kept, Trickle(data, size))
        results.append(b"".join(kept))
    assert results[0] == results[1] == results[2]
    return results[0]


def read_into(kept: list[bytes], file: IO[bytes]) -> None:
    kept.extend(unpacked_blocks(file))


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def test_a_plain_file_is_given_as_it_is() -> None:
    assert unpacked(TEXT) == TEXT


@pytest.mark.parametrize("data", [b"", b"{", b"\x1f{}"])
def test_a_file_too_short_or_too_different_to_be_gzip_is_plain(data: bytes) -> None:
    assert unpacked(data) == data


def test_gzip_is_told_by_its_first_bytes() -> None:
    assert unpacked(gzip.compress(TEXT)) == TEXT


def test_an_empty_gzip_file_is_empty() -> None:
    assert unpacked(gzip.compress(b"")) == b""


def test_gzip_with_a_file_name_in_its_header_is_read() -> None:
    packed = io.BytesIO()
    with gzip.GzipFile("events.json", "wb", fileobj=packed) as file:
        file.write(TEXT)
    assert unpacked(packed.getvalue()) == TEXT


def test_several_members_are_one_text() -> None:
    assert unpacked(gzip.compress(TEXT) + gzip.compress(b"") + gzip.compress(b"{}")) == TEXT + b"{}"


def test_zero_bytes_after_a_member_are_padding() -> None:
    assert unpacked(gzip.compress(TEXT) + b"\0" * 512) == TEXT


def test_a_member_may_follow_padding_wherever_a_block_ends() -> None:
    assert unpacked(gzip.compress(b"{}") + b"\0" * 9 + gzip.compress(TEXT)) == b"{}" + TEXT


def test_anything_else_after_a_member_is_a_break() -> None:
    assert before_the_break(gzip.compress(TEXT) + b'{"n":1}') == TEXT


def test_of_a_truncated_file_comes_what_could_be_read() -> None:
    packed = gzip.compress(TEXT)
    kept = before_the_break(packed[: len(packed) // 2])
    assert TEXT.startswith(kept)
    assert len(TEXT) // 4 < len(kept) < len(TEXT)


@pytest.mark.parametrize("missing", range(1, 9))
def test_a_file_that_lost_only_some_of_its_checksum_is_truncated_and_whole_in_text(missing: int) -> None:
    assert before_the_break(gzip.compress(TEXT)[:-missing]) == TEXT


@pytest.mark.parametrize("size", range(2, 10))
def test_a_file_that_ends_in_its_header_is_truncated(size: int) -> None:
    assert before_the_break(gzip.compress(TEXT)[:size]) == b""


@pytest.mark.parametrize("at", [-1, -6])
def test_a_wrong_checksum_or_length_is_a_break_after_the_text(at: int) -> None:
    packed = gzip.compress(TEXT)
    assert before_the_break(changed(packed, len(packed) + at)) == TEXT


def test_the_text_before_a_damaged_place_is_kept() -> None:
    rng = random.Random(1)
    text = b"".join(b'{"n":%d}\n' % rng.randrange(10**9) for _ in range(20_000))
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    assert before_the_break(first + b"\xff" * 100) == text


def test_the_members_before_a_damaged_one_are_kept() -> None:
    assert before_the_break(gzip.compress(TEXT) + gzip.compress(b"")[:-1] + b"\xff") == TEXT


@pytest.mark.parametrize("size", [4 * BLOCK_BYTES - 1, 4 * BLOCK_BYTES, 4 * BLOCK_BYTES + 1, 4 * BLOCK_BYTES + 258])
def test_a_text_about_as_large_as_a_block_is_whole(size: int) -> None:
    assert b"".join(unpacked_blocks(io.BytesIO(gzip.compress(b"x" * size, 1)))) == b"x" * size


def test_a_block_is_bounded_however_well_a_file_was_packed() -> None:
    packed = gzip.compress(b"x" * (30 * BLOCK_BYTES), 1)
    sizes = [len(block) for block in unpacked_blocks(io.BytesIO(packed))]
    assert sum(sizes) == 30 * BLOCK_BYTES
    assert max(sizes) <= 4 * BLOCK_BYTES


@pytest.mark.parametrize(("name", "data"), [("events.gz", TEXT), ("events.json", gzip.compress(TEXT))])
def test_the_name_of_a_file_says_nothing_about_its_compression(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with (tmp_path / name).open("rb") as file:
        assert b"".join(unpacked_blocks(file)) == TEXT


def test_what_a_damaged_file_on_disk_holds_before_the_break_is_kept(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    (tmp_path / "events").write_bytes(changed(packed, len(packed) - 6))
    kept: list[bytes] = []
    with FileSystem().open(str(tmp_path / "events")) as file, pytest.raises(TruncatedStream):
        read_into(kept, file)
    assert b"".join(kept) == TEXT


# -- what a file may unpack to -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 1000, BLOCK_BYTES])
def test_a_file_is_read_up_to_the_limit_and_no_byte_further(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 100_000)
    at_limit, above = gzip.compress(b"x" * 100_000), gzip.compress(b"x" * 100_001)
    assert len(at_limit) * damage.MAX_UNPACKED_RATIO < 100_000

    assert b"".join(unpacked_blocks(Trickle(at_limit, block))) == b"x" * 100_000
    kept: list[bytes] = []
    with pytest.raises(UnpackedTooLarge):
        read_into(kept, Trickle(above, block))
    assert b"".join(kept) == b"x" * 100_000


def test_a_larger_file_may_unpack_to_a_multiple_of_its_size() -> None:
    stored = 10 * 1024 * 1024 * 1024

    assert max_unpacked_bytes(stored) == 200 * stored
    assert max_unpacked_bytes(1000) == 1024 * 1024 * 1024


def test_a_plain_file_has_no_such_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 10)

    assert unpacked(TEXT) == TEXT


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_unpacks_to_too_much_is_one_reject_after_what_was_read(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 18)
    monkeypatch.setattr(damage, "MAX_UNPACKED_RATIO", 0)
    for text, broken in ((b'{"n":1}\n{"n":2}\n{"n":3}\n', b"{"), (b'{"n":1}\n{"n":2}\n  \n{"n":3}\n', b"")):
        found = framed(path, unpacked_blocks(io.BytesIO(gzip.compress(text + b" " * 5000))))[0]
        assert [(event.raw, event.reason) for event in found] == [
            (b'{"n":1}', None),
            (b'{"n":2}', None),
            (broken + (b'"' if broken else b""), UNPACKED_TOO_LARGE),
        ]
