"""From an event's fields to rows: paths, `each`, types, and the reasons of rejects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.event_mapper import EventMapper, Row
from personalize_assets.conversion.mapping.paths import lookup
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of

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


# Paths


def test_a_path_finds_what_lies_at_its_end() -> None:
    assert lookup({"a": {"b": {"c": 1}}}, ("a", "b", "c")) == 1


@pytest.mark.parametrize("fields", [{}, {"a": None}, {"a": "text"}, {"a": 1}, {"a": {}}, {"a": {"c": 1}}])
def test_a_missing_step_is_null(fields: dict[str, Any]) -> None:
    assert lookup(fields, ("a", "b")) is None


def test_a_step_into_an_array_goes_into_each_element() -> None:
    fields = {"a": [{"b": 1}, {"b": [{"c": 2}]}, "text", {}]}
    assert lookup(fields, ("a", "b")) == [1, [{"c": 2}], None, None]
    assert lookup(fields, ("a", "b", "c")) == [None, [2], None, None]


def test_arrays_nested_as_deeply_as_events_may_be_are_gone_into() -> None:
    value: Any = {"b": "x"}
    for _ in range(400):
        value = [value]
    assert one(column("a.b"), {"a": value}) == "x"


def test_the_first_path_whose_value_is_not_null_counts() -> None:
    assert one(column("a", "b", "c"), {"b": "second", "c": "third"}) == "second"


@pytest.mark.parametrize("nothing", [None, "", []])
def test_null_an_empty_text_and_an_empty_array_count_as_null(nothing: Any) -> None:
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


# Values


def test_a_constant_is_the_value_of_every_row() -> None:
    assert one(column(constant="web"), {}) == "web"
    assert one(column(constant=1.5, type="float"), {}) == 1.5


def test_a_map_replaces_the_values_it_names_and_leaves_the_others() -> None:
    mapped = column("a", map={"Order Completed": "purchase", "1": "one", "true": "yes"})
    assert one(mapped, {"a": "Order Completed"}) == "purchase"
    assert one(mapped, {"a": "Other"}) == "Other"
    assert one(mapped, {"a": 1}) == "one"
    assert one(mapped, {"a": True}) == "yes"
    assert one(mapped, {}) is None


def test_a_map_renames_each_element_of_an_array() -> None:
    mapped = column("a", map={"W": "women", "1": "one", "gone": ""})
    assert one(mapped, {"a": ["W"]}) == "women"
    assert one(mapped, {"a": ["W", "men", 1, None, "gone"]}) == "women|men|one"


def test_an_array_of_nothing_but_nulls_gives_way_to_the_next_path() -> None:
    either = Column("X", ("products.sku", "sku"))
    assert one(either, {"products": [{"name": "a"}, {"sku": ""}], "sku": "s"}) == "s"
    assert one(either, {"products": [{"name": "a"}, {"sku": "p"}], "sku": "s"}) == "p"


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID"])
def test_an_id_has_no_line_break_for_the_csv_would_make_two_ids_one(name: str) -> None:
    assert one(Column(name, ("a",), required=True), {"a": "two\r\nlines"}) == "two lines"
    assert one(Column("X", ("a",)), {"a": "two\nlines"}) == "two\nlines"


def test_a_map_comes_before_the_type() -> None:
    assert one(column("a", map={"low": "1"}, type="int"), {"a": "low"}) == 1
    assert one(column("a", map={"yes": "true"}, type="boolean"), {"a": "yes"}) is True


def test_an_array_is_joined_by_the_separator() -> None:
    assert one(column("a"), {"a": ["x", None, 1]}) == "x|1"
    assert one(column("a", separator=", "), {"a": ["x", "y"]}) == "x, y"
    assert one(column("a.b"), {"a": [{"b": "x"}, {}, {"b": "y"}]}) == "x|y"


def test_ids_given_as_numbers_keep_their_digits() -> None:
    assert one(Column("ITEM_ID", ("a",), required=True), {"a": 12345678901234567890}) == "12345678901234567890"
    assert one(Column("ITEM_ID", ("a",), required=True), {"a": "00123"}) == "00123"


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "EVENT_TYPE"])
@pytest.mark.parametrize("renamed", [{}, {"a": "b"}])
def test_an_array_is_neither_an_id_nor_an_event_type(name: str, renamed: dict[str, str]) -> None:
    assert one(Column(name, ("a",), required=True, map=renamed), {"a": ["a"]}) == f"bad_value:{name}"


def test_an_object_is_no_text() -> None:
    assert one(column("a"), {"a": {"b": 1}}) is None
    assert one(column("a", required=True), {"a": {"b": 1}}) == "bad_value:X"


def test_what_cannot_become_the_type_is_null_in_an_optional_column_and_a_reject_in_a_required_one() -> None:
    assert one(column("a", type="int"), {"a": "x"}) is None
    assert one(column("a", type="int", required=True), {"a": "x"}) == "bad_value:X"
    assert one(column("a", required=True), {"a": float("inf")}) == "bad_value:X"


def test_null_is_a_reject_in_a_required_column() -> None:
    assert one(column("a", required=True), {}) == "missing:X"
    assert one(column("a", required=True), {"a": ""}) == "missing:X"
    assert one(column("a", required=True), {"a": [None, ""]}) == "missing:X"
    assert one(column("a", required=True, map={"n/a": ""}), {"a": "n/a"}) == "missing:X"


def test_a_float_keeps_the_digits_of_a_double() -> None:
    assert one(column("a", type="float"), {"a": 0.1}) == 0.1
    assert one(column("a", type="float"), {"a": "16777217"}) == 16777217.0


def test_ids_may_have_256_characters_and_other_texts_1000() -> None:
    item = Column("ITEM_ID", ("a",), required=True)
    assert one(item, {"a": "ü" * 256}) == "ü" * 256
    assert one(item, {"a": "ü" * 257}) == "too_long:ITEM_ID"
    assert one(column("a", categorical=True), {"a": "x" * 1000}) == "x" * 1000
    assert one(column("a", categorical=True), {"a": "x" * 1001}) == "too_long:X"


def test_a_textual_column_has_no_limit() -> None:
    assert one(column("a", textual=True), {"a": "x" * 30_000}) == "x" * 30_000


def test_the_first_column_that_is_bad_names_the_reason() -> None:
    both = interactions(Column("A", ("a",), required=True), Column("B", ("b",), type="int", required=True))
    assert rows(both, {"b": "x"}) == [Row((), "missing:A")]
    assert rows(both, {"a": "x", "b": "x"}) == [Row((), "bad_value:B")]


# Timestamps


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
    assert one(TIMESTAMP, {"t": value}) == 1790812800


def test_a_timestamp_lies_between_1990_and_the_end_of_the_day_after_arrival() -> None:
    assert one(TIMESTAMP, {"t": "1990-01-01T00:00:00Z"}) == 631152000
    assert one(TIMESTAMP, {"t": "1989-12-31T23:59:59.999Z"}) == "bad_timestamp"
    assert one(TIMESTAMP, {"t": "2026-10-03T00:00:00.999Z"}) == LATEST
    assert one(TIMESTAMP, {"t": "2026-10-03T00:00:01Z"}) == "bad_timestamp"


@pytest.mark.parametrize("value", ["soon", True, {}, ["2026-10-01"], 0, float("inf")])
def test_what_is_no_timestamp_is_a_reject_if_required_and_null_if_optional(value: Any) -> None:
    assert one(TIMESTAMP, {"t": value}) == "bad_timestamp"
    assert one(Column("CREATION_TIMESTAMP", ("t",), type="timestamp"), {"t": value}) is None


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


def test_the_daily_schema_is_the_columns_in_their_order_and_the_bookkeeping() -> None:
    types = ("string", "int", "long", "float", "double", "boolean", "timestamp")
    columns = tuple(Column(name.upper(), (name,), type=name) for name in types)
    own = [
        pa.field("STRING", pa.string()),
        pa.field("INT", pa.int32()),
        pa.field("LONG", pa.int64()),
        pa.field("FLOAT", pa.float64()),
        pa.field("DOUBLE", pa.float64()),
        pa.field("BOOLEAN", pa.bool_()),
        pa.field("TIMESTAMP", pa.int64()),
    ]
    assert daily_schema(Dataset("interactions", columns, where={})) == pa.schema(
        [*own, pa.field("_dedupe", pa.string()), pa.field("_position", pa.int32())]
    )
    assert daily_schema(Dataset("users", columns, where={})) == pa.schema(
        [*own, pa.field("_event_time", pa.int64()), pa.field("_message_id", pa.string())]
    )
