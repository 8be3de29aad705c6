"""How tasks become rows of a DataFrame, and results rows again, without a server."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
from pyspark.sql.connect.session import SparkSession as ConnectSession

from personalize_assets.conversion import connect


class Frame:
    """A DataFrame of one batch, whose rows Spark has put in the reverse order; it notes its partitioning."""

    def __init__(self, table: pa.Table, notes: list[Any]) -> None:
        self.table, self.notes = table, notes

    def repartitionByRange(self, number: int, column: str) -> Frame:  # noqa: N802
        self.notes.append((number, column))
        return self

    def mapInArrow(self, function: Any, schema: str) -> Frame:  # noqa: N802
        reverse = self.table.take(list(range(len(self.table)))[::-1])
        return Frame(pa.Table.from_batches(list(function(iter(reverse.to_batches())))), self.notes)

    def toArrow(self) -> pa.Table:  # noqa: N802
        return self.table


class Session:
    def __init__(self) -> None:
        self.notes: list[Any] = []

    def createDataFrame(self, table: pa.Table) -> Frame:  # noqa: N802
        return Frame(table, self.notes)


def upper(task: bytes) -> bytes:
    return task.upper()


def test_results_are_in_the_order_of_tasks_each_of_which_has_a_partition() -> None:
    session: Any = Session()

    assert connect.run_over_connect(session, upper, [b"a", b"b", b"c"]) == [b"A", b"B", b"C"]
    assert session.notes == [(3, "number")]


def test_each_core_gives_one_answer_whatever_its_rows_are() -> None:
    found = list(connect._answer(partial(upper, b"here"), iter([])))

    assert [batch.to_pydict() for batch in found] == [{"result": [b"HERE"]}]


def test_only_a_client_of_a_server_is_connected() -> None:
    classic: Any = SimpleNamespace()
    client: Any = object.__new__(ConnectSession)

    assert connect.is_connect(client)
    assert not connect.is_connect(classic)
