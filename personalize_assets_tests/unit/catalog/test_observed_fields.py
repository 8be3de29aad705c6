"""The fields of sampled events, with the events and the values they have."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.catalog import observed_fields
from personalize_assets.catalog.observed_fields import Field, Observed

START = 1_790_812_800  # 2026-10-01T00:00:00Z


def field(*values: Any) -> Field:
    """A field that has these values in as many events."""
    return Observed([{"a": value} for value in values]).fields["a"]


def test_a_field_counts_its_values_and_the_events_that_have_them() -> None:
    found = field("x", "y", "x", None, "", [], " \t")

    assert found.at == {0, 1, 2}
    assert found.values == {"x": 2, "y": 1}
    assert found.kinds == {str: 3}


def test_fields_come_by_path_without_those_that_never_have_a_value() -> None:
    observed = Observed([{"b": 1, "a": {"c": "x", "d": None}}])

    assert [field.path for field in observed] == ["a", "a.c", "b"]
    assert [field.parent for field in observed] == ["", "a", ""]


def test_elements_of_an_array_count_one_by_one_and_their_paths_begin_with_each() -> None:
    observed = Observed([{"products": [{"sku": "a"}, {"sku": "b"}, 7]}, {"products": [{"sku": "a"}]}])

    sku = observed.fields["products.sku"]
    assert (sku.array, sku.column_path, sku.name) == ("products", "each.sku", "sku")
    assert sku.values == {"a": 2, "b": 1}
    assert sku.at == {0, 1}
    assert observed.fields["products"].kinds == {list: 2}


def test_an_array_of_texts_has_its_elements_as_values() -> None:
    assert field(["x", "y"], ["x"]).values == {"x": 2, "y": 1}


def test_fields_of_an_array_within_an_array_are_left_out() -> None:
    assert sorted(Observed([{"a": [{"b": [{"c": 1}]}]}]).fields) == ["a", "a.b"]


def test_a_field_without_a_name_is_left_out() -> None:
    assert Observed([{"": 1}]).fields == {}


def test_no_more_distinct_values_are_kept_than_the_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed_fields, "MAX_VALUES", 2)

    found = field("x", "y", "z", "x")

    assert found.values == {"x": 2, "y": 1}
    assert found.at == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("values", "is_scalar", "is_numeric", "is_whole", "is_time"),
    [
        (["x", "y"], True, False, False, False),
        ([1, "2", -3], True, True, True, False),
        ([1.5, "2"], True, True, False, False),
        ([True, 1], False, False, False, False),
        ([{"b": 1}], False, False, False, False),
        (["2026-10-01T00:00:00Z", 1_790_812_800], True, False, False, True),
        (["9" * 30], True, True, True, False),
        ([None], False, False, False, False),
    ],
)
def test_values_decide_what_a_field_can_be(
    values: list[Any], is_scalar: bool, is_numeric: bool, is_whole: bool, is_time: bool
) -> None:
    found = field(*values)

    assert (found.is_scalar, found.is_numeric, found.is_whole, found.is_time) == (
        is_scalar, is_numeric, is_whole, is_time,
    )  # fmt: skip


def test_events_are_found_by_a_value_and_values_by_an_event() -> None:
    observed = Observed([{"a": {"b": 1}}, {"a": {"b": "1"}}, {"a": "x"}])

    assert observed.where("a.b", "1") == {0, 1}
    assert [observed.text(number, "a.b") for number in range(3)] == ["1", "1", None]


@pytest.mark.parametrize(
    ("values", "is_date", "is_day"),
    [
        (["1942-11-26", "2026-12-18"], True, True),
        (["20261001"], True, True),
        (["2026-10-01T00:00:00Z"], True, False),
        ([START], True, False),
        ([1942, "7"], False, False),
        (["soon"], False, False),
    ],
)
def test_dates_of_any_year_are_known_by_how_they_are_written(values: list[Any], is_date: bool, is_day: bool) -> None:
    found = field(*values)

    assert (found.is_date, found.is_day) == (is_date, is_day)


def test_words_for_a_missing_value_are_found_among_the_values() -> None:
    assert field("u1", "undefined", "(not set)", 0).null_words == {"undefined", "(not set)"}


def test_the_names_of_an_object_that_stands_for_an_array_are_no_fields() -> None:
    assert sorted(Observed([{"a": {"0": {"b": 1}, "1": {"b": 2}}, "c": {"0": 1, "d": 2}}]).fields) == [
        "a", "c", "c.`0`", "c.d",
    ]  # fmt: skip
