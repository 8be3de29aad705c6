"""The exports of services for product analytics: PostHog, Amplitude, Mixpanel, Google Analytics 4."""

from collections.abc import Sequence
from datetime import UTC, datetime

from personalize_assets.generate.happenings import Happening, Product
from personalize_assets.generate.shapes.encodings import archive, lines, packed, zipped_lines
from personalize_assets.generate.shapes.shape import FileFacts, Row, Shape, in_one_table
from personalize_assets.generate.text import iso_text

_POSTHOG_NAMES = {
    "": "$identify",
    "Page Viewed": "$pageview",
    "Product Viewed": "product viewed",
    "Product Added": "product added",
    "Order Completed": "order completed",
}
_AMPLITUDE_NAMES = {
    "": "Log In",
    "Page Viewed": "[Amplitude] Page Viewed",
    "Product Viewed": "View Product",
    "Product Added": "Add to Cart",
    "Order Completed": "Complete Purchase",
}
_MIXPANEL_NAMES = {
    "Page Viewed": "$mp_web_page_view",
    "Product Viewed": "Product Viewed",
    "Product Added": "Added To Cart",
    "Order Completed": "Purchased",
}
_GA4_NAMES = {
    "": "login",
    "Page Viewed": "page_view",
    "Product List Viewed": "view_item_list",
    "Product Viewed": "view_item",
    "Product Added": "add_to_cart",
    "Order Completed": "purchase",
}
_SYSTEMS = {"web": "Mac OS X", "android": "Android", "ios": "iOS"}
_PROJECT = 187520


def _posthog(event: Happening, name: str) -> Row:
    """A line of a batch export in the format JSON lines; `distinct_id` is the device's until the person logs in."""
    properties: Row = {
        "$current_url": "https://shop.example/",
        "$device_id": event.anonymous,
        "$device_type": "Desktop" if event.platform == "web" else "Mobile",
        "$is_identified": event.user is not None,
        "$lib": "web" if event.platform == "web" else f"posthog-{event.platform}",
    }
    if event.is_list:
        properties["products"] = [_plain(product) for product in event.products]
    elif event.products:
        properties |= _plain(event.products[0])
    person = {} if event.traits is None else event.traits._asdict()
    return {
        "uuid": event.id,
        "event": name,
        "properties": properties,
        "distinct_id": event.user or event.anonymous,
        "person_id": event.anonymous,
        "person_properties": person,
        "team_id": 2,
        "timestamp": iso_text(event.at).replace("Z", "+00:00"),
        "created_at": iso_text(event.received).replace("Z", "+00:00"),
        "elements_chain": "",
    }


def _plain(product: Product) -> Row:
    """A product as most tracking plans name its fields."""
    fields = {
        "product_id": product.id,
        "category": product.category,
        "brand": product.brand,
        "price": product.price,
        "quantity": product.quantity,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _posthog_file(file: FileFacts) -> str:
    end = file.at.replace(minute=0, second=0, microsecond=0).isoformat()
    return f"{file.at:%Y-%m-%dT00:00:00+00:00}-{end}-{file.number}.jsonl"


def _amplitude(event: Happening, name: str) -> Row:
    """A line of the Export API: times without a zone (UTC), fields of the person in `user_properties`."""
    properties: Row = {}
    if event.is_list:
        properties = {"order_id": event.order, "products": [_plain(product) for product in event.products]}
    elif event.products:
        properties = _plain(event.products[0])
    return {
        "$insert_id": event.id,
        "amplitude_id": int(event.anonymous[:8], 16),
        "app": _PROJECT,
        "city": None,
        "client_event_time": _amplitude_time(event.at),
        "client_upload_time": _amplitude_time(event.received),
        "country": "Norway",
        "device_id": event.anonymous,
        "device_type": {"web": "Mac", "android": "Android", "ios": "Apple iPhone"}[event.platform],
        "event_id": 1 + event.at // 60_000 % 12,
        "event_properties": properties,
        "event_time": _amplitude_time(event.at),
        "event_type": name,
        "os_name": _SYSTEMS[event.platform],
        "platform": {"web": "Web", "android": "Android", "ios": "iOS"}[event.platform],
        "server_upload_time": _amplitude_time(event.received),
        "session_id": event.at - event.at % 1_800_000,
        "user_id": event.user,
        "user_properties": {} if event.traits is None else event.traits._asdict(),
        "uuid": event.id,
    }


def _amplitude_time(ms: int) -> str:
    return iso_text(ms).replace("T", " ").replace("Z", "000")


def _amplitude_archive(table: str, rows: Sequence[Row]) -> bytes:
    """A member for each hour of upload, each in gzip, in a folder of the project."""
    hours: dict[str, list[Row]] = {}
    for row in rows:
        hours.setdefault(row["server_upload_time"][:13], []).append(row)
    return archive(
        {
            f"{_PROJECT}/{_PROJECT}_{hour[:10]}_{int(hour[11:])}#0.json.gz": packed(lines(table, of_hour))
            for hour, of_hour in sorted(hours.items())
        }
    )


def _mixpanel(event: Happening, name: str) -> Row:
    """A line of the Raw Export API: everything but the name is in `properties`."""
    properties: Row = {
        "time": event.at // 1000,
        "distinct_id": event.user or f"$device:{event.anonymous}",
        "$device_id": event.anonymous,
        "$insert_id": event.id,
        "$os": _SYSTEMS[event.platform],
        "mp_lib": event.platform,
        "mp_processing_time_ms": event.received,
    }
    if event.user:
        properties["$user_id"] = event.user
    if event.is_list:
        properties["products"] = [_plain(product) for product in event.products]
    elif event.products:
        properties |= _plain(event.products[0])
    return {"event": name, "properties": properties}


def _ga4(event: Happening, name: str) -> Row:
    """A row of `events_YYYYMMDD`, extracted as JSON: integers are text, parameters an array of keys and values."""
    parameters: dict[str, str | int] = {
        "page_location": "https://shop.example/",
        "ga_session_id": event.at // 1_800_000,
    }
    if event.order:
        parameters["transaction_id"] = event.order
    of_user = {"favorite_department": event.traits.departments[0]} if event.traits else {}
    return {
        "event_date": f"{datetime.fromtimestamp(event.at / 1000, UTC):%Y%m%d}",
        "event_timestamp": str(event.at * 1000),
        "event_name": name,
        "event_params": [{"key": key, "value": _ga4_value(value)} for key, value in parameters.items()],
        "user_id": event.user,
        "user_pseudo_id": f"{int(event.anonymous[:8], 16)}.{int(event.anonymous[9:13], 16)}",
        "user_properties": [{"key": key, "value": _ga4_value(value)} for key, value in of_user.items()],
        "device": {
            "category": "desktop" if event.platform == "web" else "mobile",
            "operating_system": _SYSTEMS[event.platform],
        },
        "geo": {"country": "Norway"},
        "stream_id": "4181920",
        "platform": {"web": "WEB", "android": "ANDROID", "ios": "IOS"}[event.platform],
        "items": [
            {
                "item_id": product.id,
                "item_name": product.name,
                "item_brand": product.brand or "(not set)",
                "item_category": product.category,
                "price": product.price,
                "quantity": str(product.quantity),
            }
            for product in event.products
        ],
    }


def _ga4_value(value: str | int) -> Row:
    return {"string_value": value} if isinstance(value, str) else {"int_value": str(value)}


SHAPES = {
    "posthog": Shape("%Y/%m/%d/*", in_one_table(_posthog, _POSTHOG_NAMES), lines, _posthog_file),
    "amplitude": Shape(
        "%Y-%m-%d*.zip",
        in_one_table(_amplitude, _AMPLITUDE_NAMES),
        _amplitude_archive,
        lambda file: f"_{file.number:03d}",
    ),
    "mixpanel": Shape(
        "%Y-%m-%d*.jsonl",
        in_one_table(_mixpanel, _MIXPANEL_NAMES),
        lines,
        lambda file: f"-{file.number:03d}",
    ),
    "ga4": Shape(
        "events_%Y%m%d/*",
        in_one_table(_ga4, _GA4_NAMES),
        zipped_lines,
        lambda file: f"{file.number:012d}.json.gz",
    ),
}
"""By the name of their recipe."""
