"""Paths, JSON types and nulls of the fields of events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.catalog.field_stats import FieldStats
from personalize_assets.conversion.mapping.paths import parse_path


def fields(*events: Any) -> dict[str, tuple[list[str], float]]:
    """Path → types and share of nulls."""
    stats = FieldStats()
    for event in events:
        stats.add(event)
    return {field.path: (list(field.types), field.nulls) for field in stats.fields()}


def test_each_type_of_json_has_its_name() -> None:
    event = {"s": "x", "b": True, "i": 1, "n": 1.5, "o": {}, "a": [], "z": None}

    assert fields(event) == {
        "a": (["array"], 0.0),
        "b": (["boolean"], 0.0),
        "i": (["integer"], 0.0),
        "n": (["number"], 0.0),
        "o": (["object"], 0.0),
        "s": (["string"], 0.0),
        "z": ([], 1.0),
    }


def test_a_path_with_several_types_names_them_all() -> None:
    assert fields({"price": 1}, {"price": "1"}, {"price": 1.5}, {"price": None}) == {
        "price": (["integer", "number", "string"], 0.25)
    }


def test_nulls_are_the_share_of_events_without_a_value() -> None:
    assert fields({"a": 1}, {"a": None}, {"b": 2})["a"] == (["integer"], 0.6667)


def test_an_empty_text_is_null_as_in_the_conversion() -> None:
    assert fields({"a": ""}, {"a": "x"})["a"] == (["string"], 0.5)


def test_fields_of_array_elements_follow_the_arrays_path() -> None:
    assert fields({"products": [{"sku": "a"}, {"sku": "b", "price": 1}]}) == {
        "products": (["array"], 0.0),
        "products.price": (["integer"], 0.0),
        "products.sku": (["string"], 0.0),
    }


def test_an_event_counts_once_however_many_types_its_elements_have() -> None:
    assert fields({"products": [{"sku": "a"}, {"sku": 1}]}, {})["products.sku"] == (["integer", "string"], 0.5)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Favorite Departments", "traits.`Favorite Departments`"),
        ("Invited User?", "traits.`Invited User?`"),
        ("a.b", "traits.`a.b`"),
        ("tick`", "traits.`tick```"),
        ("größe", "traits.größe"),
        ("each", "traits.each"),
    ],
)
def test_a_path_is_written_as_a_config_takes_it(name: str, path: str) -> None:
    assert path in fields({"traits": {name: 1}})
    assert parse_path(path) == ("traits", name)


def test_a_field_called_each_is_quoted_where_it_would_mean_an_element() -> None:
    assert list(fields({"each": {"sku": 1}})) == ["`each`", "`each`.sku"]


def test_a_field_without_a_name_has_no_path() -> None:
    assert fields({"": 1, "a": {"": 2}}) == {"a": (["object"], 0.0)}


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1, max_size=3))
def test_every_path_leads_back_to_its_name(event: dict[str, int]) -> None:
    assert {parse_path(path) for path in fields({"outer": event})} == {("outer",), *(("outer", name) for name in event)}


def test_no_events_have_no_fields() -> None:
    assert fields() == {}
