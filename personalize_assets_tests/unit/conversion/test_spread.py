"""Tasks as tasks of Spark, whose part a stub plays: a range of numbers, mapped by batches. With Spark: engine/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.spark_tasks import over_spark
from personalize_assets.conversion.convert.task import UnreadableFile, run_task
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task

ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={})


class OneBatchATask:
    """As much of a Spark session as tasks need; each number of a range is a batch of its own."""

    def __init__(self) -> None:
        self.schema = ""
        self._numbers: list[int] = []
        self._rows: list[Any] = []

    def range(self, start: int, end: int, step: int, partitions: int) -> OneBatchATask:
        self._numbers = list(range(start, end, step))
        assert partitions == len(self._numbers)
        return self

    def mapInArrow(  # noqa: N802 - Spark's name
        self, run: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]], schema: str
    ) -> OneBatchATask:
        self.schema = schema
        batches = (pa.RecordBatch.from_pydict({"id": [number]}) for number in self._numbers)
        self._rows = [SimpleNamespace(**row) for batch in run(batches) for row in batch.to_pylist()]
        return self

    def collect(self) -> list[Any]:
        return self._rows


def task(number: int, file: Path) -> Task:
    raw = RawFile(str(file), date(2026, 10, 1), 1, "lines")
    return Task(number, RawFileSet("source", True, (raw,), (ITEMS,)))


def plan(folder: Path) -> Plan:
    return Plan("r", ("items",), {"items": f"{folder}/items", "rejects": f"{folder}/rejects"}, 0, {})


def test_each_task_is_run_once_and_reports_as_it_would_here(tmp_path: Path) -> None:
    tasks = []
    for number in range(3):
        (tmp_path / str(number)).write_text('{"item": "i"}\n' * number + "oops")
        tasks.append(task(number, tmp_path / str(number)))
    spark: Any = OneBatchATask()

    reports = over_spark(spark)(tasks, plan(tmp_path / "out"))

    assert reports == [run_task(one, plan(tmp_path / "out")) for one in tasks]
    assert [report.days["2026-10-01"].datasets["items"].kept for report in reports] == [0, 1, 2]
    assert spark.schema == "report string, error string"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("{}")
    spark: Any = OneBatchATask()

    with pytest.raises(UnreadableFile, match=r"/gone cannot be read: "):
        over_spark(spark)([task(0, tmp_path / "there"), task(1, tmp_path / "gone")], plan(tmp_path / "out"))
