"""Scores of names."""

from __future__ import annotations

import pytest

from personalize_assets.catalog import field_names


@pytest.mark.parametrize("name", ["userId", "user_id", "USER-ID", "User Id"])
def test_case_and_punctuation_do_not_matter(name: str) -> None:
    assert field_names.folded(name) == "userid"
    assert field_names.user(name, "") == 100


@pytest.mark.parametrize("name", ["Product Viewed", "productViewed", "PRODUCT_VIEWED", "product-viewed"])
def test_words_are_found_in_every_style(name: str) -> None:
    assert field_names.words(name) == ["product", "viewed"]


def test_a_list_of_words_is_a_set() -> None:
    assert field_names.listed("a b\n a") == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "parent", "score"),
    [
        ("sku", "", 100),
        ("product_id", "", 97),
        ("videoId", "", 95),
        ("id", "products", 95),
        ("product", "", 60),
        ("widget_id", "", 40),
        ("order_id", "", 0),
        ("session_id", "", 0),
        ("id", "", 0),
        ("color", "", 0),
        ("distinct_id", "", 0),
        ("user_id", "product", 0),
        ("vendor_id", "device", 0),
        ("related_product_id", "", 15),
        ("id", "contexts_com_acme_product_1", 95),
        ("id", "line_items", 50),
    ],
)
def test_item_ids(name: str, parent: str, score: int) -> None:
    assert field_names.item(name, parent) == score


@pytest.mark.parametrize(
    ("name", "parent", "score"),
    [
        ("customer_id", "", 97),
        ("id", "user", 95),
        ("memberId", "", 90),
        ("crm_user_id", "", 60),
        ("distinct_id", "", 60),
        ("anonymousId", "", 45),
        ("domain_userid", "", 50),
        ("seller_user_id", "", 0),
        ("user_id", "author", 10),
        ("item_id", "", 0),
    ],
)
def test_user_ids_before_ids_of_devices(name: str, parent: str, score: int) -> None:
    assert field_names.user(name, parent) == score


def test_plain_ids_of_items_are_called_by_the_plural() -> None:
    assert [field_names.items(name) for name in ("content_ids", "skus", "genres", "sku")] == [95, 100, 0, 0]


def test_the_name_of_anything_names_an_event_only_where_events_are_described() -> None:
    assert [field_names.event("name", parent) for parent in ("", "detail", "user", "product", "action")] == [
        35, 35, 0, 0, 96,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["userId", "user_id", "USERID"])
def test_spellings_of_one_name_are_equal(name: str) -> None:
    assert field_names.spelling(name, "properties") == field_names.spelling("id", "user") == "userid"


def test_devices_receiving_and_what_is_aside_are_known_by_their_names() -> None:
    assert (field_names.device("anonymousId"), field_names.device("userId")) == (True, False)
    assert (field_names.receiving("server_received_time"), field_names.receiving("event_time")) == (True, False)
    assert (field_names.aside("recommendedProducts"), field_names.aside("products")) == (True, False)


@pytest.mark.parametrize(
    ("name", "score"),
    [("timestamp_ms", 100), ("tsMillis", 95), ("timestamp_unixtime_ms", 100), ("processing_time_ms", 30), ("ms", 0)],
)
def test_the_unit_behind_the_name_of_a_time_does_not_matter(name: str, score: int) -> None:
    assert field_names.time(name) == score


def test_names_of_other_roles() -> None:
    assert (field_names.event("eventName"), field_names.event("color")) == (98, 0)
    assert (field_names.time("occurred_at"), field_names.time("loadedAt"), field_names.time("color")) == (95, 30, 0)
    assert (field_names.message("messageId"), field_names.message("color")) == (100, 0)
    assert (field_names.value("EVENT_VALUE"), field_names.value("color")) == (110, 0)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Favorite Departments", "FAVORITE_DEPARTMENTS"),
        ("loyaltyTier", "LOYALTY_TIER"),
        ("2nd choice", "F_2_ND_CHOICE"),
        ("größe", "GR_SSE"),
        ("???", "FIELD"),
    ],
)
def test_a_column_is_named_as_personalize_allows(name: str, column: str) -> None:
    assert field_names.column(name) == column
