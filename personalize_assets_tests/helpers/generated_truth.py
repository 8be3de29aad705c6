"""The rows that the shop's events stand for in each shape, worked out from the events alone.

What is used of the package is the shop; its readers, mapping and folding are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from personalize_assets.generate.delivery import Delivery
from personalize_assets.generate.happenings import Happening, Product, read_happening
from personalize_assets.generate.shop import Shop
from personalize_assets.generate.text import DAY_MS
from personalize_assets.generate.trackers import Tracker

START_MS = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * 1000

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Truth:
    """What a recipe's config makes of an event.

    Attributes:
        names: EVENT_TYPE by the event's name in the shop.
        extras: The cells of interactions behind TIMESTAMP; ``value`` is EVENT_VALUE.
        user: The cells of a user behind USER_ID, from an event that describes one.
        item: The cells of an item behind ITEM_ID; ``about`` are the names of the events that describe items.
        has_ids: Whether repeats are known by an id; else by being equal.
    """

    names: dict[str, str]
    extras: Callable[[Happening, Product], Cells] = lambda event, product: ()
    value: Callable[[Happening, Product], float] = lambda event, product: product.price
    user: Callable[[Happening], Cells | None] | None = None
    item: Callable[[Product], Cells] | None = None
    about: tuple[str, ...] = ("Product Viewed", "Product Added", "Order Completed")
    has_ids: bool = True


class Tables(NamedTuple):
    """Rows in any order; None for a dataset that a recipe does not have."""

    interactions: list[Cells]
    users: list[Cells] | None
    items: list[Cells] | None


_SEGMENT = {name: name for name in ("Product Viewed", "Product Added", "Order Completed")}


def _names(viewed: str, added: str, ordered: str) -> dict[str, str]:
    return dict(zip(_SEGMENT, (viewed, added, ordered), strict=True))


def number(value: float) -> str:
    """A number as a CSV has it."""
    return str(int(value)) if value == int(value) else repr(value)


def _category_brand_price(product: Product) -> Cells:
    return product.category, product.brand, number(product.price)


def _category_price(product: Product) -> Cells:
    return product.category, number(product.price)


def _departments(event: Happening) -> Cells | None:
    return ("|".join(event.traits.departments),) if event.traits else None


def _departments_and_value(event: Happening) -> Cells | None:
    departments = _departments(event)
    return (*departments, number(event.traits.lifetime_value)) if departments and event.traits else None


def _device(web: str, android: str, ios: str) -> Callable[[Happening, Product], Cells]:
    named = {"web": web, "android": android, "ios": ios}
    return lambda event, product: (named[event.platform],)


def _displayed(event: Happening, product: Product) -> str | None:
    return None if event.is_list else "|".join(str(int(product.id) + more) for more in range(3))


def _segment_like() -> Truth:
    return Truth(
        _SEGMENT,
        # Events of browsers and of the shop's server have no device.
        lambda event, product: ("web" if event.server else event.platform,),
        user=_departments_and_value,
        item=_category_brand_price,
    )


def _shopify_user(event: Happening) -> Cells | None:
    if event.name != "Order Completed":
        return None
    user = int(event.user or 0)
    return ("enabled", "disabled")[user % 2], "|".join(("newsletter", "vip", "wholesale")[: user % 4]) or None


def _rater(event: Happening) -> Cells | None:
    if event.name not in _SEGMENT:
        return None
    user = int(event.user or 0)
    return "FM"[user % 2], str((1, 18, 25, 35, 45, 50, 56)[user % 7]), str(user % 21)


TRUTHS: dict[str, Truth] = {
    "segment": _segment_like(),
    "rudderstack": _segment_like(),
    "firehose": _segment_like(),
    "posthog": Truth(
        _names("product viewed", "product added", "order completed"),
        _device("Desktop", "Mobile", "Mobile"),
        user=_departments_and_value,
        item=_category_brand_price,
    ),
    "amplitude": Truth(
        _names("View Product", "Add to Cart", "Complete Purchase"),
        _device("Web", "Android", "iOS"),
        user=_departments_and_value,
        item=_category_brand_price,
    ),
    "mixpanel": Truth(
        _names("Product Viewed", "Added To Cart", "Purchased"),
        _device("Mac OS X", "Android", "iOS"),
        item=_category_brand_price,
    ),
    "ga4": Truth(
        _names("view_item", "add_to_cart", "purchase"),
        _device("desktop", "mobile", "mobile"),
        user=lambda event: (event.traits.departments[0],) if event.traits else None,
        item=_category_brand_price,
        has_ids=False,
    ),
    "snowplow": Truth(
        _names("product_view", "add_to_cart", "transaction"),
        _device("web", "mob", "mob"),
        user=_departments_and_value,
        item=_category_brand_price,
    ),
    "mparticle": Truth(
        _names("view_detail", "add_to_cart", "purchase"),
        _device("web", "Android", "iOS"),
        user=_departments,
        item=_category_brand_price,
    ),
    "cloudwatch": Truth(_names("view", "add-to-cart", "purchase")),
    "pinpoint": Truth(
        _names("product_viewed", "product_added", "order_completed"),
        lambda event, product: (_displayed(event, product), event.platform),
        user=_departments,
        item=_category_price,
        about=("Product Viewed", "Product Added"),
    ),
    "kafka-connect": Truth(
        _names("view", "add_to_cart", "purchase"), _device("web", "android", "ios"), item=_category_price
    ),
    "eventbridge": Truth(
        _names("Product Viewed", "Cart Changed", "Order Placed"),
        lambda event, product: (_displayed(event, product) if event.name == "Product Viewed" else None,),
        user=_departments,
        item=_category_price,
        about=("Product Viewed", "Product Added"),
    ),
    "shopify": Truth(
        {"Order Completed": "Purchase"},
        user=_shopify_user,
        item=lambda product: (product.brand or (product.category or "").split("|")[0], number(product.price)),
        about=("Order Completed",),
    ),
    "redshift": Truth(
        _SEGMENT, _device("web", "android", "ios"), user=_departments_and_value, item=_category_brand_price
    ),
    "movielens": Truth(
        {"Product Added": "Rating", "Order Completed": "Rating"},
        value=lambda event, product: {"Product Added": 4, "Order Completed": 5}[event.name],
        user=_rater,
        item=lambda product: ((product.category or "").replace(", ", "|"),),
        has_ids=False,
    ),
}


class Delivered(NamedTuple):
    """An event as it arrived."""

    event: Happening
    day: int


def delivered(days: int, users: int, seed: int) -> Iterator[Delivered]:
    """The whole events of a shop, repeats included, as ``generate`` writes them."""
    shop = Shop(users, seed, START_MS)
    delivery = Delivery(seed, Tracker(seed, rudderstack=False), START_MS + days * DAY_MS)
    for hour in range(days * 24):
        for visit in shop.visits(hour):
            for line in delivery.send(visit):
                if not line.broken:
                    yield Delivered(read_happening(line.content), line.received // DAY_MS)


def tables(name: str, events: list[Delivered]) -> Tables:
    """The rows of a shape."""
    truth = TRUTHS[name]
    interactions: dict[Any, Cells] = {}
    users: dict[str, Any] = {}
    items: dict[str, Any] = {}
    for event, day in events:
        # Which is later: by time, then day of arrival, then message.
        age = (event.at // 1000 if name in ("eventbridge", "shopify") else event.at, day, event.id)
        is_known = event.user is not None
        if truth.user and is_known and (cells := truth.user(event)) is not None:
            _fold(users, event.user or "", cells, age)
        for position, product in enumerate(event.products):
            if truth.item and event.name in truth.about and (is_known or name != "movielens"):
                _fold(items, product.id, truth.item(product), age)
            if event.name in truth.names and is_known:
                at = str(event.at // 1000)
                value = number(truth.value(event, product))
                row = (event.user, product.id, truth.names[event.name], value, at, *truth.extras(event, product))
                interactions[(event.id, position) if truth.has_ids else row] = row
    return Tables(
        list(interactions.values()),
        _rows(users) if truth.user else None,
        _rows(items) if truth.item else None,
    )


def _fold(found: dict[str, Any], id: str, cells: Cells, age: Any) -> None:
    """Keep the latest value of each cell that is not null."""
    latest = found.setdefault(id, [None] * len(cells))
    for index, cell in enumerate(cells):
        if cell is not None and (latest[index] is None or age >= latest[index][0]):
            latest[index] = (age, cell)


def _rows(found: dict[str, Any]) -> list[Cells]:
    return [(id, *(one and one[1] for one in cells)) for id, cells in found.items()]
