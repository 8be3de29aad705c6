"""Which texts are read as JSON and which as rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import IO, Any

import fastavro
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.reading.batches import Batch, whole_events
from personalize_assets.conversion.reading.damage import UnreadableFormat
from personalize_assets.conversion.reading.event_source import JsonText, Rows, is_csv, text_source
from personalize_assets.conversion.reading.formats.settings import CsvDialect, SourceFormat
from personalize_assets.conversion.reading.formats.table_files import TableRows
from personalize_assets.conversion.reading.framer import Framer, everything
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets_tests.helpers.packing import PACKERS

AUTO, JSON, CSV = SourceFormat("auto"), SourceFormat("json"), SourceFormat("csv")


def read(framer: Framer) -> Iterator[Batch | Event]:
    return whole_events(framer, everything)


def found(text: bytes, format: SourceFormat = AUTO, size: int = 1 << 20) -> list[Any]:
    """The fields of events, and the reasons of what is none."""
    source = text_source((text[at : at + size] for at in range(0, len(text), size)), format, everything)
    events = [event for event in source.events(read) if isinstance(event, Event)]
    return [event.fields if event.fields is not None else event.reason for event in events]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_text_is_read_as_what_it_begins_like(size: int) -> None:
    assert found(b'{"a":1}\n{"a":2}\n', size=size) == [{"a": 1}, {"a": 2}]
    assert found(b'\xef\xbb\xbf\n [{"a":1}]', size=size) == [{"a": 1}]
    assert found(b"a,b\n1,2\n", size=size) == [{"a": "1", "b": "2"}]
    assert found(b"no events\n", size=size) == ["malformed_json"]
    assert found(b"", size=size) == []


def test_a_format_that_is_given_is_not_guessed() -> None:
    assert found(b"a,b\n1,2\n", JSON) == ["malformed_json"]
    assert found(b"1,2\n", SourceFormat("csv", CsvDialect(header=False, columns=("a", "b")))) == [{"a": "1", "b": "2"}]
    assert found(b'{"a"\n1\n', CSV) == [{'{"a"': "1"}]
    assert is_csv(b"", CSV)
    assert not is_csv(b"", AUTO)


TEXTS = st.text(alphabet=st.sampled_from('ab,"|\\\n\té😀 {}[]:0'), max_size=8)
EVENTS = st.lists(st.fixed_dictionaries({"id": TEXTS.map("x".__add__), "b": TEXTS, "c": TEXTS}), min_size=1, max_size=6)


def as_csv(events: list[dict[str, str]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ["id", "b", "c"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(events)
    return file.getvalue().encode()


def written_by(write: Callable[[IO[bytes]], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def as_avro(events: list[dict[str, str]]) -> bytes:
    fields = [{"name": name, "type": "string"} for name in ("id", "b", "c")]
    return written_by(lambda file: fastavro.writer(file, {"type": "record", "name": "e", "fields": fields}, events))


@given(EVENTS, st.sampled_from(sorted(PACKERS)), st.integers(1, 3))
def test_events_are_the_same_in_every_format_and_however_they_are_packed(
    events: list[dict[str, str]], packer: str, rows: int
) -> None:
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    table = pa.Table.from_pylist(events)
    for text, format in ((lines, AUTO), (lines.replace(b"\n", b""), AUTO), (as_csv(events), CSV)):
        packed = io.BytesIO(PACKERS[packer](text))
        source = text_source(unpacked_blocks(packed, is_rows=format is CSV), format, everything)
        found = [event.fields for event in source.events(read) if isinstance(event, Event)]
        assert [with_empty(fields) for fields in found] == events
    for data in (
        written_by(lambda file: pa.parquet.write_table(table, file, row_group_size=rows)),
        as_avro(events),
    ):
        source = Rows(TableRows(io.BytesIO(data), "auto"), everything)
        assert [event.fields for event in source.events(read) if isinstance(event, Event)] == events


def with_empty(fields: dict[str, str | None] | None) -> dict[str, str]:
    """A CSV has no other form of an empty text than no value."""
    assert fields is not None
    return {name: value or "" for name, value in fields.items()}


def test_the_prefilter_skips_rows_too() -> None:
    source = text_source(iter([b"a,b\n1,x\n2,y\n"]), CSV, lambda raw: b'"y"' in raw)
    events = list(source.events(lambda framer: framer.one_by_one()))
    assert [event.fields for event in events if isinstance(event, Event)] == [{"a": "2", "b": "y"}]
    assert (source.skipped, source.is_cut) == (1, False)
    assert isinstance(source, Rows)


def test_a_text_that_cannot_be_read_is_one_reject() -> None:
    def blocks() -> Iterator[bytes]:
        yield from ()
        raise UnreadableFormat("tar archive", 10, "unpack it")

    for format in (AUTO, JSON, CSV):
        source = text_source(blocks(), format, everything)
        (event,) = source.events(read)
        assert isinstance(event, Event)
        assert (event.reason, event.raw) == ("unreadable_file", b"tar archive of 10 bytes: unpack it")
    assert isinstance(text_source(iter([b"{"]), AUTO, everything), JsonText)
