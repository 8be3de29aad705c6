"""Which rows of tables a dataset wants, and their columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from personalize_assets.conversion.contract import Column, Condition, Dataset, Wanted
from personalize_assets.conversion.mapping.batch_columns import BatchColumn
from personalize_assets.conversion.mapping.batch_rows import BatchRows
from personalize_assets.conversion.mapping.column_rows import ColumnSelection, at_places
from personalize_assets.conversion.mapping.paths import column_path
from personalize_assets.conversion.reading.formats.row_columns import RowColumns, as_columns

TABLE = {
    "event": pa.array(["View", "Sale", None, "View"]),
    "price": pa.array([1.5, 0.5, 3.0, None]),
    "count": pa.array([1, 2, 3, 4], pa.int16()),
    "new": pa.array([True, False, None, True]),
}


EVENTS = {
    "plain": TABLE["event"],
    "with a dictionary": TABLE["event"].dictionary_encode(),
    "with null in its dictionary": TABLE["event"].dictionary_encode("encode"),
    "with more in its dictionary": pa.DictionaryArray.from_arrays(
        pa.array([3, 1, None, 3], pa.int8()), pa.array(["x", "Sale", None, "View"], pa.large_string())
    ),
}


def table(event: str = "plain") -> RowColumns:
    columns = {**TABLE, "event": EVENTS[event]}
    found = as_columns(pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)))
    assert found is not None
    return found


def selected(where: dict[str, Wanted], *paths: str, each: str | None = None, event: str = "plain") -> BatchRows | None:
    columns = tuple(Column(f"C{number}", (path,)) for number, path in enumerate(paths))
    return ColumnSelection([Dataset("items", columns, where, each)]).rows(table(event))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ({}, [0, 1, 2, 3]),
        ({"event": ("View",)}, [0, 3]),
        ({"event": ("View", "Sale"), "price": ("0.50", "3")}, [1]),
        ({"count": ("02", "3")}, [2]),
        ({"new": ("true",)}, [0, 3]),
        ({"price": Condition(min="1", max="3.0")}, [0, 2]),
        ({"event": Condition(none_of=("View",))}, [1, 2]),
        ({"event": Condition(exists=False)}, [2]),
        ({"missing": Condition(exists=False)}, [0, 1, 2, 3]),
        ({"event.name": Condition(exists=False), "count": ("4",)}, [3]),
    ],
)
def test_rows_are_wanted_as_events_are(where: dict[str, Wanted], numbers: list[int], event: str) -> None:
    rows = selected(where, "event", event=event)
    assert rows is not None
    assert list(rows.numbers) == numbers
    assert rows.columns[column_path("event")] == TABLE["event"].take(pa.array(numbers))


@pytest.mark.parametrize("where", [{"missing": ("x",)}, {"event.name": ("View",)}, {"each.sku": ("a",)}])
def test_no_row_is_wanted_by_what_it_lacks(where: dict[str, Wanted]) -> None:
    assert selected(where, "event", each="products") is None


def test_values_are_those_of_the_wanted_rows() -> None:
    rows = selected({"event": ("View",)}, "price", "new", "missing", "event.name", "each.sku", each="products")
    assert rows is not None
    assert {path.steps: rows.values[path] for path in rows.values} == {
        ("price",): [1.5, None],
        ("new",): [True, True],
        ("missing",): [None, None],
        ("event", "name"): [None, None],
    }
    assert len(rows.values) == 4
    assert column_path("each.sku") not in rows.values


def test_some_of_the_rows_keep_their_numbers() -> None:
    rows = selected({}, "count")
    assert rows is not None
    some = at_places(rows, [1, 3])
    assert (some.numbers, some.values[column_path("count")]) == ([1, 3], [2, 4])


@pytest.mark.parametrize(
    ("type", "path", "cells"),
    [
        ("string", "count", ["1", "2", "3", "4"]),
        ("string", "price", ["1.5", "0.5", "3", None]),
        ("string", "new", ["true", "false", None, "true"]),
        ("float", "count", [1.0, 2.0, 3.0, 4.0]),
        ("long", "price", [None, None, 3, None]),
        ("boolean", "new", [True, False, None, True]),
        ("boolean", "count", [True, None, None, None]),
    ],
)
def test_each_type_is_made_of_each_type(type: str, path: str, cells: list[Any]) -> None:
    rows = selected({}, path)
    assert rows is not None
    assert BatchColumn(Column("X", (path,), type=type)).read(rows, 0).cells.to_pylist() == cells
