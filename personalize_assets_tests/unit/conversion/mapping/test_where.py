"""Which events a dataset wants."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.conversion.contract import Condition, Dataset, Wanted
from personalize_assets.conversion.mapping.where import AllowedValues, bound, is_one_of, matcher


def matches(fields: dict[str, Any], **where: Wanted) -> bool:
    paths = {name.replace("__", "."): allowed for name, allowed in where.items()}
    return matcher(Dataset("interactions", (), where=paths))(fields)


def test_an_event_is_wanted_if_its_field_equals_one_of_the_values() -> None:
    assert matches({"event": "b"}, event=("a", "b"))
    assert not matches({"event": "c"}, event=("a", "b"))


def test_every_named_field_must_match() -> None:
    assert matches({"event": "a", "type": "track"}, event=("a",), type=("track",))
    assert not matches({"event": "a", "type": "page"}, event=("a",), type=("track",))


def test_text_is_compared_whole_and_as_it_is() -> None:
    assert not matches({"event": "A"}, event=("a",))
    assert not matches({"event": " a"}, event=("a",))
    assert not matches({"event": "aa"}, event=("a",))


def test_a_field_may_be_inside_another() -> None:
    assert matches({"context": {"app": "web"}}, context__app=("web",))
    assert not matches({"context": "web"}, context__app=("web",))


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.0, "1"), (1.5, "1.5"), (1e3, "1000"), (True, "true"), (False, "false")]
)
def test_numbers_and_booleans_are_compared_as_text(value: Any, text: str) -> None:
    assert matches({"value": value}, value=(text,))


@pytest.mark.parametrize("value", [None, ["a"], [["a"]], {"a": "a"}, [], {}, float("inf")])
def test_null_arrays_objects_and_numbers_beyond_every_type_equal_nothing(value: Any) -> None:
    assert not matches({"event": value}, event=("a", "", "null", "None", "inf"))


def test_a_value_that_a_path_finds_in_an_array_equals_nothing() -> None:
    assert not matches({"products": [{"sku": "a"}]}, products__sku=("a",))


def test_without_conditions_every_event_is_wanted() -> None:
    assert matches({})


@pytest.mark.parametrize(
    ("value", "is_one"), [("a", True), ("b", False), (7, True), (7.0, True), ("7.0", False), (None, False)]
)
def test_a_value_is_compared_by_its_text(value: Any, is_one: bool) -> None:
    assert is_one_of(value, AllowedValues.of(["a", "7"])) is is_one


@pytest.mark.parametrize(
    ("written", "value", "is_one"),
    [
        ("1.10", "1.10", True),
        ("1.10", "1.1", False),
        ("1.10", 1.1, True),
        ("5.0", 5, True),
        ("5.0", 5.0, True),
        ("-0.0", 0, True),
        ("12345678901234567890", 12345678901234567890, True),
        ("12345678901234567890", 12345678901234567168, False),
        ("01234", 1234, False),
        ("01234", "01234", True),
    ],
)
def test_a_text_is_as_it_is_written_and_a_number_has_its_value(written: str, value: Any, is_one: bool) -> None:
    assert is_one_of(value, AllowedValues.of([written])) is is_one


@pytest.mark.parametrize(
    ("value", "is_wanted"), [("a", False), ("b", True), (1, False), ("1.0", True), (None, True), (["a"], True)]
)
def test_not_refuses_values_and_wants_what_has_none_of_them(value: Any, is_wanted: bool) -> None:
    assert matches({"n": value}, n=Condition(none_of=("a", "1"))) is is_wanted


def test_a_field_that_is_missing_has_none_of_the_values_of_not() -> None:
    assert matches({}, n=Condition(none_of=("a",)))


@pytest.mark.parametrize(
    ("value", "exists"), [("a", True), (0, True), (False, True), ({}, True), (None, False), (" ", False), ([], False)]
)
def test_exists_asks_for_a_value_or_for_none(value: Any, exists: bool) -> None:
    assert matches({"n": value}, n=Condition(exists=True)) is exists
    assert matches({"n": value}, n=Condition(exists=False)) is not exists


@pytest.mark.parametrize(
    ("value", "is_wanted"),
    [(1, True), (10, True), (0.99, False), (10.1, False), ("5", True), (" 5 ", True), ("5e0", True), (2**70, False),
     ("five", False), (True, False), (None, False), ([5], False)],
)  # fmt: skip
def test_min_and_max_compare_numbers_and_their_texts(value: Any, is_wanted: bool) -> None:
    assert matches({"n": value}, n=Condition(min="1", max="10")) is is_wanted


@pytest.mark.parametrize(
    ("value", "is_wanted"),
    [("2026-10-01T00:00:00Z", True), ("2026-10-01T01:59:59+02:00", False), (1_790_812_800, True),
     (1_790_812_799_999, False), ("2026-10-08", True), ("2026-10-08T00:00:01Z", False), ("soon", False)],
)  # fmt: skip
def test_min_and_max_compare_times_of_any_form(value: Any, is_wanted: bool) -> None:
    assert matches({"at": value}, at=Condition(min="2026-10-01", max="2026-10-08")) is is_wanted


def test_all_of_a_condition_must_hold() -> None:
    condition = Condition(none_of=("7",), min="5")

    assert [matches({"n": n}, n=condition) for n in (4, 6, 7)] == [False, True, False]


def test_a_bound_that_is_neither_number_nor_time_is_refused() -> None:
    with pytest.raises(ValueError, match="'many' is neither a number nor a time"):
        bound("many")


def test_a_text_of_more_digits_than_python_reads_is_compared_as_a_number() -> None:
    assert not matches({"n": "9" * 5_000}, n=Condition(max="10"))
    assert matches({"n": "9" * 5_000}, n=Condition(min="10"))
    assert matches({"n": "-" + "9" * 5_000}, n=Condition(max="10"))
