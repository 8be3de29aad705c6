"""Paths into an event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.mapping.paths import (
    ColumnPath,
    Pick,
    column_path,
    elements,
    getter,
    is_relative_to_each,
    leads_into,
    lookup,
    lower_names,
    parse_path,
)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("userId", ("userId",)),
        ("properties.products", ("properties", "products")),
        ("a.b.c.d", ("a", "b", "c", "d")),
        ("traits.`Favorite Departments`", ("traits", "Favorite Departments")),
        ("`a.b`.c", ("a.b", "c")),
        ("`a``b`", ("a`b",)),
        ("`each`.sku", ("each", "sku")),
        ("$set.utm-source", ("$set", "utm-source")),
        ("größe.ü", ("größe", "ü")),
        ("a[0]", ("a[0]",)),
        ("a[key=b]", ("a", Pick("key", "b"))),
        ("a[key=b.c d].value.`x y`", ("a", Pick("key", "b.c d"), "value", "x y")),
        ("each.params[name=item id][n=2].v", ("each", "params", Pick("name", "item id"), Pick("n", "2"), "v")),
        ("a[key=`]``[`].b", ("a", Pick("key", "]`["), "b")),
        ("a[key=]", ("a", Pick("key", ""))),
        ("`a[key=b]`", ("a[key=b]",)),
        ("0", ("0",)),
    ],
)
def test_a_path_is_its_names_outermost_first(text: str, steps: tuple[str, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a path: expected a name at position 1"),
        (".a", "expected a name at position 1"),
        ("a.", "expected a name at position 3"),
        ("a..b", "expected a name at position 3"),
        ("a b", "expected a dot at position 2, found ' '"),
        ("a ", "expected a dot at position 2, found ' '"),
        (" a", "expected a name at position 1"),
        ("`a", "expected a name at position 1"),
        ("``", "expected a name at position 1"),
        ("`a`b", "expected a dot at position 4, found 'b'"),
        ("a`b`", "expected a dot at position 2, found '`'"),
        ("a[key=b]c", "expected a dot at position 9, found 'c'"),
        ("[key=b]", "expected a name at position 1"),
    ],
)
def test_what_is_no_path_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="is not a path") as refused:
        parse_path(text)
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["each.sku", "each.a.b", "each.`a b`", "each", "each[key=a].b"])
def test_a_path_that_starts_with_each_starts_at_the_element(text: str) -> None:
    assert is_relative_to_each(text)


@pytest.mark.parametrize("text", ["`each`", "`each`.sku", "eachother.sku", "properties.each", "sku"])
def test_other_paths_start_at_the_event(text: str) -> None:
    assert not is_relative_to_each(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_every_name_can_be_quoted(names: list[str]) -> None:
    text = ".".join("`" + name.replace("`", "``") + "`" for name in names)
    assert parse_path(text) == tuple(names)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("each.sku", ColumnPath(("sku",), in_element=True)),
        ("each.a.`b c`", ColumnPath(("a", "b c"), in_element=True)),
        ("`each`.sku", ColumnPath(("each", "sku"))),
        ("each", ColumnPath((), in_element=True)),
        ("`each`", ColumnPath(("each",))),
        ("a.b", ColumnPath(("a", "b"))),
    ],
)
def test_a_columns_path_starts_at_the_event_or_at_an_element(text: str, path: ColumnPath) -> None:
    assert column_path(text) == path


def test_a_text_is_parsed_once() -> None:
    assert parse_path("a.once.`parsed path`") is parse_path("a.once.`parsed path`")


def test_a_path_leads_to_the_value_at_its_end() -> None:
    assert lookup({"a": {"b": {"c": 1}}}, ("a", "b", "c")) == 1


@pytest.mark.parametrize("fields", [{}, {"a": None}, {"a": "text"}, {"a": 1}, {"a": {}}, {"a": {"c": 1}}])
def test_a_missing_step_is_null(fields: dict[str, Any]) -> None:
    assert lookup(fields, ("a", "b")) is None


def test_a_step_into_an_array_goes_into_each_element() -> None:
    fields = {"a": [{"b": 1}, {"b": [{"c": 2}]}, "text", {}]}
    assert lookup(fields, ("a", "b")) == [1, [{"c": 2}], None, None]
    assert lookup(fields, ("a", "b", "c")) == [None, [2], None, None]


NESTED = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
)


@given(NESTED, st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple))
def test_a_getter_finds_what_lookup_finds(value: Any, path: tuple[str, ...]) -> None:
    assert getter(path)(value) == lookup(value, path)


PARAMS: dict[str, Any] = {
    "params": [None, 7, {"key": "page", "value": "/x"}, {"key": "id", "value": {"s": "i1"}}, {"key": "id", "value": 2}],
    "by_number": {"0": {"key": 1.0, "value": "a"}, "1": {"key": True, "value": "b"}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("params[key=id].value.s", "i1"),
        ("params[key=page].value", "/x"),
        ("params[key=page]", {"key": "page", "value": "/x"}),
        ("params[key=none].value", None),
        ("params[none=id].value", None),
        ("by_number[key=1].value", "a"),
        ("by_number[key=true].value", "b"),
        ("none[key=id].value", None),
    ],
)
def test_a_pick_leads_to_the_first_element_whose_field_has_the_value(text: str, value: Any) -> None:
    assert lookup(PARAMS, parse_path(text)) == getter(parse_path(text))(PARAMS) == value


@pytest.mark.parametrize(
    ("each", "found"),
    [
        ("products", [{"sku": "a"}, None, "b"]),
        ("numbered", [{"sku": "a"}, "b"]),
        ("orders.lines", [1, 2, {"x": 3}]),
        ("orders.lines.x", []),
        ("orders[id=2].lines", [{"x": 3}]),
        ("name", []),
        ("none", []),
        ("name.products", []),
    ],
)
def test_elements_are_those_of_an_array_or_of_arrays_within_arrays_or_the_values_of_an_object(
    each: str, found: list[Any]
) -> None:
    event = {
        "products": [{"sku": "a"}, None, "b"],
        "numbered": {"0": {"sku": "a"}, "1": "b"},
        "orders": [{"id": 1, "lines": [1, 2]}, None, {"id": 2, "lines": [{"x": 3}]}, {"id": 3, "lines": 7}],
        "name": "a",
    }

    assert elements(event, parse_path(each)) == found


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        ("userId", "userid"),
        ("A.`B C`.each", "a.`b c`.each"),
        ("Params[Key=Item ID].Value", "params[key=Item ID].value"),
        ("a[Key=`X]`].B", "a[key=`X]`].b"),
    ],
)
def test_names_in_lower_case_leave_the_values_of_picks(text: str, lower: str) -> None:
    assert lower_names(text) == lower


def test_arrays_within_arrays_may_be_as_deep_as_events_are_read() -> None:
    deep = json.loads("[" * 479 + "1" + "]" * 479)

    assert elements({"a": deep}, ("a", "b")) == []


@pytest.mark.parametrize(
    ("path", "steps", "leads"),
    [
        ("a.b", ("a", "b", "c"), True),
        ("a.b", ("a",), False),
        ("a[*=*].b", ("a", "b"), True),
        ("a[*=*].b", ("a", "0", "b"), True),
        ("a[*=*].b", ("a", "0", "c"), False),
        ("a[key=x].b", ("a", "b"), True),
    ],
)
def test_a_path_with_a_pick_leads_into_the_fields_of_any_element(
    path: str, steps: tuple[str, ...], leads: bool
) -> None:
    assert leads_into(parse_path(path), steps) is leads
