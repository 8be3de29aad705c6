"""One column of many rows: each strategy, and where it leaves values to the converter of one cell."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping import batch_columns
from personalize_assets.conversion.mapping.batch_columns import BatchColumn
from personalize_assets.conversion.mapping.batch_rows import RowSelection
from personalize_assets.conversion.mapping.converters import Dropped, cell_converter
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

NOW = 1_790_812_800  # 2026-10-01T00:00:00Z


def read(column: Column, *values: Any) -> tuple[list[Any], dict[int, str]]:
    """The cells of events that have one of the values at `a` each, and the rows that are rejected."""
    return read_all(column, *values)[:2]


def read_all(column: Column, *values: Any) -> tuple[list[Any], dict[int, str], dict[int, str]]:
    """As ``read``, and the rows whose values are dropped."""
    dataset = Dataset("interactions", (column,), where={})
    decoder = StructDecoder([dataset])
    structs = decoder.decode_many([json.dumps({"a": value}).encode() for value in values], is_text=True)
    collector = RowSelection([dataset], decoder).collector()
    collector.add(structs, 0)
    (rows,) = collector.rows()
    cells, rejected, dropped = BatchColumn(column).read(rows, NOW)
    return cells.to_pylist(), rejected, dropped


def column(name: str = "X", **options: Any) -> Column:
    return Column(name, ("a",), **options)


def both(event: dict[str, Any]) -> tuple[list[Any], dict[int, str]]:
    """The cell and the reason of a date that is read from `released`, else from the event's time `at`."""
    made = Column("X", ("released", "at"), type="timestamp", event_times=("at",))
    dataset = Dataset("items", (made,), where={})
    decoder = StructDecoder([dataset])
    collector = RowSelection([dataset], decoder).collector()
    collector.add(decoder.decode_many([json.dumps(event).encode()], is_text=True), 0)
    (rows,) = collector.rows()
    cells, rejected, _ = BatchColumn(made).read(rows, NOW)
    return cells.to_pylist(), rejected


REQUIRED: dict[str, Any] = {"required": True}


@pytest.mark.parametrize(
    ("made", "values", "cells", "reasons"),
    [
        (column(), ["x", 1, None, ""], ["x", "1", None, None], {}),
        (column(), ["x", 1.5, [1, 2], {}], ["x", "1.5", "1|2", None], {}),
        (column(**REQUIRED), ["x", None, {}], ["x", None, None], {1: "missing:X", 2: "bad_value:X"}),
        (column(**REQUIRED), ["x", "x" * 1001], ["x", None], {1: "too_long:X"}),
        (column("ITEM_ID", **REQUIRED), ["two\nlines", "ü"], ["two lines", "ü"], {}),
        (column(map={"x": "y", "z": ""}, **REQUIRED), ["x", "z", "x", 1], ["y", None, "y", "1"], {1: "missing:X"}),
        (column(map={"x": "y"}), ["x", ["x", "z"]], ["y", "y|z"], {}),
        (column(type="float"), [1, 0.5, "2.5", -0.0, "x"], [1.0, 0.5, 2.5, 0.0, None], {}),
        (column(type="float"), [2**53 + 1, 0.5], [2.0**53, 0.5], {}),
        (column(type="int", **REQUIRED), [1, 2**31, "3", None], [1, None, 3, None], {1: "bad_value:X", 3: "missing:X"}),
        (column(type="int", map={"one": "1"}), ["one", 2], [1, 2], {}),
        (column(type="boolean"), [True, "false", 1, "x"], [True, False, True, None], {}),
        (
            column("TIMESTAMP", type="timestamp", **REQUIRED),
            ["2026-10-01T00:00:00Z", NOW, NOW + 1, "soon", None, ""],
            [NOW, NOW, None, None, None, None],
            {2: "bad_timestamp", 3: "bad_timestamp", 4: "missing:TIMESTAMP", 5: "missing:TIMESTAMP"},
        ),
    ],
)
def test_a_column_has_the_cells_and_the_reasons_of_its_rows(
    made: Column, values: list[Any], cells: list[Any], reasons: dict[int, str]
) -> None:
    assert read(made, *values) == (cells, reasons)


@pytest.mark.parametrize(
    ("made", "values", "cells", "dropped"),
    [
        (column(), ["x", "x" * 1001, {}], ["x", None, None], {1: "too_long:X", 2: "bad_value:X"}),
        (column(map={"x": "y" * 1001}), ["x", "z", "x"], [None, "z", None], {0: "too_long:X", 2: "too_long:X"}),
        (column(map={"x": "y"}), ["x", {}, ["x"]], ["y", None, "y"], {1: "bad_value:X"}),
        (column(type="float"), ["$3.50", "N/A", "3,50", 2, "2.25", " ", None], [None] * 3 + [2.0, 2.25, None, None],
         {0: "bad_value:X", 1: "bad_value:X", 2: "bad_value:X"}),
        (column(type="int"), [1, 2**31, "3"], [1, None, 3], {1: "bad_value:X"}),
        (column(type="timestamp"), ["2026-10-01", "soon", "", None], [NOW, None, None, None], {1: "bad_value:X"}),
        (column("IMPRESSION"), ["|".join(["i" * 40] * 30), "i" * 1001], ["|".join(["i" * 40] * 24), None],
         {0: "too_long:IMPRESSION", 1: "too_long:IMPRESSION"}),
        (column("IMPRESSION"), [["i" * 40] * 30, ["a"]], ["|".join(["i" * 40] * 24), "a"], {0: "too_long:IMPRESSION"}),
    ],
)  # fmt: skip
def test_a_value_that_an_optional_column_cannot_use_is_dropped(
    made: Column, values: list[Any], cells: list[Any], dropped: dict[int, str]
) -> None:
    assert read_all(made, *values) == (cells, {}, dropped)


NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", fullmatch=True),
    st.sampled_from(
        ["", " ", "-0", "1e5", "1e999", "+1", " 7 ", "x", "007", "0.1", "16777217", "9" * 40, "nan", "1_0"]
    ),
    st.floats(allow_nan=False).map(str),
)


@given(st.lists(st.one_of(NUMBERS, NUMBERS, NUMBERS, st.none(), st.integers(-9, 9)), min_size=1, max_size=6))
@example(["123456789012345678.123456789012345678", "0.1"])
@pytest.mark.parametrize("type", ["float", "double"])
def test_texts_of_numbers_become_the_same_numbers_together_and_one_by_one(type: str, values: list[Any]) -> None:
    made = column(type=type)
    convert = cell_converter(made)
    expected = [convert(value, None) for value in values]
    kept = [None if isinstance(cell, Dropped) else cell for cell in expected]
    cells, rejected, dropped = read_all(made, *values)
    assert cells == pa.array(kept, COLUMN_TYPES[type].arrow).to_pylist()
    assert list(map(str, cells)) == [str(cell) for cell in pa.array(kept, COLUMN_TYPES[type].arrow).to_pylist()]
    assert rejected == {}
    assert dropped == {row: cell.reason for row, cell in enumerate(expected) if isinstance(cell, Dropped)}


@pytest.mark.parametrize(
    ("event", "cell"),
    [
        ({"released": "1942-11-26", "at": NOW}, -855187200),
        ({"released": "1969-12-31T23:59:59.5Z", "at": NOW}, -1),
        ({"released": "9999-12-31", "at": NOW}, 253402214400),
        ({"released": "2036-10-01", "at": NOW}, 2106432000),
        ({"released": 0, "at": NOW}, 0),
        ({"released": [None], "at": NOW}, NOW),
        ({"released": "", "at": 0}, None),
        ({"at": 0}, None),
        ({"at": "1989-12-31"}, None),
        ({"released": "soon", "at": NOW}, None),
    ],
)
def test_a_date_has_no_range_unless_it_is_read_from_the_time_of_the_event(
    event: dict[str, Any], cell: int | None
) -> None:
    assert both(event) == ([cell], {})


@pytest.mark.parametrize("paths", [("b", "a"), ("b", "a", "c")])
def test_the_first_path_that_is_not_null_counts_and_then_the_constant(paths: tuple[str, ...]) -> None:
    assert read(Column("X", paths, constant="c"), "x", None) == (["x", "c"], {})
    assert read(Column("X", paths, type="float", constant=2), 1, None) == ([1.0, 2.0], {})
    assert read(Column("X", paths, type="float", constant="2.50"), 1, None) == ([1.0, 2.5], {})


def test_a_path_into_elements_is_null_where_the_dataset_has_none() -> None:
    assert read(Column("X", ("each.sku", "a")), "x") == (["x"], {})
    assert read(Column("X", ("each.sku",)), "x") == ([None], {})


@pytest.mark.parametrize(
    ("made", "values", "converted"),
    [
        (column(), ["x", "y", 1, None], 0),
        (column(type="float"), [1, 0.5, None], 0),
        (column(type="timestamp"), ["2026-10-01T00:00:00Z", NOW], 0),
        (column(type="float"), [1, "2", None], 1),
        (column(map={"x": "y"}), ["x", "x", "y", "x"], 2),
        (column(type="float", constant="2.50"), [None, 1, None], 0),
    ],
)
def test_only_values_that_arrow_does_not_take_are_converted_one_by_one(
    made: Column, values: list[Any], converted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counting(column: Column) -> Any:
        convert = cell_converter(column)

        def convert_cell(value: Any, max_epoch_seconds: int) -> Any:
            calls.append(value)
            return convert(value, max_epoch_seconds)

        return convert_cell

    monkeypatch.setattr(batch_columns, "cell_converter", counting)

    read(made, *values)

    assert len(calls) == converted


def test_columns_that_differ_in_marks_for_personalize_alone_share_their_key() -> None:
    keys = [
        BatchColumn(made).key
        for made in (column(), column(categorical=True), column(keep="first"), column(separator=","))
    ]

    assert (keys[0] == keys[1] == keys[2], keys[0] == keys[3]) == (True, False)
