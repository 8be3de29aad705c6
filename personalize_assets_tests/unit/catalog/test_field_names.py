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
    ],
)
def test_item_ids(name: str, parent: str, score: int) -> None:
    assert field_names.item(name, parent) == score


@pytest.mark.parametrize(
    ("name", "parent", "score"),
    [("customer_id", "", 97), ("id", "user", 95), ("memberId", "", 90), ("anonymousId", "", 45), ("item_id", "", 0)],
)
def test_user_ids_before_ids_of_devices(name: str, parent: str, score: int) -> None:
    assert field_names.user(name, parent) == score


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
