"""What files seem to be by their first bytes, and Unicode other than UTF-8."""

from __future__ import annotations

import gzip
import io
import tarfile

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest

from personalize_assets.conversion.reading.damage import TruncatedStream, UnreadableFormat
from personalize_assets.conversion.reading.file_formats import as_utf8, encoding_of, foreign_format
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets_tests.helpers.framing import PATHS, framed

LINES = b'{"n":1}\n{"n":"\xc3\xbc"}\n'
TABLE = pa.table({"n": [1, 2]})


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("events.json")
        member.size = len(LINES)
        archive.addfile(member, io.BytesIO(LINES))
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(TABLE, file)
    return file.getvalue()


def orc() -> bytes:
    file = io.BytesIO()
    pa.orc.write_table(TABLE, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (tarred(), "tar archive"),
        (parquet(), "Parquet file"),
        (orc(), "ORC file"),
        (b"Obj\x01\x04", "Avro file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG image"),
        (b"%PDF-1.7", "PDF document"),
        ("name;price\nMünze;3,50 €\n".encode("cp1252"), "Windows-1252 text"),
        (LINES.decode().encode("utf-16-le"), "UTF-16 text without a byte order mark"),
        (LINES.decode().encode("utf-16-be"), "UTF-16 text without a byte order mark"),
        (bytes(range(1, 256)) * 4, "binary data of an unknown format"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_of_another_format_is_named(data: bytes, name: str) -> None:
    found = foreign_format(data)
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        LINES,
        LINES.decode().encode("cp1252"),
        b"\0\0\0\n" + LINES,
        b"user_id,item_id\nu1,i1\n",
        b"user;M\xc3\xbcnze"[:-1] + b"\xc3",
        b"BZhash of something\n",
        b"ORCHID,3\n",
        b"2026-10-01 10:00:00 INFO\0 started\n" * 4 + b"2026-10-01 10:00:00 INFO started \xe9\n" * 4,
        b"Oct  1 05:00:00 host app[1]: started\n",
        "﻿".encode("utf-16-le") + LINES.decode().encode("utf-16-le"),
    ],
    ids=repr,
)
def test_text_is_read_whatever_is_in_it(data: bytes) -> None:
    assert foreign_format(data) is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("path", PATHS)
def test_unicode_with_a_byte_order_mark_is_read(encoding: str, path: str) -> None:
    data = ("﻿" + LINES.decode()).encode(encoding)
    assert encoding_of(data) == encoding
    for file in (data, gzip.compress(data)):
        events, _ = framed(path, unpacked_blocks(io.BytesIO(file)))
        assert [event.fields for event in events] == [{"n": 1}, {"n": "ü"}]


def test_half_of_a_pair_in_utf16_breaks_its_own_event() -> None:
    text = '﻿{"n":1}{"n":"@"}{"n":2}'.encode("utf-16-le").replace(b"@\0", b"\x3d\xd8")
    events, _ = framed("in_batches", unpacked_blocks(io.BytesIO(text)))
    assert [event.fields or event.reason for event in events] == [{"n": 1}, "malformed_json", {"n": 2}]


def test_utf16_that_is_cut_within_a_character_is_cut_off() -> None:
    data = '﻿{"n":1}\n{"n":2}'.encode("utf-16-le")
    with pytest.raises(TruncatedStream):
        list(unpacked_blocks(io.BytesIO(data[:-1])))
    events, _ = framed("in_batches", unpacked_blocks(io.BytesIO(data[:-1])))
    assert [event.fields or event.reason for event in events] == [{"n": 1}, "malformed_json"]


def test_blocks_may_cut_a_character() -> None:
    data = "ü😀".encode("utf-16-le")
    assert b"".join(as_utf8([data[at : at + 1] for at in range(len(data))], "utf-16-le")) == "ü😀".encode()


def test_an_unreadable_file_is_one_reject_with_its_size_and_what_to_do() -> None:
    data = tarred()
    with pytest.raises(UnreadableFormat):
        list(unpacked_blocks(io.BytesIO(data)))
    for path in PATHS:
        events, skipped = framed(path, unpacked_blocks(io.BytesIO(data)), lambda raw: False)
        assert skipped == 0
        assert [(event.reason, event.raw.decode()) for event in events] == [
            ("unreadable_file", f"tar archive of {len(data):,} bytes: unpack it, or pack it with gzip")
        ]


def test_a_gzip_file_of_which_nothing_can_be_unpacked_is_unreadable() -> None:
    events, _ = framed("in_batches", unpacked_blocks(io.BytesIO(gzip.compress(LINES)[:8])))
    assert [(event.reason, event.raw) for event in events] == [
        ("unreadable_file", b"damaged gzip file of 8 bytes: copy it again")
    ]
