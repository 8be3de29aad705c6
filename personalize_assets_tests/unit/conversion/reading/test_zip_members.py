"""Members of zip archives, by the archive's directory and by its beginning alone."""

from __future__ import annotations

import io
import zipfile

import pytest

from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.zip_members import first_members, members
from personalize_assets_tests.helpers.packing import zip_as_stream, zipped

TEXT = b"".join(b'{"n":%d}\n' % n for n in range(1000))


def test_members_are_listed_without_folders() -> None:
    found = members(io.BytesIO(zipped({"folder/": b"", "folder/a": TEXT, "b": b"{}"})))
    assert [(member.name, member.problem) for member in found] == [("folder/a", None), ("b", None)]
    assert [b"".join(member.unpack()) for member in found] == [TEXT, b"{}"]


def test_a_member_may_be_unpacked_again() -> None:
    (member,) = members(io.BytesIO(zipped({"a": TEXT})))
    assert b"".join(member.unpack()) == b"".join(member.unpack()) == TEXT


def test_a_method_that_is_not_read_is_a_problem() -> None:
    (member,) = members(io.BytesIO(zipped({"a": TEXT}, zipfile.ZIP_LZMA)))
    assert member.problem == "is packed by the method 14 of zip"


@pytest.mark.parametrize("size", [0, 10, 100])
def test_an_archive_without_its_directory_is_cut_off(size: int) -> None:
    with pytest.raises(TruncatedStream):
        members(io.BytesIO(zipped({"a": TEXT})[:size]))


def test_a_wrong_checksum_is_damage_behind_the_text() -> None:
    data = bytearray(zipped({"a": TEXT}))
    data[data.index(b"PK\x01\x02") + 16] ^= 1
    (member,) = members(io.BytesIO(data))
    kept: list[bytes] = []
    with pytest.raises(TruncatedStream):
        kept.extend(member.unpack())
    assert b"".join(kept) == TEXT


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_beginning_of_an_archive_gives_its_first_members(method: int) -> None:
    data = zipped({"__MACOSX/._a": b"x", "a": b"{}", "b": TEXT}, method)
    first, second = first_members(data[: data.index(b"PK\x01\x02") - 50])
    assert first == b"{}"
    assert 0 < len(second) < len(TEXT)
    assert TEXT.startswith(second)


def test_the_beginning_of_an_archive_written_without_going_back_gives_its_member() -> None:
    data = zip_as_stream("a", TEXT)
    assert list(first_members(data[:-10])) == [TEXT]


def test_no_beginning_raises_anything() -> None:
    data = zipped({"a": TEXT, "b": b"{}"})
    for size in range(len(data)):
        list(first_members(data[:size]))
