"""Tables: any layout's events, Segment's warehouse on Redshift, Shopify's orders, ratings in the form of MovieLens."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import pyarrow as pa

from personalize_assets.generate.happenings import Happening, Product
from personalize_assets.generate.shapes.encodings import csv_table, parquet
from personalize_assets.generate.shapes.shape import FileFacts, Row, Shape, in_one_table
from personalize_assets.generate.text import iso_text

FORMATS = ("json", "csv", "parquet")
"""Formats in which a layout's events are written; in a shape there is only its own."""

_PRODUCT_FIELDS = [
    ("product_id", pa.string()),
    ("sku", pa.string()),
    ("name", pa.string()),
    ("brand", pa.string()),
    ("category", pa.string()),
    ("price", pa.float64()),
    ("quantity", pa.int64()),
]
_PROPERTIES = pa.struct([*_PRODUCT_FIELDS, ("products", pa.list_(pa.struct(_PRODUCT_FIELDS)))])
_TRAITS = pa.struct([("Favorite Departments", pa.list_(pa.string())), ("lifetime_value", pa.float64())])
_EVENTS = pa.schema(
    [
        ("messageId", pa.string()),
        ("type", pa.string()),
        ("event", pa.string()),
        ("userId", pa.string()),
        ("anonymousId", pa.string()),
        ("timestamp", pa.timestamp("ms")),
        ("receivedAt", pa.timestamp("ms")),
        ("properties", _PROPERTIES),
        ("traits", _TRAITS),
    ]
)

_TRACKS = pa.schema(
    [
        ("id", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("anonymous_id", pa.string()),
        ("user_id", pa.string()),
        ("event", pa.string()),
        ("event_text", pa.string()),
        ("timestamp", pa.timestamp("us")),
        ("context_device_type", pa.string()),
        ("product_id", pa.string()),
        ("brand", pa.string()),
        ("category", pa.string()),
        ("price", pa.float64()),
        ("products", pa.string()),
    ]
)
_IDENTIFIES = pa.schema(
    [
        ("id", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("user_id", pa.string()),
        ("timestamp", pa.timestamp("us")),
        ("favorite_departments", pa.string()),
        ("lifetime_value", pa.float64()),
    ]
)
_WANTED = ("Product Viewed", "Product Added", "Order Completed")

_RATINGS = {"Product Viewed": 3, "Product Added": 4, "Order Completed": 5}
_AGES = (1, 18, 25, 35, 45, 50, 56)


def _product(product: Product) -> Row:
    return {
        "product_id": product.id,
        "sku": product.sku,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "price": product.price,
        "quantity": product.quantity,
    }


def of_layout(layout: str, format: str) -> Shape:
    """The shape of a layout's events in a format: the fields of Segment's envelope, each a column.

    In a CSV, `properties` and `traits` are JSON, for ``source.parse``.
    """
    if format == "json":
        return Shape(layout)
    if format == "csv":
        return Shape(layout, _csv_rows, lambda table, rows: csv_table(rows), _file_of(".csv"))
    return Shape(layout, _event_rows, lambda table, rows: parquet(_EVENTS, rows), _file_of(".parquet"))


def _file_of(extension: str) -> Callable[[FileFacts], str]:
    return lambda file: f"events-{file.number:05d}-{file.unique[:8]}{extension}"


def _event_rows(event: Happening) -> Iterable[tuple[str, Row]]:
    yield (
        "",
        {
            "messageId": event.id,
            "type": "identify" if event.traits is not None else "track",
            "event": event.name or None,
            "userId": event.user,
            "anonymousId": event.anonymous,
            "timestamp": event.at,
            "receivedAt": event.received,
            "properties": _properties(event),
            "traits": None
            if event.traits is None
            else {
                "Favorite Departments": event.traits.departments,
                "lifetime_value": event.traits.lifetime_value,
            },
        },
    )


def _properties(event: Happening) -> Row | None:
    if event.is_list:
        return {"products": [_product(product) for product in event.products]}
    return _product(event.products[0]) if event.products else None


def _csv_rows(event: Happening) -> Iterable[tuple[str, Row]]:
    for table, row in _event_rows(event):
        yield table, {**row, "timestamp": iso_text(event.at), "receivedAt": iso_text(event.received)}


def _warehouse(event: Happening) -> Iterable[tuple[str, Row]]:
    """Rows as Segment's warehouse has them: an order's products are one text (SUPER), names also as a slug."""
    common = {
        "id": event.id,
        "received_at": event.received * 1000,
        "user_id": event.user,
        "timestamp": event.at * 1000,
    }
    if event.traits is not None:
        departments = msgspec.json.encode(event.traits.departments).decode()
        yield (
            "identifies",
            {**common, "favorite_departments": departments, "lifetime_value": event.traits.lifetime_value},
        )
    elif event.name in _WANTED:
        products = [_product(product) for product in event.products]
        one = {} if event.is_list else products[0]
        yield (
            "tracks",
            {
                **common,
                "anonymous_id": event.anonymous,
                "event": event.name.lower().replace(" ", "_"),
                "event_text": event.name,
                "context_device_type": {"web": None, "android": "android", "ios": "ios"}[event.platform],
                **{name: one.get(name) for name in ("product_id", "brand", "category", "price")},
                "products": msgspec.json.encode(products).decode() if event.is_list else None,
            },
        )


def _warehouse_file(table: str, rows: Sequence[Row]) -> bytes:
    return parquet(_TRACKS if table == "tracks" else _IDENTIFIES, rows)


def _order(event: Happening, name: str) -> Row:
    """An order as the Admin API returns it: amounts are text, times have the shop's zone."""
    number = int(event.id[-12:], 16)
    user = int(event.user or 0)
    at = iso_text(event.at, 2)[:19] + "+02:00"
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "cancelled_at": None,
        "created_at": at,
        "currency": "EUR",
        "financial_status": "paid",
        "processed_at": at,
        "test": False,
        "updated_at": at,
        "customer": {
            "id": user,
            "email": f"user{user}@example.com",
            "state": ("enabled", "disabled")[user % 2],
            "tags": ", ".join(("newsletter", "vip", "wholesale")[: user % 4]),
            "currency": "EUR",
        },
        "line_items": [
            {
                "id": number * 10 + line,
                "product_id": int(product.id),
                "sku": product.sku,
                "title": product.name,
                "vendor": product.brand or (product.category or "").partition("|")[0],
                "price": f"{product.price:.2f}",
                "quantity": product.quantity,
                "gift_card": False,
            }
            for line, product in enumerate(event.products)
        ],
    }


def _page_of_orders(table: str, rows: Sequence[Row]) -> bytes:
    return msgspec.json.encode({"orders": rows})


def _movielens(event: Happening) -> Iterable[tuple[str, Row]]:
    """What a person did as stars: the more it means, the more."""
    stars = _RATINGS.get(event.name)
    if stars is None or event.user is None:
        return
    user = int(event.user)
    for product in event.products:
        title = f"{product.name} (2026)".replace("\n", " ")
        genres = (product.category or "").replace(", ", "|")
        yield (
            "ratings",
            {"userId": event.user, "movieId": product.id, "rating": f"{stars}.0", "timestamp": str(event.at // 1000)},
        )
        yield "movies", {"movieId": product.id, "title": title, "genres": genres}
    yield (
        "users",
        {
            "userId": event.user,
            "gender": "FM"[user % 2],
            "age": str(_AGES[user % 7]),
            "occupation": str(user % 21),
        },
    )


def _ratings(table: str, rows: Sequence[Row]) -> bytes:
    """Ratings as they are; of movies and users each row once."""
    return csv_table(rows if table == "ratings" else list({tuple(row.values()): row for row in rows}.values()))


SHAPES = {
    "redshift": Shape("hive", _warehouse, _warehouse_file, lambda file: f"{file.number:04d}_part_00.parquet"),
    "shopify": Shape(
        "%Y-%m-%d/*",
        in_one_table(_order, {"Order Completed": "order"}),
        _page_of_orders,
        lambda file: f"page-{file.number:05d}.json",
    ),
    "movielens": Shape("flat", _movielens, _ratings, lambda file: f"part-{file.number:05d}.csv"),
}
"""By the name of their recipe."""
