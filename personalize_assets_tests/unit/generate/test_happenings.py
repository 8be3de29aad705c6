"""What is read of the shop's own events, in whatever form they have it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from personalize_assets.generate.happenings import Happening, Product, Traits, read_happening

EVENT: dict[str, Any] = {
    "messageId": "m1",
    "anonymousId": "a1",
    "userId": "7",
    "projectId": "pWebShop01",
    "channel": "client",
    "type": "track",
    "event": "Product Viewed",
    "timestamp": "2026-10-01T05:00:00.250Z",
    "receivedAt": "2026-10-01T05:00:01.000Z",
    "properties": {"product_id": "700042", "sku": "SKU-00042", "price": "28.99", "name": "Lamp"},
}


def read(**changes: Any) -> Happening:
    return read_happening(json.dumps({**EVENT, **changes}).encode())


def test_a_view_has_one_product_with_its_price_as_a_number() -> None:
    found = read()

    assert found == Happening(
        "m1", "Product Viewed", 1_790_830_800_250, 1_790_830_801_000, "7", "a1", "web", False,
        (Product("700042", "SKU-00042", "Lamp", None, None, 28.99, 1),), False, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        ("2026-10-01T07:00:00.250+02:00", 1_790_830_800_250),
        ("2026-10-01T05:00:00Z", 1_790_830_800_000),
        (1_790_830_800, 1_790_830_800_000),
        (1_790_830_800_250, 1_790_830_800_250),
    ],
)
def test_a_time_in_any_form_is_milliseconds(time: str | int, ms: int) -> None:
    assert read(timestamp=time).at == ms


def test_an_order_has_the_products_of_its_list_even_if_it_is_one() -> None:
    found = read(event="Order Completed", properties={"order_id": "O-1", "products": [EVENT["properties"]]})

    assert (found.order, found.is_list, len(found.products)) == ("O-1", True, 1)


def test_a_user_is_text_or_none() -> None:
    assert [read(userId=user).user for user in (7, "7", None)] == ["7", "7", None]


def test_departments_are_a_list_and_the_value_is_a_number() -> None:
    traits = {"Favorite Departments": "Books", "lifetime_value": "12.50", "email": "a@example.com", "name": "Ada"}
    event = {name: value for name, value in EVENT.items() if name not in ("event", "properties")}

    found = read_happening(json.dumps({**event, "traits": traits, "channel": "server"}).encode())

    assert (found.name, found.products, found.server) == ("", (), True)
    assert found.traits == Traits(["Books"], 12.5, "a@example.com", "Ada")
