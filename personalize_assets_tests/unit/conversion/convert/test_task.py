"""What one task reads and writes."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion import task_progress
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert import event_sink
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.mapping import event_mapper
from personalize_assets.conversion.progress import Meter, Progress
from personalize_assets.conversion.reading import damage, field_tree
from personalize_assets.conversion.reading.file_errors import UnreadableFile
from personalize_assets.conversion.spec import (
    DatasetCounts,
    DayProfile,
    Plan,
    RawFile,
    RawFileSet,
    SourceCounts,
    Task,
    TaskReport,
)
from personalize_assets_tests.helpers.packing import zipped

ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={"type": ("view",)})
INTERACTIONS = Dataset(
    "interactions",
    (Column("ITEM_ID", ("item",), required=True), Column("TIMESTAMP", ("time",), type="timestamp", required=True)),
    where={},
)
FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)
NOW = 1791072000  # 2026-10-04T00:00:00Z


def run(folder: Path, *files: RawFile, dated: bool = True, make: tuple[str, ...] = ("items",)) -> TaskReport:
    plan = Plan(
        "run", make, {name: f"{folder}/out/{name}" for name in ("items", "interactions", "rejects")}, NOW, {}, ()
    )
    return run_task(Task(7, RawFileSet("source", dated, files, (ITEMS, INTERACTIONS))), plan)


def raw_file(folder: Path, name: str, *events: Any, day: date = FIRST) -> RawFile:
    text = "".join(json.dumps(event) + "\n" for event in events)
    (folder / name).write_text(text)
    return RawFile(str(folder / name), day, len(text), "lines")


def test_a_task_reports_what_it_read_and_names_what_it_wrote_by_day(tmp_path: Path) -> None:
    a = raw_file(tmp_path, "a", {"type": "view", "item": "i1"}, {"type": "view"}, {"type": "other", "item": "x"})
    b = raw_file(tmp_path, "b", {"type": "view", "item": "i2"}, 12)
    c = raw_file(tmp_path, "c", {"type": "view", "item": "i3"}, day=SECOND)

    report = run(tmp_path, a, b, c)

    assert (report.task, report.source, report.cut) == (7, "source", ())
    assert list(report.days) == ["2026-10-01", "2026-10-02"]
    day, out = report.days["2026-10-01"], f"{tmp_path}/out"
    assert day.source == SourceCounts(
        raw_files=2,
        bytes=a.bytes + b.bytes,
        read=5,
        wanted=4,  # by interactions, which want everything
        malformed={"not_an_object": 1},
        reject_files=(f"{out}/rejects/day=2026-10-01/source-run-00007.jsonl",),
    )
    assert day.datasets == {
        "items": DatasetCounts(
            rows=3,
            kept=2,
            rejected={"missing:ITEM_ID": 1},
            files=(f"{out}/items/day=2026-10-01/run-00007.parquet",),
            reject_files=(f"{out}/rejects/day=2026-10-01/items-run-00007.jsonl",),
            profile=DayProfile(nulls={"ITEM_ID": 0}, preview=({"ITEM_ID": "i1"}, {"ITEM_ID": "i2"})),
            untimed=2,
        )
    }
    assert pq.read_table(f"{out}/items/day=2026-10-01/run-00007.parquet").column("ITEM_ID").to_pylist() == ["i1", "i2"]
    assert report.days["2026-10-02"].datasets["items"].kept == 1


def test_the_counts_of_a_source_do_not_depend_on_which_datasets_are_made(tmp_path: Path) -> None:
    file = raw_file(tmp_path, "a", {"type": "view", "item": "i1"}, {"type": "other", "item": "x", "time": NOW})
    both = run(tmp_path / "both", file, make=("items", "interactions")).days["2026-10-01"]
    alone = run(tmp_path / "alone", file, make=("items",)).days["2026-10-01"]
    assert list(both.datasets) == ["items", "interactions"]
    assert list(alone.datasets) == ["items"]
    assert alone.source == SourceCounts(
        raw_files=1, bytes=file.bytes, read=2, wanted=2, not_wanted=0, malformed={}, reject_files=()
    )
    assert both.source == alone.source


def rejects(counts: SourceCounts) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(counts.reject_files[0]).read_text().splitlines()]


@pytest.mark.parametrize("mask", [(), ("user",)])
def test_neither_pictures_nor_logs_are_unwanted_events(tmp_path: Path, mask: tuple[str, ...]) -> None:
    (tmp_path / "b").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    log = "".join(f"Oct  1 05:00:0{number} host app[1]: started\n" for number in range(5))
    (tmp_path / "c").write_text(log)
    files = tuple(RawFile(str(tmp_path / name), FIRST, 5128, "stream") for name in "bc")
    plan = Plan("run", ("items",), {name: f"{tmp_path}/out/{name}" for name in ("items", "rejects")}, NOW, {}, mask)

    counts = run_task(Task(7, RawFileSet("source", True, files, (ITEMS,))), plan).days["2026-10-01"].source

    assert (counts.read, counts.wanted, counts.not_wanted) == (6, 0, 0)
    assert (counts.malformed, counts.unreadable) == ({"malformed_json": 5}, 1)
    assert [(one["reason"], one["raw"], one.get("lines")) for one in rejects(counts)] == [
        ("unreadable_file", "PNG image of 5,128 bytes: remove it from the source", None),
        ("malformed_json", None if mask else log.strip(), 5),
    ]


@pytest.mark.parametrize(("dated", "kept"), [(True, ["before"]), (False, ["before", "after"])])
def test_a_time_may_lie_up_to_a_day_after_arrival_or_after_now_where_files_have_no_day(
    tmp_path: Path, dated: bool, kept: list[str]
) -> None:
    file = raw_file(
        tmp_path,
        "a",
        {"item": "before", "time": "2026-10-02T23:59:59Z"},
        {"item": "after", "time": "2026-10-05T00:00:00Z"},
        {"item": "never", "time": "2026-10-05T00:00:01Z"},
    )
    counts = run(tmp_path, file, dated=dated, make=("interactions",)).days["2026-10-01"].datasets["interactions"]
    assert pq.read_table(counts.files[0]).column("ITEM_ID").to_pylist() == kept
    assert counts.rejected == {"bad_timestamp": 3 - len(kept)}


def test_a_split_that_ends_inside_an_event_is_reported(tmp_path: Path) -> None:
    text = '{"type": "view",\n"item": [\n' + '{"n": 1},\n' * 50 + '{"n": 1}]}\n'
    (tmp_path / "a").write_text(text)
    split = RawFile(str(tmp_path / "a"), FIRST, len(text), "lines", share=0, shares=2)
    assert run(tmp_path, split).cut == (str(tmp_path / "a"),)


def test_a_file_is_counted_with_its_first_split(tmp_path: Path) -> None:
    whole = raw_file(tmp_path, "a", *[{"type": "view", "item": "i"}] * 20)
    sources = [
        run(tmp_path / str(number), RawFile(whole.uri, FIRST, whole.bytes, "lines", share=number, shares=2))
        .days["2026-10-01"]
        .source
        for number in range(2)
    ]
    assert [(source.raw_files, source.bytes) for source in sources] == [(1, whole.bytes), (0, 0)]
    assert sum(source.read for source in sources) == 20


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"/gone cannot be read: "):
        run(tmp_path, RawFile(f"{tmp_path}/gone", FIRST, 1, "lines"))


def test_a_day_without_rows_and_rejects_has_no_files(tmp_path: Path) -> None:
    report = run(tmp_path, raw_file(tmp_path, "a"))
    counts = report.days["2026-10-01"].datasets["items"]
    assert (counts.files, counts.reject_files) == ((), ())
    assert not (tmp_path / "out").exists()


# -- bounds ------------------------------------------------------------------------------------------------------------


EACH = Dataset("items", (Column("ITEM_ID", ("each.id",), required=True),), where={}, each="list")


def of_bytes(folder: Path, data: bytes) -> TaskReport:
    (folder / "raw").write_bytes(data)
    plan = Plan("run", ("items",), {name: f"{folder}/out/{name}" for name in ("items", "rejects")}, NOW, {}, ())
    file = RawFile(str(folder / "raw"), FIRST, len(data), "lines")
    return run_task(Task(0, RawFileSet("source", True, (file,), (EACH,))), plan)


@pytest.mark.parametrize("on_fast_path", [True, False])
def test_an_event_with_more_elements_than_the_limit_is_one_counted_reject(
    tmp_path: Path, on_fast_path: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not on_fast_path:
        monkeypatch.setattr(event_sink, "StructDecoder", mock.Mock(side_effect=field_tree.NoShapeError))
    monkeypatch.setattr(event_mapper, "MAX_ELEMENTS", 3)
    monkeypatch.setattr(field_tree, "MAX_ELEMENTS", 3)
    lines = [b'{"list":[' + (b'{"id":"a"},' * count)[:-1] + b"]}\n" for count in (3, 4)]

    day = of_bytes(tmp_path, b"".join(lines)).days["2026-10-01"]

    assert (day.source.read, day.source.wanted) == (2, 2)
    assert (day.datasets["items"].rows, day.datasets["items"].kept) == (4, 3)
    assert day.datasets["items"].rejected == {"too_many_elements": 1}


def test_an_event_of_millions_of_empty_elements_is_a_counted_reject_and_is_not_built(tmp_path: Path) -> None:
    count = 3_000_000
    data = b'{"list":[' + b"{}," * count + b'{}]}\n{"list":[{"id":"a"}]}\n'

    tracemalloc.start()
    day = of_bytes(tmp_path, gzip.compress(data)).days["2026-10-01"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert day.source.malformed == {"too_many_values": 1}
    assert day.datasets["items"].kept == 1
    assert peak < 8 * len(data)


def test_a_file_that_unpacks_to_too_much_is_a_counted_reject_after_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "MAX_UNPACKED_BYTES", 1_000_000)
    data = b'{"list":[{"id":"a"}]}\n' + b" " * 2_000_000 + b'{"list":[{"id":"b"}]}\n'

    day = of_bytes(tmp_path, gzip.compress(data)).days["2026-10-01"]

    assert (day.source.read, day.source.wanted, day.source.malformed) == (2, 1, {"unpacked_too_large": 1})
    assert day.datasets["items"].kept == 1


def test_members_of_an_archive_are_read_each_for_itself(tmp_path: Path) -> None:
    good = b'{"list":[{"id":"a"}]}\n'
    data = zipped({"cut": good + b'{"list":[', "image": b"\x89PNG\r\n\x1a\n", "b.gz": gzip.compress(good)})

    day = of_bytes(tmp_path, data).days["2026-10-01"]

    assert (day.source.raw_files, day.source.bytes) == (1, len(data))
    assert (day.source.read, day.source.wanted, day.source.unreadable) == (4, 2, 1)
    assert day.source.malformed == {"malformed_json": 1}
    assert day.datasets["items"].kept == 2


def test_a_pipe_among_the_files_ends_the_task_with_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UnreadableFile, match="pipe is not a regular file"):
        run(tmp_path, RawFile(str(tmp_path / "pipe"), FIRST, 0, "lines"))


def test_a_display_that_fails_is_not_an_error_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(progress: Progress) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(task_progress, "REPORT_SECONDS", 0.0)
    file = raw_file(tmp_path, "a", {"type": "view", "item": "i1"})
    shown = Meter("convert", fail).plan([Task(7, RawFileSet("source", True, (file,), ()))], file.bytes)

    with task_progress.reported(shown.move):
        report = task_progress.run_in_spread(shown.number, partial(run, tmp_path), file)

    assert report.days["2026-10-01"].source.read == 1
