"""Files to tasks of even size, what their splits give, and the sum of their reports."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert import planner
from personalize_assets.conversion.convert.planner import merge_reports, plan_tasks
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    DatasetCounts,
    DayProfile,
    DayReport,
    Plan,
    RawFile,
    RawFileSet,
    SourceCounts,
    Task,
    TaskDay,
    TaskReport,
)
from personalize_assets.conversion.spread import ResultT, TaskT, in_turn

DAY = date(2026, 10, 1)
ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={"type": ("view",)})


def convert(
    tmp_path: Path, file: Path, cores: int, mask: tuple[str, ...] = ()
) -> tuple[list[Task], DayReport, list[str]]:
    """The tasks that were run, the report of the day, and the items kept."""
    plan = Plan("r", ("items",), {"items": f"{tmp_path}/items", "rejects": f"{tmp_path}/rejects"}, 0, {}, mask)
    raw = RawFile(str(file), DAY, file.stat().st_size, "lines", "gzip" if file.suffix == ".gz" else "none")
    run: list[Any] = []

    def spread(work: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        run.extend(tasks)
        return in_turn(work, tasks, size)

    spec = ConvertSpec((RawFileSet("s", True, (raw,), (ITEMS,)),), plan)
    day = planner.convert(spec, cores, spread).days["2026-10-01"]
    kept = [item for part in day.datasets["items"].files for item in pq.read_table(part).column("ITEM_ID").to_pylist()]
    return run, day, sorted(kept)


def lines() -> list[str]:
    return [json.dumps({"type": "view", "item": f"i{number * 7919}"}) for number in range(300)]


@pytest.mark.parametrize(("name", "splits"), [("events.json", 12), ("events.json.gz", 3)])
def test_the_counts_of_splits_are_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, splits: int
) -> None:
    written = [*lines(), '{"type": "view"}', '{"type": "other"}', '{"type": "view"']
    text = "\n".join(written[150:] + written[:150]).encode()
    file = tmp_path / name
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    tasks, whole, kept = convert(tmp_path / "whole", file, 1)
    assert len(tasks) == 1

    monkeypatch.setattr(planner, "_SMALLEST_TASK_BYTES", 64)
    tasks, split, kept_of_splits = convert(tmp_path / "splits", file, 3)

    assert len(tasks) == splits
    assert kept_of_splits == kept == sorted(f"i{number * 7919}" for number in range(300))
    for report in (whole, split):
        read, rows = report.sources["s"], report.datasets["items"]
        assert (read.raw_files, read.bytes) == (1, file.stat().st_size)
        assert (read.read, read.wanted, read.not_wanted) == (303, 301, 1)
        assert read.malformed == {"malformed_json": 1}
        assert (rows.rows, rows.kept, rows.rejected) == (301, 300, {"missing:ITEM_ID": 1})


def test_a_file_whose_splits_are_cut_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_SMALLEST_TASK_BYTES", 64)
    event = json.dumps({"type": "view", "item": "i", "list": [{"n": 1}] * 60}, indent=0)
    file = tmp_path / "events.json"
    file.write_text(event)
    tasks, report, kept = convert(tmp_path / "out", file, 2)
    assert [task.source.files[0].shares for task in tasks] == [8] * 8 + [1]
    read = report.sources["s"]
    assert (read.raw_files, read.read, read.malformed, kept) == (1, 1, {}, ["i"])


def test_a_gzip_file_that_breaks_off_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_SMALLEST_TASK_BYTES", 64)
    file = tmp_path / "events.json.gz"
    file.write_bytes(gzip.compress("\n".join(lines()).encode())[:-20])
    tasks, report, kept = convert(tmp_path / "out", file, 2)
    assert [task.source.files[0].shares for task in tasks] == [2, 2, 1]
    assert report.sources["s"].malformed == {"malformed_json": 1}
    assert kept == sorted(f"i{number * 7919}" for number in range(len(kept)))


def test_masked_values_do_not_appear_in_a_report(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text('{"type": "view", "item": "secret"}')
    _, report, kept = convert(tmp_path / "out", file, 1, mask=("item",))
    profile = report.datasets["items"].profile
    assert kept == ["secret"]
    assert profile is not None
    assert profile.preview == ({"ITEM_ID": "***"},)


def test_a_stream_has_no_splits() -> None:
    raw = RawFile("file", DAY, 1 << 30, "stream")
    assert len(plan_tasks([RawFileSet("s", True, (raw,), (ITEMS,))], 4)) == 1


@pytest.mark.parametrize(("compression", "splits"), [("none", 5), ("gzip", 4), ("zstd", 1), ("zip", 1)])
def test_a_large_file_has_splits_where_unpacking_it_again_is_cheap(compression: str, splits: int) -> None:
    raw = RawFile("file", DAY, 40 << 20, "lines", compression)
    assert len(plan_tasks([RawFileSet("s", True, (raw,), (ITEMS,))], 4)) == splits


@pytest.mark.parametrize(
    ("framing", "format", "splits"),
    [
        ("row_groups", "auto", 5),
        ("row_groups", "parquet", 5),
        ("rows", "auto", 1),
        ("lines", "csv", 1),
        ("lines", "json", 5),
    ],
)
def test_a_large_file_of_rows_has_splits_if_it_has_row_groups(framing: str, format: str, splits: int) -> None:
    raw = RawFile("file", DAY, 40 << 20, framing)
    items = structs.replace(ITEMS, format=SourceFormat(format))
    assert len(plan_tasks([RawFileSet("s", True, (raw,), (items,))], 4)) == splits


def test_without_files_there_are_no_tasks() -> None:
    assert plan_tasks([RawFileSet("s", True, (), (ITEMS,))], 4) == []


def test_a_task_reads_files_of_one_source() -> None:
    one, two = (RawFile(name, DAY, 1, "lines") for name in ("a", "b"))
    tasks = plan_tasks([RawFileSet("s", True, (one,), (ITEMS,)), RawFileSet("t", False, (two,), ())], 4)
    assert [(task.source.id, task.source.dated, task.source.files) for task in tasks] == [
        ("s", True, (one,)),
        ("t", False, (two,)),
    ]


def test_tasks_are_of_even_size_and_begin_with_the_largest() -> None:
    sizes = [100, 1, 1, 3, 60, 2]
    raw = tuple(RawFile(f"f{number}", DAY, size << 20, "lines") for number, size in enumerate(sizes))
    tasks = plan_tasks([RawFileSet("s", True, raw, (ITEMS,))], 2)
    assert [[(file.uri, file.shares) for file in task.source.files] for task in tasks] == [
        [("f0", 5)], [("f0", 5)], [("f0", 5)], [("f0", 5)], [("f0", 5)],
        [("f4", 3)], [("f4", 3)], [("f4", 3)],
        [("f1", 1), ("f2", 1), ("f3", 1), ("f5", 1)],
    ]  # fmt: skip
    assert [task.number for task in tasks] == list(range(9))


@given(st.lists(st.integers(0, 9 << 20), max_size=40))
@example([1, 1, 1, 0])
def test_no_task_is_a_small_rest(sizes: list[int]) -> None:
    raw = tuple(RawFile(f"f{number:02}", DAY, size, "stream") for number, size in enumerate(sizes))
    tasks = plan_tasks([RawFileSet("s", True, raw, (ITEMS,))], 1)
    found = [[file.uri for file in task.source.files] for task in tasks]
    assert sorted(uri for uris in found for uri in uris) == [file.uri for file in raw]
    even = sum(sizes) / len(tasks) if tasks else 0
    largest = max(sizes, default=0)
    assert all(abs(sum(file.bytes for file in task.source.files) - even) <= largest for task in tasks)


def test_reports_are_summed_by_day_source_and_dataset() -> None:
    def day(read: int, file: str) -> TaskDay:
        counts = DatasetCounts(rows=read, kept=read, files=(file,), profile=DayProfile(nulls={"ITEM_ID": read}))
        return TaskDay(source=SourceCounts(raw_files=1, read=read, wanted=read), datasets={"items": counts})

    merged = merge_reports(
        [
            TaskReport(task=0, source="s", days={"2026-10-01": day(1, "a"), "2026-10-02": day(2, "b")}),
            TaskReport(task=1, source="s", days={"2026-10-02": day(3, "c")}),
            TaskReport(task=2, source="t", days={"2026-10-02": TaskDay(source=SourceCounts(read=7), datasets={})}),
        ]
    )

    first, second = day(1, "a"), day(2, "b")
    assert merged == ConvertReport(
        days={
            "2026-10-01": DayReport(sources={"s": first.source}, datasets=first.datasets),
            "2026-10-02": DayReport(
                sources={"s": SourceCounts(raw_files=2, read=5, wanted=5), "t": SourceCounts(read=7)},
                datasets={
                    "items": DatasetCounts(rows=5, kept=5, files=("b", "c"), profile=DayProfile(nulls={"ITEM_ID": 5}))
                },
            ),
        }
    )
    assert second.datasets["items"].rows == 2  # the parts stay as they are
