"""Only the needed fields, as structs: which events are taken, and what is read from them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.paths import lookup, parse_path
from personalize_assets.conversion.reading.field_tree import NoShapeError
from personalize_assets.conversion.reading.struct_decoder import StructDecoder
from personalize_assets_tests.helpers.strategies import SCRAPS, VALUES

ALL = (
    Dataset(
        "interactions",
        (Column("USER_ID", ("userId",)), Column("ITEM_ID", ("each.sku", "properties.sku"))),
        where={"event": ("Order Completed",)},
        each="properties.products",
        dedupe_by="messageId",
    ),
    Dataset("users", (Column("USER_ID", ("userId",)), Column("AGE", ("`Age, in years`",))), where={}),
)

EVENTS = st.fixed_dictionaries(
    {"event": st.one_of(st.just("Order Completed"), VALUES)},
    optional={
        "userId": VALUES,
        "properties": st.one_of(
            st.fixed_dictionaries(
                {},
                optional={
                    "sku": VALUES,
                    "products": st.one_of(st.lists(st.fixed_dictionaries({"sku": VALUES}), max_size=2), VALUES),
                },
            ),
            VALUES,
        ),
        "noise": VALUES,
    },
)


def decoded(*events: Any, datasets: tuple[Dataset, ...] = ALL) -> tuple[StructDecoder, list[Any]]:
    decoder = StructDecoder(datasets)
    found = decoder.decode_many([json.dumps(event).encode() for event in events], is_text=True)
    assert len(found) == len(events)
    return decoder, found


@given(st.lists(EVENTS, min_size=1, max_size=4), st.data())
def test_lines_that_are_taken_together_are_those_that_each_would_be(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    text = b"\n".join(json.dumps(event, ensure_ascii=False).encode() for event in events)
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.sampled_from([0, 0, 0, 1, 5]))
    text = text[:at] + data.draw(SCRAPS | st.sampled_from([b"", b"", b"\n", b" ", b"\r"])) + text[at + gone :]
    found = StructDecoder(ALL).decode_lines(text)
    if found is not None:
        assert repr(found) == repr(StructDecoder(ALL).decode_many(text.split(b"\n"), is_text=False))


@pytest.mark.parametrize(
    "text",
    [
        b'{"event":"x"}\n{"event":\n"y"}',
        b'{"event":"x"}\n\n{"event":"y"}',
        b'\n{"event":\n"x"}',
        b'{"event":"x"},\n{"event":"y"}',
        b'{"event":"x"}{"event":"y"}',
        b'{"event":"x"} {"event":"y"}',
        b'{"event":"x"}\n{"noise":"\xff"}',
        b'{"event":"x"}\n{"noise":' + b"[" * 480 + b"]" * 480 + b"}",
        b'{"event":"x"}\n{"noise":' + b'{"":' * 480 + b"1" + b"}" * 481,
    ],
)
def test_lines_that_are_not_one_event_each_are_not_taken_together(text: bytes) -> None:
    assert StructDecoder(ALL).decode_lines(text) is None


def test_plain_lines_are_taken_together() -> None:
    assert len(StructDecoder(ALL).decode_lines(b' {"event":"x"}\r\n{"event":"y"} \n\t{}') or []) == 3


MANY_BRACKETS = b'{"noise":[' + b"[]," * 250 + b"[]]}"
DEEP = b'{"noise":' + b"[" * 480 + b"]" * 480 + b"}"


@pytest.mark.parametrize("between", [b"\n", b"\r\n", b" \n"])
def test_lines_with_many_brackets_are_taken_together_if_none_is_nested_too_deeply(between: bytes) -> None:
    assert len(StructDecoder(ALL).decode_lines(between.join([MANY_BRACKETS] * 3)) or []) == 3
    assert StructDecoder(ALL).decode_lines(between.join([MANY_BRACKETS, DEEP, MANY_BRACKETS])) is None


@pytest.mark.parametrize("text", [b"{}{}\n" + MANY_BRACKETS[:9] + b"\n%s", b"%s{}\n", b"\n%s{}"])
def test_an_event_over_several_lines_is_not_judged_by_one_of_them(text: bytes) -> None:
    deep = b"[" * 240 + b"\n" + b"[" * 240 + b"]" * 480
    assert StructDecoder(ALL).decode_lines(b'{}{}\n{"noise":' + deep + b"}") is None
    assert StructDecoder(ALL).decode_lines(text.replace(b"%s", DEEP)) is None


def test_a_plain_event_is_taken() -> None:
    raw = b'{"event":"Order Completed","properties":{"products":[{"sku":"a"}],"else":[1]}}'
    assert len(StructDecoder(ALL).decode_many([raw], is_text=True)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"12",
        b"[]",
        b"null",
        b'{"event":"x"}{"event":"y"}',
        b'{"event":"x"',
        b'{"properties":"text"}',
        b'{"properties":[{"sku":"a"}]}',
        b'{"properties":{"products":"none"}}',
        b'{"properties":{"products":[null]}}',
        b'{"noise":"\xff"}',
        b'{"noise":"\\ud800"}',
        b'{"noise":01}',
        b'{"noise":NaN}',
        b'{"noise":"\x01"}',
        b'{"noise":' + b"[" * 481 + b"]" * 481 + b"}",
        b'{"noise":' + b'{"":' * 200 + b"[" * 300 + b"]" * 300 + b"}" * 201,
        b'{"userId":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_no_event_of_the_plain_shape_is_refused(raw: bytes) -> None:
    good = b'{"event":"x"}'
    assert len(StructDecoder(ALL).decode_many([good, good, raw, good], is_text=False)) == 2


@pytest.mark.parametrize(
    "dataset",
    [
        Dataset("users", (Column("A", ("a",)), Column("B", ("a.b",))), where={}),
        Dataset("items", (Column("A", ("a.sku",)), Column("B", ("each.sku",))), where={}, each="a"),
    ],
)
def test_a_field_that_is_asked_for_as_a_whole_and_in_part_has_no_shape(dataset: Dataset) -> None:
    with pytest.raises(NoShapeError):
        StructDecoder([dataset])


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\tb"])
def test_a_name_that_msgspec_does_not_take_has_no_shape(name: str) -> None:
    with pytest.raises(NoShapeError):
        StructDecoder([Dataset("users", (Column("A", (f"`{name}`",)),), where={})])


def test_a_path_is_read_from_many_events_with_none_for_null_and_missing() -> None:
    decoder, events = decoded(
        {"userId": "u1", "properties": {"sku": 7}}, {"userId": None, "properties": {}}, {}, {"properties": None}
    )
    assert decoder.of_event(("userId",))(events) == ["u1", None, None, None]
    assert decoder.of_event(("properties", "sku"))(events) == [7, None, None, None]


def test_names_may_hold_any_character() -> None:
    decoder, events = decoded({"Age, in years": 30})
    assert decoder.of_event(("Age, in years",))(events) == [30]


def test_a_value_is_read_as_it_is() -> None:
    decoder, events = decoded({"userId": [1, {"a": None}]}, {"userId": 12345678901234567890})
    assert decoder.of_event(("userId",))(events) == [[1, {"a": None}], 12345678901234567890]


def test_a_path_is_read_from_elements_with_none_for_none() -> None:
    decoder, events = decoded({"properties": {"products": [{"sku": "a"}, {}, {"sku": None}]}}, {})
    first, missing = decoder.of_event(("properties", "products"))(events)
    assert missing is None
    get = decoder.of_element(("properties", "products"), ("sku",))
    assert get(first) == ["a", None, None]
    assert get([None, first[0]]) == [None, "a"]


def test_several_datasets_may_ask_for_the_same_fields() -> None:
    items = Dataset("items", (Column("ITEM_ID", ("properties.sku",)),), where={"event": ("x",)})
    decoder, events = decoded({"event": "x", "properties": {"sku": "a"}}, datasets=(*ALL, items))
    assert decoder.of_event(("properties", "sku"))(events) == ["a"]


def test_events_are_read_without_a_path() -> None:
    _, events = decoded({"a": 1}, datasets=(Dataset("users", (Column("A", (), constant="x"),), where={}),))
    assert len(events) == 1


PICKS = Dataset(
    "interactions",
    (
        Column("USER_ID", ("params[key=user].value",)),
        Column("ITEM_ID", ("each.tags[n=1].v", "params[key=item].value.s")),
    ),
    where={"params[key=kind].value": ("view",)},
    each="products",
)
PARAMS = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from(["user", "item", "kind", 1])}, optional={"value": VALUES}), max_size=3
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "params": st.one_of(PARAMS, VALUES),
            "products": st.lists(st.fixed_dictionaries({"tags": st.one_of(PARAMS, VALUES)}), max_size=2),
        },
    )
)
def test_a_pick_reads_what_it_leads_to_in_the_whole_event(event: dict[str, Any]) -> None:
    decoder, [found] = decoded(event, datasets=(PICKS,))

    for text in ("params[key=user].value", "params[key=item].value.s", "params[key=kind].value"):
        assert decoder.of_event(parse_path(text))([found]) == [lookup(event, parse_path(text))]
    elements = decoder.of_event(("products",))([found])[0] or []
    steps = parse_path("tags[n=1].v")
    assert decoder.of_element(("products",), steps)(elements) == [
        lookup(element, steps) for element in event.get("products", [])
    ]


@pytest.mark.parametrize("each", ["a[key=b].list", "products"])
def test_an_array_of_what_a_pick_leads_to_is_for_the_exact_path(each: str) -> None:
    with pytest.raises(NoShapeError):
        StructDecoder([Dataset("items", (Column("ITEM_ID", ("each[key=b].value",)),), {}, each)])
