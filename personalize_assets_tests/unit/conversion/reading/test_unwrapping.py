"""Events taken out of text, of envelopes, and of names in any case."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from personalize_assets.conversion.reading import unwrapping
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.unwrapping import Unwrapper, line_of
from personalize_assets_tests.helpers.strategies import OBJECTS


def unwrapped(event: dict[str, Any], **settings: Any) -> list[Any]:
    """The fields of the events in an object; of what is none the reason and what a reject shows."""
    raw = json.dumps(event)
    found = Unwrapper(SourceFormat(**settings)).unwrap(raw.encode(), json.loads(raw))
    return [event.fields if event.fields is not None else (event.reason, event.raw.decode()) for event in found]


# parse


@pytest.mark.parametrize(
    ("value", "is_read_as"),
    [
        ('{"sku": "a"}', {"sku": "a"}),
        ('[{"sku": "a"}]', [{"sku": "a"}]),
        (" 7 ", 7),
        ('"a"', "a"),
        ("null", None),
        ('{"n": NaN}', {"n": None}),
        ("", ""),
        (" ", " "),
        (None, None),
        ({"sku": "a"}, {"sku": "a"}),
        (['{"sku": "a"}', 1], [{"sku": "a"}, 1]),
    ],
)
def test_text_that_holds_json_is_what_it_holds_and_other_values_stay(value: Any, is_read_as: Any) -> None:
    assert unwrapped({"p": value}, parse=("p",)) == [{"p": is_read_as}]


def test_text_within_text_is_decoded_in_the_order_of_the_paths() -> None:
    event = {"p": json.dumps({"items": json.dumps([{"sku": "a"}])})}

    assert unwrapped(event, parse=("p", "p.items")) == [{"p": {"items": [{"sku": "a"}]}}]


def test_text_in_the_elements_of_an_array_is_decoded() -> None:
    assert unwrapped({"a": [{"p": "[1]"}, None, {}, 7]}, parse=("a.p",)) == [{"a": [{"p": [1]}, None, {}, 7]}]


@pytest.mark.parametrize("text", ["{", "yes", '{"a":1} x', '1,"b":2'])
def test_text_that_is_no_json_makes_the_event_a_reject_with_the_path(text: str) -> None:
    assert unwrapped({"p": text}, parse=("p",)) == [("not_json:p", json.dumps({"p": text}, separators=(",", ":")))]


def test_text_in_a_picked_element_is_decoded() -> None:
    event = {"a": [{"key": "x", "value": "[1]"}, {"key": "y", "value": "[2]"}]}

    assert unwrapped(event, parse=("a[key=y].value",)) == [
        {"a": [{"key": "x", "value": "[1]"}, {"key": "y", "value": [2]}]}
    ]


def test_an_event_without_the_text_stays_as_it_is() -> None:
    assert unwrapped({"a": 1}, parse=("p", "a.b")) == [{"a": 1}]


# events


def test_each_element_of_an_envelope_is_an_event_with_the_other_fields_as_parent() -> None:
    envelope = {"shop": "s", "body": {"sent": 1, "batch": [{"id": 1}, {"id": 2, "parent": "lost"}]}}
    parent = {"shop": "s", "body": {"sent": 1}}

    assert unwrapped(envelope, events="body.batch") == [{"id": 1, "parent": parent}, {"id": 2, "parent": parent}]


def test_the_events_may_be_the_values_of_an_object_or_in_text() -> None:
    assert unwrapped({"batch": {"0": {"id": 1}}}, events="batch") == [{"id": 1, "parent": {}}]
    assert unwrapped({"batch": '[{"id": 1}]'}, parse=("batch",), events="batch") == [{"id": 1, "parent": {}}]


def test_a_text_of_one_event_that_is_no_json_costs_no_other_event() -> None:
    """As in CloudWatch's logs, where lines of the platform are between those of the program."""
    envelope = {"owner": "o", "logs": [{"m": '{"a":1}'}, {"m": "START"}, {"m": '{"a":2}'}]}

    assert unwrapped(envelope, parse=("logs.m",), events="logs") == [
        {"m": {"a": 1}, "parent": {"owner": "o"}},
        ("not_json:logs.m", '{"m":"START","parent":{"owner":"o"}}'),
        {"m": {"a": 2}, "parent": {"owner": "o"}},
    ]


def test_a_text_of_the_elements_of_an_object_is_decoded() -> None:
    assert unwrapped({"logs": {"0": {"m": "[1]"}}}, parse=("logs.m",), events="logs") == [{"m": [1], "parent": {}}]


def test_the_events_may_be_in_arrays_within_an_array() -> None:
    envelope = {"shop": "s", "records": [{"events": [{"id": 1}]}, {"events": []}, {}, {"events": [{"id": 2}]}]}

    assert unwrapped(envelope, events="records.events") == [
        {"id": 1, "parent": {"shop": "s"}},
        {"id": 2, "parent": {"shop": "s"}},
    ]
    assert unwrapped({"records": [{"events": []}]}, events="records.events") == []
    assert unwrapped({"records": [{}]}, events="records.events") == [("no_events", '[{"records":[{}]}]')]


def test_an_envelope_that_would_be_copied_too_often_is_a_reject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwrapping, "MAX_UNPACKED_BYTES", 1000)
    envelope = {"pad": "x" * 100, "batch": [{}] * 10}

    [(reason, shown)] = unwrapped(envelope, events="batch")

    assert (reason, json.loads(shown)) == ("unpacked_too_large", [{"pad": "x" * 100}])


def test_an_empty_envelope_has_no_event() -> None:
    assert unwrapped({"batch": []}, events="batch") == []


@pytest.mark.parametrize("envelope", [{}, {"batch": None}, {"batch": "text"}, {"batch": 7}])
def test_an_object_without_the_array_is_a_reject(envelope: dict[str, Any]) -> None:
    shown = f"[{json.dumps(envelope, separators=(',', ':'))}]"

    assert unwrapped(envelope, events="batch") == [("no_events", shown)]


def test_an_element_that_is_no_object_is_a_reject_of_its_own() -> None:
    assert unwrapped({"batch": [{"id": 1}, "a", None]}, events="batch") == [
        {"id": 1, "parent": {}},
        ("not_an_object", '"a"'),
        ("not_an_object", "null"),
    ]


# ignore_case


def test_names_are_in_lower_case_however_deep_and_values_as_they_are() -> None:
    event = {"UserId": "U", "Items": [{"SKU": "A"}, "B"], "Text": '{"Deep": "C"}'}

    assert unwrapped(event, ignore_case=True, parse=("text",)) == [
        {"userid": "U", "items": [{"sku": "A"}, "B"], "text": {"deep": "C"}}
    ]


def test_of_names_that_differ_by_case_alone_the_first_with_a_value_counts() -> None:
    assert unwrapped({"ID": None, "Id": 1, "id": 2}, ignore_case=True) == [{"id": 1}]


def test_a_reject_has_the_names_that_masks_know() -> None:
    assert unwrapped({"Email": "a@b.example", "P": "{"}, ignore_case=True, parse=("p",)) == [
        ("not_json:p", '{"email":"a@b.example","p":"{"}')
    ]


# Any depth


def test_events_as_deep_as_any_that_is_read_are_unwrapped() -> None:
    for brackets in ('{"a":', "["):
        deep = json.loads(brackets * 478 + "1" + ("}" if brackets == '{"a":' else "]") * 478)
        [event] = unwrapped({"A": deep, "p": [deep]}, ignore_case=True, parse=("p.q", "a.a"))

        assert event == {"a": deep, "p": [deep]}


# Lines


@given(OBJECTS)
def test_an_event_is_the_same_after_it_was_written_as_a_line(event: dict[str, Any]) -> None:
    line = line_of(event)

    assert line is not None
    assert json.loads(line) == json.loads(json.dumps(event))


def test_without_settings_nothing_is_to_be_unwrapped() -> None:
    assert not Unwrapper(SourceFormat())
    assert Unwrapper(SourceFormat(ignore_case=True))
