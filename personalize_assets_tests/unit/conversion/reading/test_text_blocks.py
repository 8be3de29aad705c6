"""The texts of packed files: every compression, one in the other, archives, damage and bombs."""

from __future__ import annotations

import gzip
import io
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from itertools import accumulate
from unittest import mock

import pytest

from personalize_assets.conversion.reading import damage
from personalize_assets.conversion.reading.damage import TruncatedStream, UnpackedTooLarge, UnreadableFormat
from personalize_assets.conversion.reading.text_blocks import MAX_PACKED_TIMES, texts, unpacked_blocks
from personalize_assets_tests.helpers.framing import PATHS, framed
from personalize_assets_tests.helpers.packing import PACKERS, zip_as_stream, zipped

TEXT = b"".join(b'{"n":%d}\n' % n for n in range(1000))
FEW = b"".join(b'{"n":%d}\n' % n for n in range(12))
OTHERS = [name for name in PACKERS if name != "gzip"]
# They have no checksum over all, or of what is beside the content.
UNCHECKED = ("hadoop-snappy", "zip")


class Trickle(io.BytesIO):
    """A file that gives at most ``size`` bytes a read, as a network may."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))


def before_the_break(blocks: Iterator[bytes]) -> tuple[bytes, TruncatedStream | None]:
    """What a file gives, and what ended it early."""
    kept: list[bytes] = []
    try:
        kept.extend(blocks)
    except TruncatedStream as error:
        return b"".join(kept), error
    return b"".join(kept), None


@pytest.mark.parametrize("name", PACKERS)
def test_a_packed_file_is_its_text(name: str) -> None:
    assert b"".join(unpacked_blocks(io.BytesIO(PACKERS[name](TEXT)))) == TEXT


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("size", [1, 7])
def test_reads_may_be_short(name: str, size: int) -> None:
    if name != "zip":  # Python's zipfile wants whole reads, which files and S3 give
        assert b"".join(unpacked_blocks(Trickle(PACKERS[name](TEXT), size))) == TEXT


@pytest.mark.parametrize("name", PACKERS)
def test_a_large_text_is_whole_and_comes_in_bounded_blocks(name: str) -> None:
    rng = random.Random(1)
    text = b"".join(b'{"n":%d,"text":"%s"}\n' % (rng.randrange(10**9), b"x" * (n % 300)) for n in range(30_000))
    blocks = list(unpacked_blocks(io.BytesIO(PACKERS[name](text))))
    assert b"".join(blocks) == text
    assert max(map(len, blocks)) <= 4 * 1024 * 1024


@pytest.mark.parametrize("name", ["bzip2", "xz", "zstd", "lz4", "snappy", "hadoop-snappy"])
def test_several_packed_streams_are_one_text(name: str) -> None:
    pack = PACKERS[name]
    assert b"".join(unpacked_blocks(io.BytesIO(pack(TEXT) + pack(FEW)))) == TEXT + FEW


@pytest.mark.parametrize("inner", PACKERS)
@pytest.mark.parametrize("outer", PACKERS)
def test_a_file_may_be_packed_twice(outer: str, inner: str) -> None:
    data = PACKERS[outer](PACKERS[inner](FEW))
    if inner != "zip":
        assert b"".join(unpacked_blocks(io.BytesIO(data))) == FEW
        return
    with pytest.raises(UnreadableFormat, match=r"zip archive in a .* of .* bytes: unpack it"):
        list(unpacked_blocks(io.BytesIO(data)))


def test_records_that_were_packed_one_by_one_may_be_packed_together() -> None:
    records = b"".join(gzip.compress(line) for line in FEW.splitlines(keepends=True))
    assert b"".join(unpacked_blocks(io.BytesIO(gzip.compress(records)))) == FEW


def test_a_file_is_unpacked_so_many_times_and_no_more() -> None:
    data = FEW
    for _ in range(MAX_PACKED_TIMES):
        data = gzip.compress(data)
    assert b"".join(unpacked_blocks(io.BytesIO(data))) == FEW
    deeper = gzip.compress(data)
    with pytest.raises(UnreadableFormat) as error:
        list(unpacked_blocks(io.BytesIO(deeper)))
    assert error.value.text == f"gzip file within 3 others of {len(deeper)} bytes: pack it once only"


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_file_within_a_packed_one_is_unreadable(path: str) -> None:
    data = gzip.compress(b"%PDF-1.7")
    events, _ = framed(path, unpacked_blocks(io.BytesIO(data)))
    assert [(event.reason, event.raw.decode()) for event in events] == [
        ("unreadable_file", f"PDF document in a gzip file of {len(data)} bytes: remove it from the source")
    ]


# -- archives ----------------------------------------------------------------------------------------------------------


def texts_of(data: bytes) -> list[bytes]:
    return [b"".join(text) for text in texts(io.BytesIO(data))]


def test_each_member_of_an_archive_is_a_text() -> None:
    data = zipped({"a.json": FEW, "folder/": b"", "folder/b.json.gz": gzip.compress(TEXT), "c.json": b'{"n":0}'})
    assert texts_of(data) == [FEW, TEXT, b'{"n":0}']
    assert b"".join(unpacked_blocks(io.BytesIO(data))) == FEW + b"\n" + TEXT + b'\n{"n":0}'


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_may_be_packed_in_several_ways(method: int) -> None:
    assert texts_of(zipped({"a": TEXT, "b": FEW}, method)) == [TEXT, FEW]


def test_an_archive_written_without_going_back_is_read() -> None:
    assert texts_of(zip_as_stream("a", TEXT)) == [TEXT]


def test_what_macos_adds_to_an_archive_is_left_out() -> None:
    assert texts_of(zipped({"a": FEW, "__MACOSX/._a": b"\0\5\x16\7"})) == [FEW]


def test_an_unreadable_member_costs_only_itself() -> None:
    data = zipped({"a": FEW, "image": b"\x89PNG\r\n\x1a\n", "b": TEXT})
    first, second, third = texts(io.BytesIO(data))
    assert (b"".join(first), b"".join(third)) == (FEW, TEXT)
    with pytest.raises(UnreadableFormat) as error:
        list(second)
    assert error.value.text == (
        f"PNG image in a member image of a zip archive of {len(data):,} bytes: remove it from the source"
    )


def test_a_damaged_member_costs_only_what_is_behind_the_damage() -> None:
    text = b"".join(b'{"n":%d}\n' % random.Random(n).randrange(10**9) for n in range(5000))
    data = bytearray(zipped({"a": text, "b": FEW}))
    data[20_000] ^= 0xFF
    first, second = texts(io.BytesIO(bytes(data)))
    kept, error = before_the_break(first)
    assert type(error) is TruncatedStream
    assert kept.startswith(text[: len(text) // 4])
    assert b"".join(second) == FEW


def test_an_office_document_is_no_archive_of_events() -> None:
    data = zipped({"[Content_Types].xml": b"<a/>", "xl/sheet.xml": b"<a/>"})
    with pytest.raises(UnreadableFormat, match="Microsoft Office file of "):
        texts_of(data)


def test_an_encrypted_member_is_named() -> None:
    data = bytearray(zipped({"a": FEW}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableFormat, match=r"zip archive \(its member a is encrypted\) of 1?\d\d bytes: unpack it"):
        texts_of(bytes(data))


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", PACKERS)
def test_a_file_cut_anywhere_gives_its_first_events_and_one_reject(path: str, name: str) -> None:
    data = PACKERS[name](FEW)
    whole = [event.raw for event in framed(path, [FEW])[0]]
    for size in range(1, len(data)):
        events, _ = framed(path, unpacked_blocks(io.BytesIO(data[:size])))
        good = [event.raw for event in events if event.fields is not None]
        bad = [event for event in events if event.fields is None]
        assert good == whole[: len(good)], size
        assert bad or (name, size) == ("snappy", 10), size  # between two chunks nothing shows that more were to follow
        assert len(bad) == 1 or size < 12, size  # a few bytes that show no format are text


@pytest.mark.parametrize("name", PACKERS)
def test_of_a_cut_file_comes_what_could_be_read(name: str) -> None:
    rng = random.Random(1)
    text = b"".join(b'{"n":%d}\n' % rng.randrange(10**9) for _ in range(120_000))
    data = PACKERS[name](text)
    kept, error = before_the_break(unpacked_blocks(io.BytesIO(data[: len(data) * 3 // 4])))
    assert error is not None
    assert text.startswith(kept)
    if name != "zip":  # its directory is at its end
        assert len(kept) > len(text) // 3


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", PACKERS)
def test_a_changed_byte_never_goes_unnoticed_where_there_is_a_checksum(path: str, name: str) -> None:
    data = PACKERS[name](FEW)
    whole = [event.raw for event in framed(path, [FEW])[0]]
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        events, _ = framed(path, unpacked_blocks(io.BytesIO(changed)))
        good = [event.raw for event in events if event.fields is not None]
        if len(good) == len(events) and name not in UNCHECKED:
            assert good == whole, at


@pytest.mark.parametrize("name", PACKERS)
def test_mutations_raise_nothing_but_what_is_counted(name: str) -> None:
    rng = random.Random(name)
    data = PACKERS[name](TEXT)
    for _ in range(300):
        mutated = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        before_the_break(unpacked_blocks(io.BytesIO(mutated[: rng.randrange(1, len(mutated) + 1)])))


@pytest.mark.parametrize("name", ["bzip2", "xz", "zstd", "lz4"])
def test_what_is_unpacked_before_a_damage_does_not_depend_on_reads(name: str) -> None:
    data = PACKERS[name](TEXT) + b"damage"
    for size in (1 << 20, 7, 1):
        kept, error = before_the_break(unpacked_blocks(Trickle(data, size)))
        assert kept == TEXT
        assert type(error) is TruncatedStream


@pytest.mark.parametrize("outer", [name for name in PACKERS if name != "zip"])
def test_of_a_file_packed_twice_comes_what_is_before_a_damage(outer: str) -> None:
    data = PACKERS[outer](gzip.compress(TEXT))
    kept, error = before_the_break(unpacked_blocks(io.BytesIO(data[:-1])))
    assert error is not None
    assert TEXT.startswith(kept)


def test_a_file_of_which_nothing_can_be_unpacked_says_what_it_is() -> None:
    data = PACKERS["zstd"](TEXT)[:8]
    with pytest.raises(UnreadableFormat) as error:
        list(unpacked_blocks(io.BytesIO(data)))
    assert error.value.text == "damaged zstd file of 8 bytes: copy it again"


@pytest.mark.parametrize(
    ("library", "name"), [("lz4.frame", "lz4"), ("cramjam", "snappy"), ("cramjam", "hadoop-snappy")]
)
def test_without_its_library_a_file_says_what_to_do(library: str, name: str) -> None:
    with mock.patch.dict("sys.modules", {library: None}), pytest.raises(UnreadableFormat) as error:
        list(unpacked_blocks(io.BytesIO(PACKERS[name](FEW))))
    assert "install personalize-assets with all its libraries; for Glue, deploy again" in error.value.text


# -- bombs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKERS)
def test_a_file_is_read_up_to_the_limit_and_no_byte_further(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 100_000)
    monkeypatch.setattr(damage, "MAX_UNPACKED_RATIO", 0)
    assert b"".join(unpacked_blocks(io.BytesIO(PACKERS[name](b"x" * 100_000)))) == b"x" * 100_000
    kept, error = before_the_break(unpacked_blocks(io.BytesIO(PACKERS[name](b"x" * 100_001))))
    assert kept == b"x" * 100_000
    assert type(error) is UnpackedTooLarge


@pytest.mark.parametrize("name", OTHERS)
def test_a_bomb_is_unpacked_in_bounded_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 30_000_000)
    monkeypatch.setattr(damage, "MAX_UNPACKED_RATIO", 0)
    data = PACKERS[name](b"[" + b" " * 60_000_000)
    tracemalloc.start()
    sizes = map(len, unpacked_blocks(io.BytesIO(data)))
    with pytest.raises(UnpackedTooLarge):
        list(accumulate(sizes))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16_000_000  # xz alone has 8 MB of what came before


def test_all_members_of_an_archive_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 100_000)
    monkeypatch.setattr(damage, "MAX_UNPACKED_RATIO", 0)
    data = zipped({"a": b" " * 60_000, "b": b" " * 60_000, "c": gzip.compress(b" " * 1_000)})
    found = [before_the_break(text) for text in texts(io.BytesIO(data))]
    assert [type(error) for _, error in found] == [type(None), UnpackedTooLarge, UnpackedTooLarge]
    # The members that are packed once more are counted where they are unpacked.
    found = [before_the_break(text) for text in texts(io.BytesIO(zipped({"a": gzip.compress(b" " * 60_000)})))]
    assert [error for _, error in found] == [None]
