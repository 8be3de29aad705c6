"""Events, singly and in batches, into the rows, rejects and counts of a day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert import event_sink
from personalize_assets.conversion.convert.event_sink import EventBuffer, EventSink, SourceMappers
from personalize_assets.conversion.reading.batches import Batch
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import MALFORMED, Event
from personalize_assets.conversion.spec import SourceCounts, TaskDay
from personalize_assets_tests.helpers.sinks import open_sink

ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={"type": ("view", "sale")})
USERS = Dataset("users", (Column("USER_ID", ("user",), required=True),), where={"type": ("sale",)})
# A value and a field inside it: no structs can hold both.
NESTED = Dataset("users", (Column("USER_ID", ("user",), required=True), Column("NAME", ("user.name",))), where={})

NO_MAPPERS = SourceMappers((), ())


def read_into(sink: EventSink, mappers: SourceMappers, files: dict[str, bytes]) -> set[type]:
    """What kinds of things the files held: single events, or batches."""
    kinds: set[type] = set()
    for name, text in files.items():
        framer = Framer([text], mappers.may_match)
        for found in mappers.read(framer):
            kinds.add(type(found))
            sink.accept(found, name)
        sink.end_text(framer.skipped)
    return kinds


def rows(day: TaskDay, dataset: str, column: str) -> list[Any]:
    return [value for uri in day.datasets[dataset].files for value in pq.read_table(uri).column(column).to_pylist()]


def rejects(day: TaskDay, dataset: str) -> list[tuple[str, str, str]]:
    lines = [line for uri in day.datasets[dataset].reject_files for line in Path(uri).read_text().splitlines()]
    return [(found["reason"], found["file"], found["raw"]) for found in map(json.loads, lines)]


FILES = {
    "a": b'{"type":"view","item":"i1"}\n{"type":"sale","item":"i2","user":"u1"}\n{"type":"other","item":"x"}\n',
    "b": b'{"type":"sale","user":"u2"}\n{"type":"sale","item":"i4"}\n',
}


def test_a_plain_file_comes_in_batches_and_its_rejects_are_traced_to_their_bytes_and_files(tmp_path: Path) -> None:
    mappers = SourceMappers((ITEMS, USERS), ("items", "users"))
    sink = open_sink(tmp_path, mappers)
    assert read_into(sink, mappers, FILES) == {Batch}
    day = sink.close()
    assert day.source == SourceCounts(read=5, wanted=4, not_wanted=1)
    assert rows(day, "items", "ITEM_ID") == ["i1", "i2", "i4"]
    assert rows(day, "users", "USER_ID") == ["u1", "u2"]
    assert rejects(day, "items") == [("missing:ITEM_ID", "b", '{"type":"sale","user":"u2"}')]
    assert rejects(day, "users") == [("missing:USER_ID", "b", '{"type":"sale","item":"i4"}')]


def test_what_is_no_line_is_counted_the_same_and_what_is_broken_comes_singly(tmp_path: Path) -> None:
    mappers = SourceMappers((ITEMS, USERS), ("items", "users"))
    sink = open_sink(tmp_path, mappers)
    text = b'{"type":"view",\n"item":"i1"}\n{"type":"sale",\n"item":"i2","user":{}}\n'
    text += b'{"type":"other",\n"a":1}\n{"type":"sale"'
    assert read_into(sink, mappers, {"a": text}) == {Batch, Event}
    day = sink.close()
    assert day.source == SourceCounts(
        read=4, wanted=2, not_wanted=1, malformed={MALFORMED: 1}, reject_files=(str(tmp_path / "source.jsonl"),)
    )
    assert rows(day, "items", "ITEM_ID") == ["i1", "i2"]
    assert [reject[:2] for reject in rejects(day, "users")] == [("bad_value:USER_ID", "a")]


def test_a_dataset_that_is_not_written_counts_as_wanting_events(tmp_path: Path) -> None:
    mappers = SourceMappers((ITEMS, USERS), ("users",))
    assert mappers.written == (USERS,)
    sink = open_sink(tmp_path, mappers)
    read_into(sink, mappers, FILES)
    sink.accept(Event(b"", {"type": "view"}), "c")
    day = sink.close()
    assert (day.source.read, day.source.wanted) == (6, 5)
    assert list(day.datasets) == ["users"]


def test_paths_that_no_structs_can_hold_are_read_singly_and_skipped_events_counted(tmp_path: Path) -> None:
    mappers = SourceMappers((ITEMS, NESTED), ("items", "users"))
    sink = open_sink(tmp_path, mappers)
    assert read_into(sink, mappers, FILES) == {Event}
    day = sink.close()
    assert (day.source.read, day.source.wanted, day.source.not_wanted) == (5, 5, 0)
    assert rows(day, "items", "ITEM_ID") == ["i1", "i2", "i4"]
    assert rows(day, "users", "USER_ID") == ["u1", "u2"]


def test_what_the_prefilter_skips_is_not_wanted(tmp_path: Path) -> None:
    mappers = SourceMappers((ITEMS,), ("items",))
    sink = open_sink(tmp_path, mappers)
    read_into(sink, mappers, {"a": b'{"type":\n"other"}{"type":\n"view","item":"i"}'})
    day = sink.close()
    assert day.source == SourceCounts(read=2, wanted=1, not_wanted=1)


def test_no_event_is_lost_between_full_buffers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sink, "_EVENTS_AT_ONCE", 2)
    mappers = SourceMappers((ITEMS,), ("items",))
    sink = open_sink(tmp_path, mappers)
    files = {str(number): b'{"type":"view","item":"i%d"}\n{"type":"view"}\n' % number * 3 for number in range(3)}
    read_into(sink, mappers, files)
    day = sink.close()
    assert rows(day, "items", "ITEM_ID") == ["i0"] * 3 + ["i1"] * 3 + ["i2"] * 3
    assert [file for _, file, _ in rejects(day, "items")] == ["0"] * 3 + ["1"] * 3 + ["2"] * 3


def test_a_buffer_knows_where_each_event_is_from() -> None:
    buffer = EventBuffer(NO_MAPPERS)
    buffer.add(Batch([b"1", b"2"], ["one", "two"], 2), "a")
    buffer.add(Batch([b"3"], ["three"], 1), "b")
    assert buffer.events == 3
    assert [buffer.origin(number) for number in range(3)] == [(b"1", "a"), (b"2", "a"), (b"3", "b")]


def test_a_buffer_is_full_by_events_or_by_bytes() -> None:
    buffer = EventBuffer(NO_MAPPERS)
    buffer.add(Batch([b""] * 8191, [None] * 8191, 16 * 1024 * 1024 - 1), "a")
    assert not buffer.is_full
    by_events, by_bytes = EventBuffer(NO_MAPPERS), EventBuffer(NO_MAPPERS)
    by_events.add(Batch([b""] * 8192, [None] * 8192, 0), "a")
    by_bytes.add(Batch([b""], [None], 16 * 1024 * 1024), "a")
    assert by_events.is_full
    assert by_bytes.is_full
