"""Events in the shapes in which well-known senders store them, rebuilt from their public documentation; data made up.

Each function returns a few events of one sender: two products (``p1``, ``p2``), three users, and what else such a
stream holds. ``START`` is the time of the first event; later ones follow a second apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from personalize_assets_tests.helpers.sites import START

Events = list[dict[str, Any]]

_STEPS = ("Product Viewed", "Product Added", "Product Viewed", "Order Completed", "Page Viewed", "Product Removed")


def _at(number: int, later: int = 0) -> str:
    """ISO 8601 with milliseconds, so many seconds after the event."""
    return datetime.fromtimestamp(START + number + later, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _item(number: int) -> str:
    return f"p{number // 2 % 2 + 1}"


def _user(number: int) -> str:
    return f"u{number % 3 + 1}"


def _price(number: int) -> float:
    return 10.5 * (number // 2 % 2 + 1)


def _line(item: str, quantity: int = 1) -> dict[str, Any]:
    return {"product_id": item, "price": 10.5 * int(item[1:]), "quantity": quantity}


def _name(number: int) -> str:
    return _STEPS[number % len(_STEPS)]


def segment() -> Events:
    """Segment's tracking plan for shops; identify calls between the tracks."""
    events: Events = []
    for number in range(12):
        name = _name(number)
        common = {
            "messageId": f"ajs-{number}",
            "anonymousId": f"a{number % 4}",
            "userId": _user(number),
            "timestamp": _at(number),
            "sentAt": _at(number, 1),
            "receivedAt": _at(number, 2),
            "originalTimestamp": _at(number, -1),
            "context": {"library": {"name": "analytics.js", "version": "2.1"}, "page": {"path": "/x", "title": "Shop"}},
            "channel": "client",
        }
        if name == "Page Viewed":
            traits = {"email": f"{_user(number)}@example.com", "plan": ("free", "gold")[number % 2], "logins": number}
            events.append({**common, "type": "identify", "traits": traits})
        elif name == "Order Completed":
            order = {"order_id": f"o{number}", "products": [_line("p1"), _line("p2")], "revenue": 31.5}
            events.append({**common, "type": "track", "event": name, "properties": order})
        else:
            events.append({**common, "type": "track", "event": name, "properties": _line(_item(number))})
    return events


def rudderstack() -> Events:
    """RudderStack's warehouse-less dumps: as Segment, with ids of its own and traits in the context."""
    return [
        {
            "messageId": f"m-{number}",
            "rudderId": f"r{number % 3}",
            "anonymousId": f"a{number % 4}",
            "userId": _user(number),
            "type": "track",
            "channel": "web",
            "event": _name(number),
            "properties": _line(_item(number)) if _name(number) != "Page Viewed" else {"url": "/start"},
            "context": {"traits": {"tier": ("basic", "plus")[number % 2]}, "sessionId": 1700 + number // 4},
            "originalTimestamp": _at(number),
            "sentAt": _at(number, 1),
            "receivedAt": _at(number, 2),
            "request_ip": "192.0.2.1",
        }
        for number in range(12)
    ]


def posthog() -> Events:
    """PostHog's batch export as JSON lines: the team's number, persons, and properties with a dollar sign."""
    names = ("$pageview", "product viewed", "added to cart", "order completed")
    return [
        {
            "uuid": f"0190-{number}",
            "event": names[number % 4],
            "distinct_id": f"d{number % 3 + 1}",
            "person_id": f"0000-{number % 3}",
            "team_id": 7,
            "timestamp": _at(number),
            "created_at": _at(number, 5),
            "elements_chain": "",
            "properties": {
                "$current_url": "https://shop.example/x",
                "$session_id": f"s{number // 3}",
                "$device_id": f"v{number % 5}",
                "$lib": "web",
                **({} if number % 4 == 0 else {"product_id": _item(number), "price": _price(number)}),
            },
            "person_properties": {"email": f"d{number % 3}@example.com", "plan": ("free", "paid")[number % 3 % 2]},
        }
        for number in range(12)
    ]


def posthog_text() -> Events:
    """PostHog's Parquet export converted to JSON lines: its properties are text that holds JSON."""
    return [{**event, "properties": json.dumps(event["properties"])} for event in posthog()]


def snowplow() -> Events:
    """Snowplow's enriched events as the analytics SDK writes them: all are `unstruct`, with an object per schema."""
    schema = "com_snowplowanalytics_snowplow"
    names = ("add_to_cart", "link_click", "remove_from_cart")
    events: Events = []
    for number in range(12):
        name = names[number % 3]
        product = {"sku": _item(number), "name": "Lamp", "category": "home", "unitPrice": _price(number), "quantity": 1}
        events.append(
            {
                "app_id": "shop",
                "platform": "web",
                "etl_tstamp": _at(number, 9),
                "collector_tstamp": _at(number, 3),
                "dvce_created_tstamp": _at(number, -1),
                "event": "unstruct",
                "event_id": f"c6ef-{number}",
                "name_tracker": "sp",
                "user_id": _user(number),
                "domain_userid": f"d{number % 4}",
                "network_userid": f"n{number % 4}",
                "domain_sessionid": f"s{number // 3}",
                "domain_sessionidx": 1 + number // 3,
                "geo_country": "NO",
                f"unstruct_event_{schema}_{name}_1": {"targetUrl": "/x"} if name == "link_click" else product,
                f"contexts_{schema}_web_page_1": [{"id": f"page-{number}"}],
                "derived_tstamp": _at(number),
                "event_vendor": schema,
                "event_name": name,
                "event_format": "jsonschema",
                "event_version": "1-0-0",
            }
        )
    return events


def snowplow_ecommerce() -> Events:
    """Snowplow's newer plugin for shops: one schema for all actions, and products in an array of the context."""
    schema = "com_snowplowanalytics_snowplow_ecommerce"
    kinds = ("product_view", "add_to_cart", "list_view", "transaction")
    return [
        {
            "app_id": "shop",
            "event": "unstruct",
            "event_id": f"b2ab-{number}",
            "user_id": _user(number),
            "domain_userid": f"d{number % 4}",
            "collector_tstamp": _at(number, 3),
            "derived_tstamp": _at(number),
            "event_name": "snowplow_ecommerce_action",
            f"unstruct_event_{schema}_snowplow_ecommerce_action_1": {"type": kinds[number % 4]},
            f"contexts_{schema}_product_1": [
                {"id": item, "category": "home", "price": 10.5, "currency": "EUR"}
                for item in (("p1", "p2") if number % 4 > 1 else (_item(number),))
            ],
        }
        for number in range(12)
    ]


def pinpoint() -> Events:
    """Amazon Pinpoint's event stream: the app's own fields are in `attributes`, the user's in the endpoint."""
    names = ("_session.start", "product_viewed", "product_added", "purchase")
    return [
        {
            "event_type": names[number % 4],
            "event_timestamp": (START + number) * 1000,
            "arrival_timestamp": (START + number + 2) * 1000,
            "event_version": "3.1",
            "application": {"app_id": "a1b2", "package_name": "shop", "sdk": {"name": "js", "version": "1"}},
            "client": {"client_id": f"c{number % 4}", "cognito_id": f"eu-west-1:{number % 3}"},
            "device": {"locale": {"code": "en_US", "country": "US"}, "platform": {"name": "android", "version": "14"}},
            "session": {"session_id": f"s{number // 4}", "start_timestamp": (START + number // 4) * 1000},
            "attributes": {} if number % 4 == 0 else {"item_id": _item(number), "colour": ("red", "blue")[number % 2]},
            "metrics": {} if number % 4 == 0 else {"price": _price(number)},
            "endpoint": {
                "ChannelType": "GCM",
                "Id": f"e{number % 4}",
                "User": {"UserId": _user(number), "UserAttributes": {"interests": [("art", "music")[number % 3 % 2]]}},
            },
            "awsAccountId": "123456789012",
        }
        for number in range(12)
    ]


def kafka_connect() -> Events:
    """The S3 sink of Kafka Connect with schemas: the event is the payload, its fields are described beside it."""
    fields = [{"type": "string", "optional": False, "field": name} for name in ("user_id", "item_id", "event_type")]
    return [
        {
            "schema": {"type": "struct", "name": "shop.Event", "optional": False, "fields": fields},
            "payload": {
                "user_id": number % 3 + 1,
                "item_id": number // 2 % 2 + 100,
                "event_type": ("view", "add_to_cart", "purchase")[number % 3],
                "ts": (START + number) * 1000,
            },
        }
        for number in range(12)
    ]


def event_bridge() -> Events:
    """EventBridge through Firehose: the kind of event is the `detail-type`."""
    kinds = ("Product Viewed", "Product Purchased", "Customer Registered")
    return [
        {
            "version": "0",
            "id": f"6a7e-{number}",
            "detail-type": kinds[number % 3],
            "source": "shop.web",
            "account": "123456789012",
            "time": _at(number)[:19] + "Z",
            "region": "eu-west-1",
            "resources": [],
            "detail": {
                "customerId": _user(number),
                "requestId": f"q{number}",
                **({} if number % 3 == 2 else {"productId": _item(number), "price": _price(number)}),
            },
        }
        for number in range(12)
    ]


def shopify() -> Events:
    """Shopify's orders: no name of an event, products in `line_items`, each line with an id of its own."""
    return [
        {
            "id": 4500 + number,
            "admin_graphql_api_id": f"gid://shopify/Order/{4500 + number}",
            "app_id": 580,
            "checkout_id": 9000 + number,
            "confirmed": True,
            "created_at": _at(number)[:19] + "-00:00",
            "processed_at": _at(number, 1)[:19] + "-00:00",
            "updated_at": _at(number, 60)[:19] + "-00:00",
            "closed_at": None,
            "currency": "EUR",
            "name": f"#{1000 + number}",
            "order_number": 1000 + number,
            "financial_status": ("paid", "pending")[number % 2],
            "source_name": "web",
            "total_price": "31.50",
            "user_id": None,
            "location_id": None,
            "customer": {
                "id": 70 + number % 3,
                "email": f"c{number % 3}@example.com",
                "first_name": "Ada",
                "created_at": f"2025-01-0{number % 3 + 1}T00:00:00Z",
                "orders_count": 3 + number % 3,
                "currency": "EUR",
                "last_order_id": 4400 + number % 3,
                "state": ("enabled", "disabled")[number % 3 % 2],
            },
            "line_items": [
                {
                    "id": 880 + 2 * number + line,
                    "product_id": 60 + line,
                    "variant_id": 600 + line,
                    "sku": f"SKU-{line}",
                    "name": "Lamp",
                    "price": "10.50",
                    "quantity": 1,
                    "vendor": "Aurora",
                    "tax_lines": [{"title": "VAT", "rate": 0.2}],
                }
                for line in range(1 + number % 2)
            ],
            "shipping_address": {"city": "Oslo", "country": "Norway"},
        }
        for number in range(12)
    ]


def ga4() -> Events:
    """GA4's export to BigQuery, extracted as JSON: numbers are text, parameters an array of keys and values."""
    names = ("page_view", "view_item", "add_to_cart", "purchase")
    events: Events = []
    for number in range(12):
        name = names[number % 4]
        items = ["p1", "p2"] if name == "purchase" else [_item(number)]
        events.append(
            {
                "event_date": "20261001",
                "event_timestamp": str((START + number) * 1_000_000),
                "event_previous_timestamp": str((START + number - 60) * 1_000_000),
                "event_name": name,
                "event_params": [
                    {"key": "page_location", "value": {"string_value": "https://shop.example/"}},
                    {"key": "ga_session_id", "value": {"int_value": str(1700 + number // 4)}},
                ],
                "event_bundle_sequence_id": str(number),
                "user_id": _user(number) if number % 4 else None,
                "user_pseudo_id": f"{number % 3}.{number % 3}",
                "user_first_touch_timestamp": str((START - 86_400) * 1_000_000),
                "user_properties": [{"key": "tier", "value": {"string_value": "gold"}}],
                "device": {"category": "mobile", "language": "en"},
                "geo": {"country": "Norway"},
                "stream_id": "11",
                "platform": "WEB",
                "items": []
                if name == "page_view"
                else [{"item_id": one, "item_name": "Lamp", "item_category": "home", "price": 10.5} for one in items],
            }
        )
    return events


def ga4_parameters() -> Events:
    """GA4 of a site that names its items in parameters alone."""
    return [
        {
            **{name: value for name, value in event.items() if name != "items"},
            "event_params": [*event["event_params"], {"key": "item_id", "value": {"string_value": _item(number)}}],
        }
        for number, event in enumerate(ga4())
    ]


def amplitude() -> Events:
    """Amplitude's export: five times, three ids of the event, one of them a counter of the device."""
    names = ("session_start", "View Product", "Add to Cart", "Complete Purchase")
    return [
        {
            "$insert_id": f"i-{number}",
            "amplitude_id": 100 + number % 3,
            "app": 580,
            "city": "Oslo",
            "client_event_time": f"2026-10-01 00:00:{number:02}.000000",
            "client_upload_time": f"2026-10-01 00:01:{number:02}.000000",
            "country": "Norway",
            "data_type": "event",
            "device_id": f"v{number % 4}",
            "event_id": number // 3 + 1,
            "event_properties": {} if number % 4 == 0 else {"product_id": _item(number), "price": _price(number)},
            "event_time": f"2026-10-01 00:00:{number:02}.000000",
            "event_type": names[number % 4],
            "processed_time": f"2026-10-01 00:02:{number:02}.000000",
            "server_received_time": f"2026-10-01 00:01:{number:02}.500000",
            "server_upload_time": f"2026-10-01 00:01:{number:02}.700000",
            "session_id": 1_790_812_800_000 + number // 4,
            "user_creation_time": "2026-09-01 00:00:00.000000",
            "user_id": _user(number),
            "user_properties": {"plan": ("free", "paid")[number % 3 % 2]},
            "uuid": f"ab12-{number}",
        }
        for number in range(12)
    ]


def mixpanel() -> Events:
    """Mixpanel's raw export: everything but the name is in `properties`, also the user."""
    names = ("Sign Up", "Product Viewed", "Added To Cart", "Purchased")
    return [
        {
            "event": names[number % 4],
            "properties": {
                "time": START + number,
                "distinct_id": _user(number),
                "$insert_id": f"ins{number}",
                "$device_id": f"v{number % 4}",
                "mp_processing_time_ms": (START + number + 9) * 1000,
                "$city": "Oslo",
                "mp_lib": "web",
                **({} if number % 4 == 0 else {"Product ID": _item(number), "price": _price(number)}),
            },
        }
        for number in range(12)
    ]


SHAPES: Mapping[str, Callable[[], Events]] = {
    shape.__name__: shape
    for shape in (
        segment,
        rudderstack,
        posthog,
        posthog_text,
        snowplow,
        snowplow_ecommerce,
        pinpoint,
        kafka_connect,
        event_bridge,
        shopify,
        ga4,
        ga4_parameters,
        amplitude,
        mixpanel,
    )
}
"""Every shape by its name."""
