"""The counts of one task and day, and the files that they name."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.day_counts import DatasetDayCounts, SourceDayCounts
from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.convert.writers import RejectWriter, RowWriter
from personalize_assets.conversion.mapping.event_mapper import Row
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.json_value import MALFORMED, NOT_AN_OBJECT, Event
from personalize_assets.conversion.spec import DatasetCounts, DayProfile, SourceCounts

ITEMS = Dataset("items", (Column("ITEM_ID"),), where={})
SCHEMA = pa.schema([pa.field("ITEM_ID", pa.string())])


def rejects(folder: Path) -> RejectWriter:
    return RejectWriter(FileSystem(), str(folder / "rejects.jsonl"))


def dataset_day(folder: Path) -> DatasetDayCounts:
    rows = RowWriter(FileSystem(), str(folder / "rows.parquet"), SCHEMA, DayProfileBuilder(ITEMS))
    return DatasetDayCounts("items", rows, rejects(folder))


def test_a_dataset_counts_rows_as_kept_and_rejected_by_reason(tmp_path: Path) -> None:
    day = dataset_day(tmp_path)
    event = Event(b"{}", {})
    day.add_many(pa.RecordBatch.from_pylist([{"ITEM_ID": "a"}, {"ITEM_ID": "b"}], SCHEMA), {})
    day.add(Row(("c",)), event, "k")
    day.add(Row((), "missing:ITEM_ID"), event, "k")
    day.add(Row((), "too_long:ITEM_ID"), event, "k")
    day.add_reject("missing:ITEM_ID", b"{}", "k")
    assert day.close() == DatasetCounts(
        rows=6,
        kept=3,
        rejected={"missing:ITEM_ID": 2, "too_long:ITEM_ID": 1},
        files=(str(tmp_path / "rows.parquet"),),
        reject_files=(str(tmp_path / "rejects.jsonl"),),
        profile=DayProfile(nulls={"ITEM_ID": 0}, preview=({"ITEM_ID": "a"}, {"ITEM_ID": "b"}, {"ITEM_ID": "c"})),
    )


def test_values_that_rows_lack_are_counted_by_reason_on_both_paths(tmp_path: Path) -> None:
    day = dataset_day(tmp_path)
    event = Event(b"{}", {})
    day.add_many(pa.RecordBatch.from_pylist([{"ITEM_ID": "a"}], SCHEMA), {"bad_value:PRICE": 1})
    day.add(Row(("b",), dropped=("bad_value:PRICE", "too_long:TAG")), event, "k")
    day.add(Row((), "missing:ITEM_ID"), event, "k")

    counts = day.close()

    assert (counts.kept, counts.dropped) == (2, {"bad_value:PRICE": 2, "too_long:TAG": 1})


def test_a_dataset_without_rows_names_no_files(tmp_path: Path) -> None:
    day = dataset_day(tmp_path)
    day.add_many(pa.RecordBatch.from_pylist([], SCHEMA), {})
    assert day.close() == DatasetCounts(profile=DayProfile(nulls={"ITEM_ID": 0}))


def test_a_source_counts_what_was_read_as_wanted_not_wanted_and_malformed(tmp_path: Path) -> None:
    day = SourceDayCounts(rejects(tmp_path))
    day.add_file(10)
    day.add_read(3, 0)
    day.add_file(20)
    day.add_read(4, wanted=3)
    day.add_malformed(Event(b"x", None, MALFORMED), "k")
    day.add_malformed(Event(b"1", None, NOT_AN_OBJECT), "k")
    day.add_malformed(Event(b"y", None, MALFORMED), "k")
    assert day.close() == SourceCounts(
        raw_files=2,
        bytes=30,
        read=10,
        wanted=3,
        not_wanted=4,
        malformed={MALFORMED: 2, NOT_AN_OBJECT: 1},
        reject_files=(str(tmp_path / "rejects.jsonl"),),
    )
    lines = map(json.loads, (tmp_path / "rejects.jsonl").read_text().splitlines())
    assert [(line["dataset"], line["reason"], line["raw"]) for line in lines] == [
        (None, MALFORMED, "x"),
        (None, NOT_AN_OBJECT, "1"),
        (None, MALFORMED, "y"),
    ]
