"""What pipelines of events write: Snowplow, mParticle, Kafka Connect."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from personalize_assets.generate.happenings import Happening, Product
from personalize_assets.generate.shapes.encodings import avro, lines, zipped_lines
from personalize_assets.generate.shapes.shape import FileFacts, Row, Shape, in_one_table
from personalize_assets.generate.text import iso_text

_SNOWPLOW_NAMES = {
    "": "",
    "Page Viewed": "page_view",
    "Product List Viewed": "list_view",
    "Product Viewed": "product_view",
    "Product Added": "add_to_cart",
    "Order Completed": "transaction",
}
_ECOMMERCE = "com_snowplowanalytics_snowplow_ecommerce"
_PRODUCTS = f"contexts_{_ECOMMERCE}_product_1"
_ACTION = f"unstruct_event_{_ECOMMERCE}_snowplow_ecommerce_action_1"

_MPARTICLE_NAMES = {
    "": "Profile Updated",
    "Page Viewed": "Page Viewed",
    "Product Viewed": "view_detail",
    "Product Added": "add_to_cart",
    "Order Completed": "purchase",
}
_MPARTICLE_OWN = ("Profile Updated", "Page Viewed")

_KAFKA_NAMES = {
    "Product Viewed": "view",
    "Product Added": "add_to_cart",
    "Order Completed": "purchase",
}
_ITEM_SCHEMA = {
    "type": "record",
    "name": "Item",
    "fields": [
        {"name": "item_id", "type": "long"},
        {"name": "category", "type": ["null", "string"]},
        {"name": "price", "type": "double"},
    ],
}
_KAFKA_SCHEMA = {
    "type": "record",
    "name": "Click",
    "namespace": "shop",
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "event_type", "type": "string"},
        {"name": "user_id", "type": ["null", "long"]},
        {"name": "device", "type": "string"},
        {"name": "items", "type": {"type": "array", "items": _ITEM_SCHEMA}},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


def _snowplow(event: Happening, name: str) -> Row:
    """An enriched event as JSON, with the entities of the plugin for shops; null fields are written, too."""
    is_page = name == "page_view"
    row: Row = {
        "app_id": "shop",
        "platform": {"web": "web", "android": "mob", "ios": "mob"}[event.platform],
        "etl_tstamp": iso_text(event.received + 900),
        "collector_tstamp": iso_text(event.received),
        "dvce_created_tstamp": iso_text(event.at),
        "event": "page_view" if is_page else "unstruct",
        "event_id": event.id,
        "user_id": event.user,
        "domain_userid": event.anonymous,
        "domain_sessionidx": 1,
        "derived_tstamp": iso_text(event.at),
        "event_vendor": "com.snowplowanalytics.snowplow" + ("" if is_page else ".ecommerce"),
        "event_name": "page_view" if is_page else "snowplow_ecommerce_action",
        "event_format": "jsonschema",
        "event_version": "1-0-0" if is_page else "1-0-2",
    }
    if event.traits is not None:
        row |= {"event_vendor": "com.example.shop", "event_name": "profile_updated", "event_version": "1-0-0"}
        row["unstruct_event_com_example_shop_profile_updated_1"] = {
            "departments": event.traits.departments,
            "lifetime_value": event.traits.lifetime_value,
        }
    elif not is_page:
        row[_ACTION] = {"type": name}
        row[_PRODUCTS] = [_snowplow_product(product) for product in event.products]
    return row


def _snowplow_product(product: Product) -> Row:
    return {
        "id": product.id,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "price": product.price,
        "currency": "EUR",
        "quantity": product.quantity,
    }


def _mparticle(event: Happening, name: str) -> Row:
    """An event with the fields of its batch under ``batch``."""
    data: Row = {
        "timestamp_unixtime_ms": event.at,
        "event_id": int(event.id[-12:], 16),
        "source_message_id": event.id,
        "session_uuid": event.anonymous,
    }
    if name in _MPARTICLE_OWN:
        kind = "screen_view" if name == "Page Viewed" else "custom_event"
        data |= {"screen_name": name} if kind == "screen_view" else {"event_name": name, "custom_event_type": "other"}
    else:
        kind = "commerce_event"
        products = [_mparticle_product(product) for product in event.products]
        data["product_action"] = {"action": name, "transaction_id": event.order, "products": products}
    traits = event.traits
    return {
        "batch": {
            "mpid": str(int(event.anonymous[:8], 16)),
            "user_identities": {"customer_id": event.user} if event.user else {},
            "user_attributes": {"departments": traits.departments, "$FirstName": traits.name} if traits else {},
            "device_info": {"platform": {"web": "web", "android": "Android", "ios": "iOS"}[event.platform]},
            "environment": "production",
            "schema_version": 2,
        },
        "event": {"event_type": kind, "data": data},
    }


def _mparticle_product(product: Product) -> Row:
    fields = {
        "id": product.id,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "price": product.price,
        "quantity": product.quantity,
        "total_product_amount": round(product.price * product.quantity, 2),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _batches(table: str, rows: Sequence[Row]) -> bytes:
    """A batch a line; it holds what one person did one after another with the same attributes."""
    batches = [
        {"events": [row["event"] for row in of_batch], "source_request_id": f"request-{number}", **batch}
        for number, (batch, of_batch) in enumerate(groupby(rows, itemgetter("batch")))
    ]
    return lines(table, batches)


def _kafka(event: Happening, name: str) -> Row:
    """A value of the topic."""
    return {
        "event_id": event.id,
        "event_type": name,
        "user_id": int(event.user) if event.user else None,
        "device": event.platform,
        "items": [
            {"item_id": int(product.id), "category": product.category, "price": product.price}
            for product in event.products
        ],
        "ts": event.at,
    }


def _kafka_file(file: FileFacts) -> str:
    return f"clicks+0+{file.offset:010d}.avro"


SHAPES = {
    "snowplow": Shape(
        "run=%Y-%m-%d-%H-%M-%S/output=good/*",
        in_one_table(_snowplow, _SNOWPLOW_NAMES),
        zipped_lines,
        lambda file: f"sink-{file.unique}.txt.gz",
    ),
    "mparticle": Shape(
        "%Y/%m/%d/*",
        in_one_table(_mparticle, _MPARTICLE_NAMES),
        _batches,
        lambda file: f"mp-events-{file.at:%H%M%S}-{file.unique[:8]}.txt",
    ),
    "kafka-connect": Shape(
        "topics/*/year=%Y/month=%m/day=%d/hour=%H/*",
        in_one_table(_kafka, _KAFKA_NAMES),
        lambda table, rows: avro(_KAFKA_SCHEMA, rows),
        _kafka_file,
        folder="clicks",
    ),
}
"""By the name of their recipe."""
