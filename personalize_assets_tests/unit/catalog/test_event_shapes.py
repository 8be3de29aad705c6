"""Places in events whose ids `suggest` does not map."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.catalog.event_shapes import unmapped_places


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (
            {"properties": json.dumps({"sku": "a", "colour": "red"})},
            "`properties` is text that holds JSON (sku), which `source.parse: [properties]` decodes",
        ),
        (
            {"a": json.dumps({"products": json.dumps([{"sku": "a"}])})},
            "`a` is text that holds JSON (sku), which `source.parse: [a]` decodes",
        ),
        (
            {"products": {"0": {"sku": "a"}, "1": {"sku": "b"}}},
            "`products` is an object whose names are numbers and not an array (sku), of which `each: products` "
            "takes the values",
        ),
        (
            {"properties": {"content_ids": ["a", 10]}},
            "`properties.content_ids` is an array of plain ids and not of objects, which "
            "`each: properties.content_ids` with ITEM_ID: each reads",
        ),
        (
            {"event_params": [{"key": "page", "value": {}}, {"key": "item_id", "value": {"string_value": "i"}}]},
            "`event_params` is an array of keys and values (item_id), where a path such as "
            "`event_params[key=item_id].value` "
            "leads to a value",
        ),
        (
            {"orders": [{"lines": [{"sku": "a"}]}]},
            "`orders.lines` is an array within an array (sku), through which `each: orders.lines` goes",
        ),
        (
            {"batch": [{"userId": "u", "event": "View", "timestamp": "2026-10-01"}]},
            "`batch` is an array of whole events (event, timestamp, userId), which `source.events: batch` reads as "
            "such",
        ),
    ],
)
def test_a_place_is_named_with_what_is_in_it(event: dict[str, Any], why: str) -> None:
    assert [place.why for place in unmapped_places([event])] == [why]


@pytest.mark.parametrize(
    "event",
    [
        {"note": "{not json", "other": "[1, 2]", "json": '{"colour": "red"}'},
        {"products": [{"sku": "a"}], "tags": ["x"], "genres": ["Drama"]},
        {"attributes": [{"name": "colour", "value": "red"}]},
        {"params": [{"key": "page", "value": "/x"}]},
        {"counts": {"0": 5}},
    ],
)
def test_what_holds_no_id_and_what_a_path_reaches_is_no_such_place(event: dict[str, Any]) -> None:
    assert unmapped_places([event]) == []


def test_the_place_of_most_events_comes_first_with_their_numbers() -> None:
    text, array = {"a": '{"sku": 1}'}, {"item_ids": [1]}

    found = unmapped_places([array, text, text])

    assert [(place.path, place.at) for place in found] == [("a", {1, 2}), ("item_ids", {0})]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(["{}", "[", '{"sku": 1}'])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["sku", "key", "value", "0", "items", ""]), inner, max_size=3),
    ),
)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "products", "item_ids", ""]), VALUES, max_size=3), max_size=3))
def test_any_events_can_be_looked_at(events: list[dict[str, Any]]) -> None:
    assert all(place.at <= set(range(len(events))) for place in unmapped_places(events))
