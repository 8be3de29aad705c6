"""Compression, framing and the first events of a file, from its head."""

from __future__ import annotations

import gzip
import io
import json
import random
from datetime import date
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personalize_assets.catalog import file_heads
from personalize_assets.catalog.file_heads import (
    HEAD_BYTES,
    _first_events,
    events_per_file,
    inspect_head,
    read_heads,
)
from personalize_assets.config import Source
from personalize_assets.conversion.reading.formats.settings import CsvDialect, SourceFormat
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import MAX_DEPTH
from personalize_assets.storage.raw_files import RawFiles
from personalize_assets_tests.helpers.packing import PACKERS, zipped
from personalize_assets_tests.helpers.strategies import FILES

EVENT = {"type": "track", "userId": "u1"}
LINE = json.dumps(EVENT).encode()


def kind(content: bytes) -> tuple[str, str]:
    """Compression and framing of a file."""
    return inspect_head(content[:HEAD_BYTES], len(content))[:2]


def framing(content: bytes) -> str:
    return kind(content)[1]


def sampled(content: bytes) -> int:
    """How many events of a file are read."""
    return len(inspect_head(content[:HEAD_BYTES], len(content)).events)


def test_events_that_cannot_be_read_are_counted_by_reason() -> None:
    content = b"\n".join([LINE, b'{"type": "track", "userId"', LINE, b"7"]) + b"\n"

    head = inspect_head(content, len(content))

    assert (head.events, head.malformed) == ([EVENT, EVENT], {"malformed_json": 1, "not_an_object": 1})


def test_rows_that_cannot_be_read_are_counted() -> None:
    content = b"id,name\n1,a\n2,b,c\n3,d\n"

    head = inspect_head(content, len(content))

    assert (len(head.events), head.malformed) == (2, {"malformed_row": 1})


def test_elements_of_an_envelope_that_are_no_events_are_counted() -> None:
    content = b'{"Records": [{"a": 1}, 2]}\n{"Records": 3}\n'

    head = inspect_head(content, len(content), format=SourceFormat(events="Records"))

    assert (len(head.events), head.malformed) == (1, {"not_an_object": 1, "no_events": 1})


@pytest.mark.parametrize("rest", [b'{"type": ["track', b'{\n "type":\n', b'[{"type": "track"},\n {"ty'])
def test_an_event_that_only_the_head_cuts_off_is_not_malformed(rest: bytes) -> None:
    content = b"broken\n" + LINE + b"\n" + rest

    assert inspect_head(content, len(content) + 100).malformed == {"malformed_json": 1}
    assert sum(inspect_head(content, len(content)).malformed.values()) > 1


def test_lines_of_a_head_that_are_no_events_at_all_are_counted() -> None:
    assert inspect_head(b"no event\n" * 3, 100).malformed == {"malformed_json": 3}


def test_a_row_that_only_the_head_cuts_off_is_not_malformed() -> None:
    content = b'id,name\n1,a\n2,"b\n'

    assert inspect_head(content, len(content) + 100).malformed == {}


@pytest.mark.parametrize(
    "content",
    [
        LINE,
        LINE + b"\n" + LINE,
        b"\n\n" + LINE + b"\r\n" + LINE + b"\r\n\r\n",
        b"\xef\xbb\xbf" + LINE + b"\n",
        LINE + b"\n" + b'{"broken": \n' + LINE + b"\n",
    ],
    ids=["one line", "no line end at the end", "blank lines", "a BOM", "one broken line among good ones"],
)
def test_one_object_a_line_is_lines(content: bytes) -> None:
    assert framing(content) == "lines"
    assert kind(gzip.compress(content)) == ("gzip", "lines")


@pytest.mark.parametrize(
    "content",
    [
        LINE + LINE,
        (LINE + b"\n" + LINE).replace(b", ", b",\n") + LINE,
        json.dumps(EVENT, indent=2).encode(),
        b"[" + LINE + b"," + LINE + b"]",
        b"[\n" + LINE + b",\n" + LINE + b"\n]",
        json.dumps([EVENT, EVENT], indent=1).encode(),
        b"",
        b"not JSON at all\n",
    ],
    ids=["glued", "glued and wrapped", "pretty", "array", "array over lines", "pretty array", "empty", "no JSON"],
)
def test_anything_else_is_a_stream(content: bytes) -> None:
    assert framing(content) == "stream"
    assert kind(gzip.compress(content)) == ("gzip", "stream")


def test_compression_is_found_by_the_bytes() -> None:
    assert inspect_head(LINE, len(LINE)).compression == "none"
    assert inspect_head(gzip.compress(LINE), 1).compression == "gzip"
    assert inspect_head(b"", 0).compression == "none"


@pytest.mark.parametrize("name", PACKERS)
def test_events_are_found_however_a_file_is_packed(name: str) -> None:
    rng = random.Random(1)
    events = [{"n": number, "text": f"{rng.getrandbits(400):x}"} for number in range(9000)]
    packed = PACKERS[name](b"".join(json.dumps(event).encode() + b"\n" for event in events))

    assert len(packed) > HEAD_BYTES
    head = inspect_head(packed[:HEAD_BYTES], len(packed))
    assert head.compression == name
    if name not in ("bzip2", "hadoop-snappy"):  # the first of their blocks is longer than the head
        assert len(head.events) > 50
    assert list(head.events) == events[: len(head.events)]


def test_events_of_a_file_that_is_packed_twice_are_found() -> None:
    head = inspect_head(gzip.compress(gzip.compress(LINE)), 1000)
    assert (head.compression, list(head.events)) == ("gzip", [EVENT])


def test_a_line_longer_than_the_head_is_still_lines() -> None:
    long_line = json.dumps({"text": "x" * 1_000_000}).encode()

    assert framing(long_line + b"\n" + LINE) == "lines"
    assert framing(b"\xef\xbb\xbf" + long_line) == "lines"
    assert sampled(long_line) == 0


def test_glued_objects_longer_than_the_head_are_a_stream() -> None:
    assert framing(LINE * 10_000) == "stream"
    assert framing(b"[" + json.dumps({"text": "x" * 1_000_000}).encode() + b"]") == "stream"


def test_a_head_that_ends_within_an_event_leaves_that_event_out() -> None:
    lines = (LINE + b"\n") * 10_000

    assert framing(lines) == "lines"
    assert sampled(lines[: 2 * HEAD_BYTES]) == 1000  # no more are looked at
    wide = json.dumps({"text": "x" * 30_000}).encode() + b"\n"
    assert sampled(wide * 3) == 2
    assert sampled(wide.rstrip() * 3) == 2


def test_a_head_of_gzip_that_ends_within_an_event_leaves_that_event_out() -> None:
    noise = [
        json.dumps({"n": number, "text": f"{number * 7919 % 1_000_003:x}" * 50}).encode() for number in range(9000)
    ]
    packed = gzip.compress(b"\n".join(noise))

    assert len(packed) > HEAD_BYTES
    head = inspect_head(packed[:HEAD_BYTES], len(packed))
    assert (head.compression, head.framing) == ("gzip", "lines")
    assert head.events == [json.loads(line) for line in noise[: len(head.events)]]
    assert len(head.events) > 100


def test_a_head_that_unpacks_to_gigabytes_is_read_only_so_far() -> None:
    bomb = gzip.compress(json.dumps({"text": "x" * 60_000_000}).encode())

    assert kind(bomb) == ("gzip", "lines")


@given(FILES, st.integers(1, 4))
@example(b'{"a":\n{"b":1}}\n{"c":2}', 2)
@example(b'{"a":1}\n\n{"b":1}\n', 2)
@example(b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1) + b'\n{"b":1}', 2)
def test_the_first_events_are_those_that_the_conversion_reads(text: bytes, count: int) -> None:
    read = islice(Framer([text]).one_by_one(), count)
    assert _first_events(text, count).events == [event.fields for event in read if event.fields is not None]


def csv_file(rows: int) -> bytes:
    return b"user,item\n" + b"".join(b'u%d,"i,%d"\n' % (n, n) for n in range(rows))


def test_a_csv_has_rows() -> None:
    head = inspect_head(csv_file(9000)[:HEAD_BYTES], 100_000, 2)
    assert head == ("none", "rows", [{"user": "u0", "item": "i,0"}, {"user": "u1", "item": "i,1"}], {})
    assert inspect_head(gzip.compress(csv_file(2)), 50)[:2] == ("gzip", "rows")
    dialect = SourceFormat("csv", CsvDialect(header=False, columns=("a", "b")))
    assert list(inspect_head(b"M\xfc,1\nu,2\n", 8, format=dialect).events) == [{"a": "u", "b": "2"}]
    assert inspect_head(csv_file(2), 50, format=SourceFormat("json")).events == []


def test_the_rows_of_an_archive_of_csvs_are_those_of_its_first_one() -> None:
    head = inspect_head(zipped({"a": csv_file(1), "b": csv_file(1)}), 200)
    assert (head.framing, list(head.events)) == ("rows", [{"user": "u0", "item": "i,0"}])


def parquet_file(rows: int) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(pa.table({"id": [f"{n:05}" for n in range(rows)], "n": list(range(rows))}), file)
    return file.getvalue()


def test_parquet_has_row_groups() -> None:
    data = parquet_file(3)
    assert inspect_head(data, len(data), 2) == (
        "none",
        "row_groups",
        [{"id": "00000", "n": 0}, {"id": "00001", "n": 1}],
        {},
    )
    assert inspect_head(data[:-1], len(data)) == ("none", "row_groups", [], {})
    assert inspect_head(data, len(data), format=SourceFormat("csv")).framing != "row_groups"


def test_the_head_of_a_large_parquet_file_has_its_first_rows(tmp_path: Path) -> None:
    raw = source(tmp_path, "a")
    data = parquet_file(30_000)
    (tmp_path / "day=2026-10-01/a").write_bytes(data)
    jobs = [("source", file) for file in raw.all().days[date(2026, 10, 1)]]

    ((_, file, head),) = read_heads({"source": raw}, jobs)

    assert file.bytes == len(data) > HEAD_BYTES
    assert inspect_head(head, file.bytes, 1) == ("none", "row_groups", [{"id": "00000", "n": 0}], {})


# -- several files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("files", "events"), [(0, 1000), (1, 1000), (4, 500), (400, 5), (100_000, 5)])
def test_a_day_of_more_files_has_fewer_events_of_each(files: int, events: int) -> None:
    assert events_per_file(files) == events


def source(root: Path, *names: str) -> RawFiles:
    """A source whose one day has these files, each holding its name."""
    folder = root / "day=2026-10-01"
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)
    return RawFiles(Source(uri=str(root), layout="hive", start_date=date(2026, 10, 1)))


def test_heads_come_in_the_order_asked_for_though_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_heads, "_HEADS_AT_ONCE", 3)
    raw = source(tmp_path, *"abcdefg")
    jobs = [("source", file) for file in raw.all().days[date(2026, 10, 1)]]

    found = [(id, file.key[-1], head) for id, file, head in read_heads({"source": raw}, jobs)]

    assert found == [("source", name, name.encode()) for name in "abcdefg"]


def test_only_the_first_bytes_are_read(tmp_path: Path) -> None:
    raw = source(tmp_path, "abcdefg")
    jobs = [("source", file) for file in raw.all().days[date(2026, 10, 1)]]

    ((_, _, head),) = read_heads({"source": raw}, jobs, first_bytes=3)

    assert head == b"abc"


@pytest.mark.parametrize(("name", "is_read_on"), [("bzip2", True), ("lz4", True), ("gzip", False)])
def test_more_is_read_of_a_file_that_is_packed_in_large_blocks(tmp_path: Path, name: str, is_read_on: bool) -> None:
    raw = source(tmp_path, "a")
    data = PACKERS[name](LINE * 1000)
    (tmp_path / "day=2026-10-01/a").write_bytes(data)
    jobs = [("source", file) for file in raw.all().days[date(2026, 10, 1)]]

    ((_, _, head),) = read_heads({"source": raw}, jobs, first_bytes=32)

    assert head == (data if is_read_on else data[:32])


def test_a_file_that_no_longer_exists_is_left_out(tmp_path: Path) -> None:
    raw = source(tmp_path, "a", "b")
    jobs = [("source", file) for file in raw.all().days[date(2026, 10, 1)]]
    (tmp_path / "day=2026-10-01/a").unlink()

    assert [head for _, _, head in read_heads({"source": raw}, jobs)] == [b"b"]
