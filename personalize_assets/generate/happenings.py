"""The content of an event, read from the shop's own form: other shapes are written from it.

The flaws of the shop's events (prices and ids as numbers or text, times in many forms) end here: a shape has its own.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

_Json = dict[str, Any]
"""A part of an event."""

_PLATFORMS = {"pWebShop01": "web", "pAndroid01": "android", "pIosShop01": "ios"}


class Product(NamedTuple):
    """A product in an event; None for what the event does not say of it."""

    id: str
    sku: str
    name: str | None
    brand: str | None
    category: str | None
    price: float
    quantity: int


class Traits(NamedTuple):
    """What an `identify` says of a person."""

    departments: list[str]
    lifetime_value: float
    email: str
    name: str


class Happening(NamedTuple):
    """One event.

    Attributes:
        id: The same for all repeats of a message.
        name: The event's name in Segment's specification; empty for an `identify`.
        at: When it happened, in milliseconds since 1970 (UTC); ``received`` likewise.
        user: None before login.
        platform: ``web``, ``android`` or ``ios``: where the person is; ``server``: whether the shop's server sent it.
        products: None, one, or those of a list or an order.
        is_list: Whether the products are in a list, even if it is one.
        order: The order's id.
        traits: Those of an `identify`; None of other events.
    """

    id: str
    name: str
    at: int
    received: int
    user: str | None
    anonymous: str
    platform: str
    server: bool
    products: tuple[Product, ...]
    is_list: bool
    order: str | None
    traits: Traits | None


def read_happening(content: bytes) -> Happening:
    """Read an event of a `Tracker`."""
    event = msgspec.json.decode(content)
    body = event.get("properties") or {}
    listed = body.get("products")
    products = listed if listed is not None else [body] if "sku" in body else []
    user = event.get("userId")
    return Happening(
        id=event["messageId"],
        name=event.get("event", ""),
        at=milliseconds_of(event["timestamp"]),
        received=milliseconds_of(event["receivedAt"]),
        user=None if user is None else str(user),
        anonymous=event["anonymousId"],
        platform=_PLATFORMS[event["projectId"]],
        server=event["channel"] == "server",
        products=tuple(map(_product, products)),
        is_list=listed is not None,
        order=body.get("order_id"),
        traits=_traits(event["traits"]) if "traits" in event else None,
    )


def _product(fields: _Json) -> Product:
    return Product(
        fields["product_id"],
        fields["sku"],
        fields.get("name"),
        fields.get("brand"),
        fields.get("category"),
        float(fields["price"]),
        fields.get("quantity", 1),
    )


def _traits(traits: _Json) -> Traits:
    departments = traits["Favorite Departments"]
    listed = [departments] if isinstance(departments, str) else departments
    return Traits(listed, float(traits["lifetime_value"]), traits["email"], traits["name"])


def milliseconds_of(time: str | int) -> int:
    """Milliseconds since 1970 of a time in any form of a `Tracker`."""
    if isinstance(time, int):
        return time if time > 10**11 else time * 1000
    moment = datetime.fromisoformat(time)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
