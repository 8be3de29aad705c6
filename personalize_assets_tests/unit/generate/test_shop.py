"""What people do in the shop."""

from collections import Counter

import pytest

from personalize_assets_tests.helpers.raw_files import (
    WANTED,
    Event,
)


def test_people_register_and_then_identify_themselves(events: list[Event]) -> None:
    times: dict[str, dict[str, str]] = {}
    for event in events:
        name: str = event.get("event") or "identify"
        first = times.setdefault(event["anonymousId"], {})
        first[name] = min(first.get(name, "9"), event["originalTimestamp"])
    funnels = [seen for seen in times.values() if "Signup Success" in seen]

    assert funnels
    for seen in funnels:
        assert seen["Page Viewed"] < seen["Signup Clicked"] < seen["Signup Success"] < seen["identify"]


def test_traits_have_awkward_names_and_mixed_types(events: list[Event]) -> None:
    traits = [event["traits"] for event in events if event["type"] == "identify"]

    assert all({"email", "Invited User?", "createdAt"} <= t.keys() for t in traits)
    assert {type(t["Favorite Departments"]) for t in traits} == {list, str}
    assert {str, float} <= {type(t["lifetime_value"]) for t in traits}


def test_traits_of_a_user_change_with_time(events: list[Event]) -> None:
    seen: dict[str, set[str]] = {}
    for event in events:
        if event["type"] == "identify":
            seen.setdefault(event["userId"], set()).add(str(event["traits"]["lifetime_value"]))

    assert any(len(values) > 1 for values in seen.values())


def test_orders_name_one_item_at_the_top_level_or_list_their_items(events: list[Event]) -> None:
    orders = [event["properties"] for event in events if event.get("event") == "Order Completed"]
    lists = [order["products"] for order in orders if "products" in order]

    assert all(("sku" in order) != ("products" in order) for order in orders)
    assert 0.35 < len(lists) / len(orders) < 0.65
    assert {len(products) for products in lists} >= {1, 2}
    assert all(1 <= len(products) <= 5 for products in lists)


@pytest.mark.parametrize("name", ["Product Viewed", "Product Clicked", "Product Added"])
def test_product_events_carry_a_sku_at_the_top_level(name: str, events: list[Event]) -> None:
    skus = [event["properties"]["sku"] for event in events if event.get("event") == name]

    assert skus
    assert all(sku.startswith("SKU-") for sku in skus)


def test_some_events_have_no_item(events: list[Event]) -> None:
    names = {event.get("event") for event in events if "sku" not in event.get("properties", {})}

    assert {"Email Delivered", "Email Opened", "Email Clicked", "Page Viewed", "Product List Viewed"} <= names


def test_a_few_items_and_users_make_most_of_it(events: list[Event]) -> None:
    wanted = [event for event in events if event.get("event") in ("Product Clicked", "Product Added")]
    for counts in (
        Counter(event["properties"]["sku"] for event in wanted),
        Counter(event["userId"] for event in wanted if event.get("userId")),
    ):
        top_fifth = counts.most_common(len(counts) // 5)
        assert sum(count for _, count in top_fifth) > 0.4 * counts.total()


def test_a_user_gives_four_to_six_interactions_a_week(events: list[Event]) -> None:
    wanted = {event["messageId"] for event in events if event.get("event") in WANTED and event.get("userId")}

    assert 4 * 500 <= len(wanted) <= 6 * 500
