"""A large file read in shares gives what it gives when it is read as a whole."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert import planner as events
from personalize_assets.conversion.convert.task import Plan, RawFile, Source, Task, run_task
from personalize_assets.conversion.reading import filesystem as files
from personalize_assets.conversion.reading import splits as shares
from personalize_assets.conversion.reading.filesystem import is_gzip, unpacked_blocks
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.reading.splits import share_of
from personalize_assets_tests.helpers.framing import PATHS, read_on
from personalize_assets_tests.helpers.strategies import FILES, OBJECTS

DATASETS = (Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={"type": ("view",)}),)


Blocks = Iterable[bytes]


def shares_of(file: bytes, count: int) -> list[Blocks]:
    return [share_of(io.BytesIO(file), len(file), number, count) for number in range(count)]


def read(path: str, shares: Iterable[Blocks]) -> tuple[list[Event], bool]:
    """The events of all shares, and whether one of them but the last ended within something."""
    found, cuts = [], []
    for share in shares:
        framer = Framer(share)
        found += read_on(path, framer)
        cuts.append(framer.is_cut)
    return found, any(cuts[:-1])


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "BLOCK_BYTES", 16)
    monkeypatch.setattr(files, "BLOCK_BYTES", 16)
    monkeypatch.setattr(files, "_PACKED_AT_ONCE", 5)


@given(FILES, st.integers(1, 5))
@example(b'{"a":1}\n{"a":2}\n', 2)
@example(b"\n{", 3)
def test_the_shares_of_a_file_are_its_text(text: bytes, count: int) -> None:
    assume(not is_gzip(io.BytesIO(text)))
    for file in (text, gzip.compress(text)):
        assert b"".join(chain.from_iterable(shares_of(file, count))) == text


@pytest.mark.parametrize("path", PATHS)
@given(text=FILES, count=st.integers(2, 5))
@example(text=b'{"a":[\n{"b":1},\n{"b":2},\n{"b":3}]}', count=2)
@example(text=b'[{"b":1},\n{"b":2},\n{"b":3}]', count=2)
@example(text=b'{"a":"\n{"b":1}\n{"b":2}\n', count=2)
@example(text=b'{"a":1\n{"b":1}\n{"b":2}\n', count=2)
@example(text=b"\x1f\x8b{}\n{}\n{}", count=2)
@example(text=gzip.compress(b'{"a":1}\n{"b":2}\n')[:-3], count=2)
def test_shares_that_are_not_cut_hold_the_events_of_the_file(path: str, text: bytes, count: int) -> None:
    found, is_cut = read(path, shares_of(text, count))
    if not is_cut:
        assert found == read(path, [unpacked_blocks(io.BytesIO(text))])[0]


@pytest.mark.parametrize("path", PATHS)
@given(lines=st.lists(OBJECTS.map(lambda value: json.dumps(value).encode()), max_size=8), count=st.integers(2, 5))
def test_no_share_of_lines_is_cut(path: str, lines: list[bytes], count: int) -> None:
    found, is_cut = read(path, shares_of(b"\n".join([*lines, b""]), count))
    assert not is_cut
    assert [event.raw for event in found] == lines


@pytest.mark.parametrize(
    "broken", [b'{"a":', b'{"a":"text', b'{"a":[1', b'{"a":1}}', b"oops", b'{"a":1,}', b"\xff"], ids=repr
)
def test_a_broken_line_is_rarely_taken_for_a_cut(broken: bytes) -> None:
    line = b'{"type":"view"}\n'
    _, is_cut = read("in_batches", shares_of(line * 4 + broken + b"\n" + line * 16, 2))
    assert not is_cut


def test_an_event_over_several_lines_is_cut() -> None:
    assert read("in_batches", [[b'{"a":[\n'], [b'{"b":1}]}\n']])[1]


def report(tmp_path: Path, name: str, file: Path, cores: int) -> tuple[list[Task], dict[str, Any], list[str]]:
    """The tasks that were run, their counts for the day, and the items kept."""
    folder = tmp_path / name
    plan = Plan("r", ("items",), {"items": f"{folder}/items", "rejects": f"{folder}/rejects"}, 0, {})
    packed = file.suffix == ".gz"
    raw = RawFile(str(file), date(2026, 10, 1), file.stat().st_size, "lines", packed)
    run: list[Task] = []
    total: dict[str, int] = {}
    kept = []

    def spread(tasks: Any, plan: Plan) -> list[dict[str, Any]]:
        run.extend(tasks)
        return [run_task(task, plan) for task in tasks]

    for one in events.run_tasks([Source("s", True, (raw,), DATASETS)], plan, cores, spread):
        day = one["days"]["2026-10-01"]
        counts = day["datasets"]["items"]
        sums = {**day["source"], **counts, "malformed": sum(day["source"]["malformed"].values())}
        for key in ("raw_files", "bytes", "read", "wanted", "not_wanted", "malformed", "rows", "kept"):
            total[key] = total.get(key, 0) + sums[key]
        for written in counts["files"]:
            kept += pq.read_table(written).column("ITEM_ID").to_pylist()
    return run, total, sorted(kept)


@pytest.mark.parametrize("name", ["events.json", "events.json.gz"])
def test_the_books_of_shares_are_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    lines = [json.dumps({"type": "view", "item": f"i{number * 7919}"}) for number in range(300)]
    lines += ['{"type": "view"}', '{"type": "other"}', '{"type": "view"']
    text = "\n".join(lines[150:] + lines[:150]).encode()
    file = tmp_path / name
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    whole, books, kept = report(tmp_path, "whole", file, 1)
    monkeypatch.setattr(events, "_SMALLEST_TASK_BYTES", 64)
    shared, books_of_shares, kept_of_shares = report(tmp_path, "shares", file, 3)
    assert (len(whole), len(shared)) == (1, 3 if name.endswith(".gz") else 12)
    assert kept_of_shares == kept
    assert books_of_shares == books
    assert (books["raw_files"], books["read"], books["malformed"]) == (1, 303, 1)


def test_a_file_whose_shares_are_cut_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_SMALLEST_TASK_BYTES", 64)
    event = json.dumps({"type": "view", "item": "i", "list": [{"n": 1}] * 60}, indent=0)
    file = tmp_path / "events.json"
    file.write_text(event)
    run, books, kept = report(tmp_path, "out", file, 2)
    assert [task.source.files[0].shares for task in run] == [8] * 8 + [1]
    assert (books["raw_files"], books["read"], books["malformed"], kept) == (1, 1, 0, ["i"])


def test_a_gzip_file_that_breaks_off_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_SMALLEST_TASK_BYTES", 64)
    lines = [json.dumps({"type": "view", "item": f"i{number * 7919}"}) for number in range(300)]
    file = tmp_path / "events.json.gz"
    file.write_bytes(gzip.compress("\n".join(lines).encode())[:-20])
    run, books, kept = report(tmp_path, "out", file, 2)
    assert [task.source.files[0].shares for task in run] == [2, 2, 1]
    assert books["malformed"] == 1
    assert kept == sorted(f"i{number * 7919}" for number in range(len(kept)))


def test_a_stream_has_no_shares() -> None:
    raw = RawFile("file", date(2026, 10, 1), 1 << 30, "stream")
    assert len(events.tasks_of([Source("s", True, (raw,), DATASETS)], 4)) == 1


def test_tasks_are_of_even_size_and_begin_with_the_largest() -> None:
    day = date(2026, 10, 1)
    sizes = [100, 1, 1, 3, 60, 2]
    raw = tuple(RawFile(f"f{number}", day, size << 20, "lines") for number, size in enumerate(sizes))
    tasks = events.tasks_of([Source("s", True, raw, DATASETS)], 2)
    assert [[(file.uri, file.shares) for file in task.source.files] for task in tasks] == [
        [("f0", 5)], [("f0", 5)], [("f0", 5)], [("f0", 5)], [("f0", 5)],
        [("f4", 3)], [("f4", 3)], [("f4", 3)],
        [("f1", 1), ("f2", 1), ("f3", 1), ("f5", 1)],
    ]  # fmt: skip
    assert [task.number for task in tasks] == list(range(9))


@given(st.lists(st.integers(0, 9 << 20), max_size=40))
@example([1, 1, 1, 0])
def test_no_task_is_a_small_rest(sizes: list[int]) -> None:
    raw = tuple(RawFile(f"f{number:02}", date(2026, 10, 1), size, "stream") for number, size in enumerate(sizes))
    tasks = events.tasks_of([Source("s", True, raw, DATASETS)], 1)
    found = [[file.uri for file in task.source.files] for task in tasks]
    assert sorted(uri for uris in found for uri in uris) == [file.uri for file in raw]
    even = sum(sizes) / len(tasks) if tasks else 0
    largest = max(sizes, default=0)
    assert all(abs(sum(file.bytes for file in task.source.files) - even) <= largest for task in tasks)
