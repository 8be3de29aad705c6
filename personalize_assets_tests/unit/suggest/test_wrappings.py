"""Settings that may take events out of what they are wrapped in, by the form of a sample."""

from __future__ import annotations

import json
from typing import Any

from personalize_assets.catalog.event_shapes import unmapped_places
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.suggest.wrappings import texts_of_items, texts_of_users, unwrapped, wrappings

CLICK = {"user_id": "u1", "sku": "s1", "ts": 1790812800}


def test_plain_events_have_no_wrapping() -> None:
    assert list(wrappings([CLICK] * 3)) == []
    assert unwrapped([CLICK], SourceFormat()) == [CLICK]


def test_a_text_that_holds_ids_is_parsed_and_one_within_it_after_it() -> None:
    inner = {"text": json.dumps({"more": json.dumps(CLICK)})}

    assert list(wrappings([inner])) == [SourceFormat(parse=("text", "text.more"))]


def test_arrays_that_nearly_all_objects_have_may_be_the_events_the_longest_first() -> None:
    envelope: dict[str, Any] = {"a": [{"x": 1}], "b": {"c": [CLICK, CLICK]}, "d": ["text"], "e": [{"f": [{}]}]}

    found = list(wrappings([envelope] * 20 + [{"a": [], "b": {"c": []}}]))

    assert found == [SourceFormat(events="b.c"), SourceFormat(events="a"), SourceFormat(events="e")]


def test_a_text_in_the_elements_is_parsed_as_well() -> None:
    record = {"logEvents": [{"message": json.dumps(CLICK)}, {"message": json.dumps(CLICK)}]}
    parse = ("logEvents.message",)

    assert list(wrappings([record])) == [SourceFormat(parse=parse), SourceFormat(parse=parse, events="logEvents")]
    found = unwrapped([record], SourceFormat(parse=parse, events="logEvents"))
    assert found is not None
    assert [event["message"] for event in found] == [CLICK, CLICK]
    assert record["logEvents"][0]["message"] == json.dumps(CLICK)


def test_a_text_that_is_mostly_no_json_is_no_wrapping() -> None:
    texts: list[dict[str, Any]] = [{"note": json.dumps(CLICK)}, {"note": "Hello"}, {"note": "{broken"}]

    assert list(wrappings(texts)) == []


def test_only_texts_with_items_of_events_that_lack_one_are_parsed() -> None:
    events: list[dict[str, Any]] = [
        CLICK,
        {"user_id": "u1", "products": json.dumps([{"id": "s1"}])},
        {"user_id": "u1", "state": json.dumps({"user_id": "u1"})},
    ]
    places = unmapped_places(events)

    assert texts_of_items(places, {1, 2}) == SourceFormat(parse=("products",))
    assert texts_of_items(places, {2}) is None


def test_texts_that_are_called_like_traits_and_hold_an_object_may_describe_users() -> None:
    events: list[dict[str, Any]] = [
        {"traits": "{}", "user": "u1", "properties": "{}", "a.traits": ' {"age": 3}'},
        {"user_traits": "[]", "member": None, "traits": "{}"},
    ]

    assert texts_of_users(events) == ("traits", "`a.traits`")
    assert texts_of_users(events, parsed=["traits"]) == ("`a.traits`",)
