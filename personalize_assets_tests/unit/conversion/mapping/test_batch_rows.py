"""Which of many events a dataset wants, and the rows that they make."""

from __future__ import annotations

import json
from typing import Any

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.batch_rows import BatchRows, RowSelection
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

ORDERS = Dataset(
    "interactions",
    (Column("ITEM_ID", ("each.sku", "sku")),),
    where={"event": ("Ordered", "1")},
    each="products",
)


def select(dataset: Dataset, *events: dict[str, Any]) -> list[BatchRows]:
    decoder = StructDecoder([dataset])
    return RowSelection(dataset, decoder).select(
        decoder.decode_many([json.dumps(event).encode() for event in events], True)
    )


def test_rows_carry_the_index_of_their_event_among_those_that_were_given() -> None:
    (rows,) = select(ORDERS, {"event": "Viewed"}, {"event": "Ordered"}, {"event": None}, {"event": 1})

    assert (rows.numbers, rows.elements, rows.positions, len(rows)) == ([1, 3], None, None, 2)


def test_each_element_is_a_row_of_its_own_apart_from_events_without_elements() -> None:
    plain, of_elements = select(
        ORDERS,
        {"event": "Ordered", "products": [{"sku": "a"}, {"sku": "b"}]},
        {"event": "Ordered", "products": []},
        {"event": "Ordered", "products": [{"sku": "c"}]},
    )

    assert (plain.numbers, plain.elements) == ([1], None)
    assert (of_elements.numbers, of_elements.positions) == ([0, 0, 2], [0, 1, 0])
    assert of_elements.events[0] is of_elements.events[1]


def test_events_that_nobody_wants_make_no_rows() -> None:
    assert select(ORDERS, {"event": "Viewed", "products": [{"sku": "a"}]}) == []


def test_selections_of_the_same_where_and_each_are_equal() -> None:
    decoder = StructDecoder([ORDERS])
    users = Dataset("users", (Column("USER_ID", ("user",)),), where=ORDERS.where, each=ORDERS.each)
    others = Dataset("users", (Column("USER_ID", ("user",)),), where=ORDERS.where)
    decoder = StructDecoder([ORDERS, users])

    one, same, other = (RowSelection(dataset, decoder) for dataset in (ORDERS, users, others))

    assert (one == same, hash(one) == hash(same), one == other) == (True, True, False)


def test_what_several_datasets_need_of_the_same_rows_is_made_once() -> None:
    rows = BatchRows([0], [object()])

    first, second = (rows.cached("key", object) for _ in range(2))

    assert first is second
    assert rows.cached("other key", object) is not first
