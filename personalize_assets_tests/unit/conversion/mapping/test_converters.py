"""One value of an event becomes a typed cell, null, or the reason of a reject."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.mapping.converters import Dropped, RejectedError, cell_converter, text_or_none
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of

LATEST = max_epoch_seconds_of(date(2026, 10, 1))


def cell(column: Column, value: Any) -> Any:
    """The cell, null for one that is dropped, or the reason for the reject."""
    found = converted(column, value)
    return found.cell if type(found) is Dropped else found


def converted(column: Column, value: Any) -> Any:
    """The cell or what is left of it, or the reason for the reject."""
    try:
        return cell_converter(column)(value, LATEST)
    except RejectedError as rejected:
        return rejected.reason


def column(*paths: str, **options: Any) -> Column:
    return Column("X", paths, **options)


def test_a_map_replaces_the_values_it_names_and_leaves_the_others() -> None:
    mapped = column("a", map={"Order Completed": "purchase", "1": "one", "true": "yes"})
    assert cell(mapped, "Order Completed") == "purchase"
    assert cell(mapped, "Other") == "Other"
    assert cell(mapped, 1) == "one"
    assert cell(mapped, True) == "yes"
    assert cell(mapped, None) is None


def test_a_map_renames_each_element_of_an_array() -> None:
    mapped = column("a", map={"W": "women", "1": "one", "gone": ""})
    assert cell(mapped, ["W"]) == "women"
    assert cell(mapped, ["W", "men", 1, None, "gone"]) == "women|men|one"


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID"])
def test_an_id_has_no_line_break_for_the_csv_would_make_two_ids_one(name: str) -> None:
    assert cell(Column(name, ("a",), required=True), "two\r\nlines") == "two lines"
    assert cell(Column("X", ("a",)), "two\nlines") == "two\nlines"


def test_a_map_comes_before_the_type() -> None:
    assert cell(column("a", map={"low": "1"}, type="int"), "low") == 1
    assert cell(column("a", map={"yes": "true"}, type="boolean"), "yes") is True


def test_an_array_is_joined_by_the_separator() -> None:
    assert cell(column("a"), ["x", None, 1]) == "x|1"
    assert cell(column("a", separator=", "), ["x", "y"]) == "x, y"


def test_ids_given_as_numbers_keep_their_digits() -> None:
    assert cell(Column("ITEM_ID", ("a",), required=True), 12345678901234567890) == "12345678901234567890"
    assert cell(Column("ITEM_ID", ("a",), required=True), "00123") == "00123"


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "EVENT_TYPE"])
@pytest.mark.parametrize("renamed", [{}, {"a": "b"}])
def test_an_array_is_neither_an_id_nor_an_event_type(name: str, renamed: dict[str, str]) -> None:
    assert cell(Column(name, ("a",), required=True, map=renamed), ["a"]) == f"bad_value:{name}"


def test_an_object_is_no_text() -> None:
    assert cell(column("a"), {"b": 1}) is None
    assert cell(column("a", required=True), {"b": 1}) == "bad_value:X"


def test_what_cannot_become_the_type_is_null_in_an_optional_column_and_a_reject_in_a_required_one() -> None:
    assert cell(column("a", type="int"), "x") is None
    assert cell(column("a", type="int", required=True), "x") == "bad_value:X"
    assert cell(column("a", required=True), float("inf")) == "bad_value:X"


def test_a_float_keeps_the_digits_of_a_double() -> None:
    assert cell(column("a", type="float"), 0.1) == 0.1
    assert cell(column("a", type="float"), "16777217") == 16777217.0


def test_ids_may_have_256_characters_and_other_texts_1000() -> None:
    item = Column("ITEM_ID", ("a",), required=True)
    assert cell(item, "ü" * 256) == "ü" * 256
    assert cell(item, "ü" * 257) == "too_long:ITEM_ID"
    assert cell(column("a", categorical=True), "x" * 1000) == "x" * 1000
    assert cell(column("a", categorical=True, required=True), "x" * 1001) == "too_long:X"


@pytest.mark.parametrize(("value", "made"), [(1, 1), ("10", 10), (0, None), (11, None), (-5, None)])
def test_a_number_that_personalize_does_not_take_costs_its_cell(value: Any, made: int | None) -> None:
    bounded = column("a", type="long", bounds=(1, 10))

    assert converted(bounded, value) == (made if made else Dropped(None, "out_of_range:X"))


def test_a_number_out_of_range_costs_the_row_in_a_required_column() -> None:
    assert cell(column("a", type="long", bounds=(1, 10), required=True), 11) == "out_of_range:X"


def test_a_text_that_is_too_long_for_an_optional_column_costs_its_cell_and_not_the_row() -> None:
    assert converted(column("a", categorical=True), "x" * 1001) == Dropped(None, "too_long:X")


@pytest.mark.parametrize("value", ["$3.50", "N/A", "3,50", "1,234.50", True, {}, [1]])
def test_a_value_of_another_form_is_dropped_from_an_optional_column(value: Any) -> None:
    assert converted(column("a", type="float"), value) == Dropped(None, "bad_value:X")


@pytest.mark.parametrize("value", [None, " "])
def test_nothing_is_dropped_where_nothing_was(value: Any) -> None:
    assert converted(column("a", type="float"), value) is None


IMPRESSION = Column("IMPRESSION", ("a",))


@pytest.mark.parametrize(
    ("ids", "kept"),
    [(["i" * 99] * 10, 10), (["i" * 99] * 11, 10), (["i" * 249] * 5, 4), (["i" * 250] * 4, 3), (["i" * 36] * 48, 27)],
)
def test_an_impression_keeps_the_ids_that_fit(ids: list[str], kept: int) -> None:
    left = "|".join(ids[:kept])
    found = left if kept == len(ids) else Dropped(left, "too_long:IMPRESSION")

    assert converted(IMPRESSION, ids) == converted(IMPRESSION, "|".join(ids)) == found


def test_an_impression_whose_first_id_is_too_long_is_dropped() -> None:
    assert converted(IMPRESSION, ["i" * 1001, "j"]) == Dropped(None, "too_long:IMPRESSION")
    assert converted(Column("IMPRESSION", ("a",), required=True), ["i" * 1001]) == "too_long:IMPRESSION"
    assert converted(Column("IMPRESSION", ("a",), required=True), ["i", "i" * 1001]) == Dropped(
        "i", "too_long:IMPRESSION"
    )


def test_a_textual_column_has_no_limit() -> None:
    assert cell(column("a", textual=True), "x" * 30_000) == "x" * 30_000


# Times


@pytest.fixture(params=["UTC", "Pacific/Auckland"])
def _time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


TIMESTAMP = Column("TIMESTAMP", ("t",), type="timestamp", required=True)


@pytest.mark.usefixtures("_time_zone")
@pytest.mark.parametrize(
    "value", ["2026-10-01T02:00:00.999+02:00", "2026-10-01", 1790812800, 1790812800999, "1790812800.5"]
)
def test_a_timestamp_is_whole_seconds_rounded_down(value: Any) -> None:
    assert cell(TIMESTAMP, value) == 1790812800


def test_a_timestamp_lies_between_1990_and_the_end_of_the_day_after_arrival() -> None:
    assert cell(TIMESTAMP, "1990-01-01T00:00:00Z") == 631152000
    assert cell(TIMESTAMP, "1989-12-31T23:59:59.999Z") == "bad_timestamp"
    assert cell(TIMESTAMP, "2026-10-03T00:00:00.999Z") == LATEST
    assert cell(TIMESTAMP, "2026-10-03T00:00:01Z") == "bad_timestamp"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1942-11-26", -855187200),
        ("2026-12-18", 1797552000),
        (0, 0),
        ("9999-12-31", 253402214400),
        ("0001-01-01", -62135596800),
    ],
)
def test_a_date_that_is_no_event_time_has_no_range(value: Any, seconds: int) -> None:
    convert = cell_converter(Column("CREATION_TIMESTAMP", ("t",), type="timestamp"))

    assert convert(value, None) == seconds


def test_a_required_date_that_is_none_is_a_bad_value_of_its_column() -> None:
    assert (
        cell(Column("CREATION_TIMESTAMP", ("t",), type="timestamp", required=True), "soon")
        == "bad_value:CREATION_TIMESTAMP"
    )


@pytest.mark.parametrize("value", ["soon", True, {}, ["2026-10-01"], 0, float("inf")])
def test_what_is_no_timestamp_is_a_reject_if_required_and_null_if_optional(value: Any) -> None:
    assert cell(TIMESTAMP, value) == "bad_timestamp"
    assert cell(Column("CREATION_TIMESTAMP", ("t",), type="timestamp"), value) is None


# Text


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (1, "1"), ([1, None], "1"), ("", None), (None, None), ({}, None)]
)
def test_text_or_none_is_null_for_what_has_no_text(value: Any, text: str | None) -> None:
    assert text_or_none(value) == text
