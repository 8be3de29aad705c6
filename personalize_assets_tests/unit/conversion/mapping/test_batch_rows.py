"""Which of many events datasets want, the rows that they make, and the values of these."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Condition, Dataset
from personalize_assets.conversion.mapping.batch_rows import BatchRows, RowSelection, selection_key
from personalize_assets.conversion.mapping.paths import column_path
from personalize_assets.conversion.mapping.where import matcher
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets_tests.helpers.strategies import VALUES

ORDERS = Dataset(
    "interactions",
    (Column("ITEM_ID", ("each.sku", "sku")),),
    where={"event": ("Ordered", "1")},
    each="products",
)
SKU, EACH_SKU, ID = column_path("sku"), column_path("each.sku"), column_path("id")


def select(dataset: Dataset, *events: dict[str, Any], at_once: int = 100) -> list[BatchRows]:
    decoder = StructDecoder([dataset])
    decoded = decoder.decode_many([json.dumps(event).encode() for event in events], True)
    collector = RowSelection([dataset], decoder).collector()
    for first in range(0, len(decoded), at_once):
        collector.add(decoded[first : first + at_once], first)
    return collector.rows()


def test_rows_carry_the_index_of_their_event_among_those_that_were_given() -> None:
    (rows,) = select(ORDERS, {"event": "Viewed"}, {"event": "Ordered"}, {"event": None}, {"event": 1})

    assert (rows.numbers, rows.positions, len(rows)) == ([1, 3], None, 2)


def test_each_element_is_a_row_of_its_own_apart_from_events_without_elements() -> None:
    plain, of_elements = select(
        ORDERS,
        {"event": "Ordered", "sku": "x", "products": [{"sku": "a"}, {"sku": "b"}]},
        {"event": "Ordered", "sku": "y", "products": []},
        {"event": "Ordered", "products": [{"sku": "c"}]},
    )

    assert (plain.numbers, plain.values) == ([1], {SKU: ["y"]})
    assert (of_elements.numbers, of_elements.positions) == ([0, 0, 2], [0, 1, 0])
    assert of_elements.values == {SKU: ["x", "x", None], EACH_SKU: ["a", "b", "c"]}


def test_rows_do_not_depend_on_how_many_events_are_added_at_once() -> None:
    orders: list[dict[str, Any]] = [
        {"event": "Ordered", "sku": str(number), "products": [{"sku": "a"}] * (number % 3)} for number in range(7)
    ]
    together = select(ORDERS, *orders)

    assert [select(ORDERS, *orders, at_once=size) for size in (1, 2, 3)] == [together] * 3


@pytest.mark.parametrize(
    "condition",
    [
        Condition(none_of=("a", "1")),
        Condition(exists=True),
        Condition(exists=False),
        Condition(min="1", max="10.5"),
        Condition(min="2026-10-01", none_of=("2026-10-02",)),
    ],
)
@given(values=st.lists(st.one_of(VALUES, st.sampled_from([1, 10.5, "10.5", "2026-10-01T05:00:00Z", 1790899200, " "]))))
def test_a_condition_selects_the_same_events_as_one_by_one(condition: Condition, values: list[Any]) -> None:
    dataset = Dataset("users", (Column("USER_ID", ("id",)),), where={"n": condition})
    events = [{"id": "u", "n": value} for value in values]
    wanted = [number for number, event in enumerate(events) if matcher(dataset)(event)]

    assert [number for rows in select(dataset, *events) for number in rows.numbers] == wanted


def test_events_that_no_dataset_wants_make_no_rows() -> None:
    assert select(ORDERS, {"event": "Viewed", "products": [{"sku": "a"}]}) == []


def test_datasets_of_the_same_where_and_each_are_selected_together_with_the_values_of_all() -> None:
    items = Dataset("items", (Column("X", ("id",)),), where=ORDERS.where, each=ORDERS.each, message_id="id")
    others = Dataset("users", (Column("USER_ID", ("user",)),), where=ORDERS.where)
    decoder = StructDecoder([ORDERS, items])

    collector = RowSelection([ORDERS, items], decoder).collector()
    collector.add(decoder.decode_many([b'{"event":"Ordered","sku":"s","id":"i"}'], True), 0)
    (rows,) = collector.rows()

    assert (selection_key(ORDERS) == selection_key(items), selection_key(ORDERS) == selection_key(others)) == (
        True,
        False,
    )
    assert rows.values == {SKU: ["s"], ID: ["i"]}


def test_what_several_datasets_need_of_the_same_rows_is_made_once() -> None:
    rows = BatchRows([0], {})

    first, second = (rows.cached("key", object) for _ in range(2))

    assert first is second
    assert rows.cached("other key", object) is not first
