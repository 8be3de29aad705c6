"""The exact path: from one event to rows, by paths, `each`, nulls and bookkeeping."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.event_mapper import TOO_MANY_ELEMENTS, EventMapper, Row
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of
from personalize_assets.conversion.reading.field_tree import MAX_ELEMENTS

LATEST = max_epoch_seconds_of(date(2026, 10, 1))


def rows(dataset: Dataset, fields: dict[str, Any]) -> list[Row]:
    return list(EventMapper(dataset).rows(fields, LATEST))


def interactions(*columns: Column, **options: Any) -> Dataset:
    return Dataset("interactions", columns, where={}, **options)


def one(column: Column, fields: dict[str, Any]) -> Any:
    """The value of a dataset's only column, or the reason for the reject."""
    (row,) = rows(interactions(column), fields)
    return row.reason or row.values[0]


def column(*paths: str, **options: Any) -> Column:
    return Column("X", paths, **options)


TIMESTAMP = Column("TIMESTAMP", ("t",), type="timestamp", required=True)


# Which path counts


def test_arrays_nested_as_deeply_as_events_may_be_are_gone_into() -> None:
    value: Any = {"b": "x"}
    for _ in range(400):
        value = [value]
    assert one(column("a.b"), {"a": value}) == "x"


def test_a_path_through_an_array_gives_the_values_of_all_elements() -> None:
    assert one(column("a.b"), {"a": [{"b": "x"}, {}, {"b": "y"}]}) == "x|y"


def test_the_first_path_whose_value_is_not_null_counts() -> None:
    assert one(column("a", "b", "c"), {"b": "second", "c": "third"}) == "second"


@pytest.mark.parametrize("nothing", ["undefined", ["undefined", " "], 0, "0", False])
def test_a_null_word_counts_as_null(nothing: Any) -> None:
    dataset = interactions(column("a", "b"), nulls=("undefined", "0", "false"), dedupe_by="a")

    (row,) = rows(dataset, {"a": nothing, "b": "x"})

    assert row.values == ("x", None, 0)


@pytest.mark.parametrize("nothing", [None, "", " ", "\0", [], [" "]])
def test_null_a_blank_text_and_an_empty_array_count_as_null(nothing: Any) -> None:
    assert one(column("a", "b"), {"a": nothing, "b": "x"}) == "x"
    assert one(column("a"), {"a": nothing}) is None


@pytest.mark.parametrize("something", [0, False, 0.0])
def test_zero_and_false_are_values(something: Any) -> None:
    assert one(column("a", "b"), {"a": something, "b": "x"}) in ("0", "false")


def test_the_first_value_counts_even_where_it_cannot_become_the_type() -> None:
    assert one(column("a", "b", type="float"), {"a": "x", "b": 1}) is None


def test_names_with_dots_spaces_and_marks_are_found() -> None:
    fields = {"a.b": {"Favorite Departments": "x", "utm-source": "y", "$c": "z"}}
    assert one(column("`a.b`.`Favorite Departments`"), fields) == "x"
    assert one(column("`a.b`.utm-source"), fields) == "y"
    assert one(column("`a.b`.$c"), fields) == "z"


def test_a_field_may_be_an_object_in_one_event_and_text_in_another() -> None:
    either = column("product.sku", "product")
    assert one(either, {"product": {"sku": "a"}}) == "a"
    assert one(either, {"product": "a"}) == "a"


# Nulls, constants and reasons


def test_a_constant_is_the_value_of_every_row() -> None:
    assert one(column(constant="web"), {}) == "web"
    assert one(column(constant=1.5, type="float"), {}) == 1.5


def test_an_array_of_nothing_but_nulls_gives_way_to_the_next_path() -> None:
    either = Column("X", ("products.sku", "sku"))
    assert one(either, {"products": [{"name": "a"}, {"sku": ""}], "sku": "s"}) == "s"
    assert one(either, {"products": [{"name": "a"}, {"sku": "p"}], "sku": "s"}) == "p"


def test_null_is_a_reject_in_a_required_column() -> None:
    assert one(column("a", required=True), {}) == "missing:X"
    assert one(column("a", required=True), {"a": ""}) == "missing:X"
    assert one(column("a", required=True), {"a": [None, ""]}) == "missing:X"
    assert one(column("a", required=True, map={"n/a": ""}), {"a": "n/a"}) == "missing:X"


def test_the_first_column_that_is_bad_names_the_reason() -> None:
    both = interactions(Column("A", ("a",), required=True), Column("B", ("b",), type="int", required=True))
    assert rows(both, {"b": "x"}) == [Row((), "missing:A")]
    assert rows(both, {"a": "x", "b": "x"}) == [Row((), "bad_value:B")]


def test_a_timestamp_that_is_null_is_missing() -> None:
    assert one(TIMESTAMP, {}) == "missing:TIMESTAMP"
    assert one(TIMESTAMP, {"t": ""}) == "missing:TIMESTAMP"


# Each


EACH = interactions(
    Column("ITEM_ID", ("each.sku", "properties.sku"), required=True),
    Column("USER_ID", ("userId",), required=True),
    each="properties.products",
    dedupe_by="messageId",
)


def test_an_array_with_elements_gives_one_row_an_element_with_its_position() -> None:
    fields = {"messageId": "m", "userId": "u", "properties": {"products": [{"sku": "a"}, {"sku": "b"}]}}
    assert rows(EACH, fields) == [Row(("a", "u", "m", 0)), Row(("b", "u", "m", 1))]


@pytest.mark.parametrize("products", [None, [], {}, {"sku": "x"}, "x", 1])
def test_anything_else_gives_the_event_itself_as_one_row(products: Any) -> None:
    fields = {"messageId": "m", "userId": "u", "properties": {"sku": "own", "products": products}}
    assert rows(EACH, fields) == [Row(("own", "u", "m", 0))]


def test_without_the_array_a_path_into_an_element_is_null() -> None:
    assert rows(EACH, {"userId": "u", "each": {"sku": "x"}}) == [Row((), "missing:ITEM_ID")]


def test_an_element_that_lacks_the_field_falls_back_to_the_next_path() -> None:
    fields = {"userId": "u", "properties": {"sku": "own", "products": [None, {}, "x", {"sku": "a"}]}}
    assert [row.values[0] for row in rows(EACH, fields)] == ["own", "own", "own", "a"]


def test_one_bad_element_is_one_reject_and_the_others_stay() -> None:
    fields = {"userId": "u", "properties": {"products": [{"sku": "a"}, {}, {"sku": "c"}]}}
    assert rows(EACH, fields) == [Row(("a", "u", None, 0)), Row((), "missing:ITEM_ID"), Row(("c", "u", None, 2))]


# Bookkeeping


@pytest.mark.parametrize(("value", "key"), [("m", "m"), (12345678901234567890, "12345678901234567890"), ("", None)])
def test_interactions_carry_the_value_that_repeats_share(value: Any, key: str | None) -> None:
    assert rows(interactions(column("a"), dedupe_by="id"), {"a": "x", "id": value}) == [Row(("x", key, 0))]


def test_without_dedupe_by_there_is_none() -> None:
    assert rows(interactions(column("a")), {"a": "x", "messageId": "m"}) == [Row(("x", None, 0))]


def test_users_carry_the_event_time_in_nanoseconds_and_the_message_id() -> None:
    users = Dataset("users", (column("a"),), where={}, event_time="t", message_id="id")
    fields = {"a": "x", "t": "2026-10-01T00:00:00.5Z", "id": "m"}
    assert rows(users, fields) == [Row(("x", 1790812800500000000, "m"))]


@pytest.mark.parametrize("value", [None, "soon", 0, "2031-01-01", {}])
def test_an_event_without_a_readable_time_has_none(value: Any) -> None:
    users = Dataset("users", (column("a"),), where={}, event_time="t", message_id="id")
    assert rows(users, {"a": "x", "t": value}) == [Row(("x", None, None))]


# How many rows one event may make


def test_an_event_makes_as_many_rows_as_the_limit_allows_and_one_reject_beyond_it() -> None:
    dataset = interactions(column("each"), each="list")

    at_limit = rows(dataset, {"list": ["x"] * MAX_ELEMENTS})
    above = rows(dataset, {"list": ["x"] * (MAX_ELEMENTS + 1)})

    assert (len(at_limit), {row.reason for row in at_limit}) == (MAX_ELEMENTS, {None})
    assert above == [Row((), TOO_MANY_ELEMENTS)]
