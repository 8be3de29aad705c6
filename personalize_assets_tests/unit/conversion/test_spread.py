"""Tasks one after another, and as tasks of Spark, whose part a stub plays."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.progress import Meter, Progress
from personalize_assets.conversion.reading.file_errors import UnreadableFile
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task, TaskReport
from personalize_assets.conversion.spread import in_turn, in_turn_with, over_spark

ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={})


class StubSession:
    """As much of a Spark session and its context as tasks need: partitions of one element, mapped by a function."""

    def __init__(self) -> None:
        self.sparkContext = self
        self.partitions: list[bytes] = []
        self._found: list[bytes] = []

    def setJobGroup(self, group: str, description: str) -> None:  # noqa: N802 - Spark's name
        pass

    def parallelize(self, elements: list[bytes], partitions: int) -> StubSession:
        assert partitions == len(elements)
        self.partitions = elements
        return self

    def map(self, run: Callable[[bytes], bytes]) -> StubSession:
        self._found = [pickle.loads(pickle.dumps(run))(element) for element in self.partitions]
        return self

    def collect(self) -> list[bytes]:
        return self._found


def task(number: int, file: Path) -> Task:
    raw = RawFile(str(file), date(2026, 10, 1), 1, "lines")
    return Task(number, RawFileSet("source", True, (raw,), (ITEMS,)))


def plan(folder: Path) -> Plan:
    return Plan("r", ("items",), {"items": f"{folder}/items", "rejects": f"{folder}/rejects"}, 0, {})


def work(folder: Path) -> Callable[[Task], TaskReport]:
    return partial(run_task, plan=plan(folder))


def test_one_task_after_another_gives_a_result_each_in_their_order() -> None:
    run: list[int] = []

    def double(number: int) -> int:
        run.append(number)
        return 2 * number

    assert in_turn(double, [3, 1, 2], 0) == [6, 2, 4]
    assert run == [3, 1, 2]


def test_one_task_after_another_ends_with_the_first_error() -> None:
    run: list[int] = []

    def fail(number: int) -> None:
        run.append(number)
        raise UnreadableFile(str(number))

    with pytest.raises(UnreadableFile, match=r"^3$"):
        in_turn(fail, [3, 1], 0)
    assert run == [3]


def test_each_task_is_reported_when_it_has_finished() -> None:
    log: list[Any] = []

    def double(number: int) -> int:
        log.append(number)
        return 2 * number

    assert in_turn_with(double, [3, 1], lambda task, result: log.append((task, result))) == [6, 2]
    assert log == [3, (3, 6), 1, (1, 2)]


def test_tasks_of_spark_are_counted_with_their_bytes_and_events(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"item": "i"}\n{}\n')
    spark: Any = StubSession()
    found: list[Progress] = []
    tasks = [task(0, tmp_path / "a"), task(1, tmp_path / "a")]

    over_spark(spark, Meter("convert", found.append))(work(tmp_path / "out"), tasks, 2)

    assert [(one.done, one.total, one.bytes_done, one.bytes, one.events) for one in found] == [(2, 2, 2, 2, 4)]


def test_spark_is_not_asked_for_anything_without_tasks() -> None:
    spark: Any = None

    assert over_spark(spark)(work(Path()), [], 0) == []


def test_each_task_is_run_once_and_reports_as_it_would_here(tmp_path: Path) -> None:
    tasks = []
    for number in range(3):
        (tmp_path / str(number)).write_text('{"item": "i"}\n' * number + "oops")
        tasks.append(task(number, tmp_path / str(number)))
    spark: Any = StubSession()

    reports = over_spark(spark)(work(tmp_path / "out"), tasks, 1)

    assert reports == [run_task(one, plan(tmp_path / "out")) for one in tasks]
    assert [report.days["2026-10-01"].datasets["items"].kept for report in reports] == [0, 1, 2]
    assert list(map(pickle.loads, spark.partitions)) == tasks


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("{}")
    spark: Any = StubSession()

    with pytest.raises(UnreadableFile, match=r"/gone cannot be read: "):
        over_spark(spark)(work(tmp_path / "out"), [task(0, tmp_path / "there"), task(1, tmp_path / "gone")], 1)
