"""What services of Amazon write through Data Firehose: Pinpoint, CloudWatch Logs, EventBridge."""

from collections.abc import Sequence

import msgspec

from personalize_assets.generate.happenings import Happening
from personalize_assets.generate.shapes.encodings import glued, lines, packed
from personalize_assets.generate.shapes.shape import FileFacts, Row, Shape, in_one_table
from personalize_assets.generate.text import iso_text

_PINPOINT_NAMES = {
    "": "profile_updated",
    "Page Viewed": "_session.start",
    "Product Viewed": "product_viewed",
    "Product Added": "product_added",
    "Order Completed": "order_completed",
}
_LOG_NAMES = {
    "Product Viewed": "view",
    "Product Added": "add-to-cart",
    "Order Completed": "purchase",
}
_BRIDGE_NAMES = {
    "": "Customer Updated",
    "Product Viewed": "Product Viewed",
    "Product Added": "Cart Changed",
    "Order Completed": "Order Placed",
}
_ACCOUNT = "123456789012"
_EVENTS_OF_A_RECORD = 5


def _pinpoint(event: Happening, name: str) -> Row:
    """An event of an app: `attributes` are text and `metrics` numbers, so an order's lines are JSON in a text."""
    attributes: Row = {}
    metrics: Row = {}
    if event.is_list:
        products = [{"product_id": product.id, "price": product.price} for product in event.products]
        attributes = {"order_id": event.order, "products": msgspec.json.encode(products).decode()}
    elif event.products:
        (product,) = event.products
        attributes = {
            "product_id": product.id,
            "category": product.category,
            "displayed": ",".join(_displayed(product.id)),
        }
        metrics = {"price": product.price, "quantity": product.quantity}
    of_user = {} if event.traits is None else {"departments": event.traits.departments}
    return {
        "event_type": name,
        "event_timestamp": event.at,
        "arrival_timestamp": event.received,
        "event_version": "3.1",
        "application": {"app_id": "a1b2c3d4e5f60718293a4b5c6d7e8f90", "package_name": "shop", "sdk": {}},
        "client": {"client_id": event.anonymous},
        "device": {"platform": {"name": event.platform}},
        "session": {"session_id": event.anonymous, "start_timestamp": event.at},
        "attributes": {**attributes, "event_id": event.id},
        "metrics": metrics,
        "endpoint": {
            "ChannelType": "CUSTOM",
            "Id": event.anonymous,
            "User": {"UserId": event.user, "UserAttributes": of_user} if event.user else {},
        },
        "awsAccountId": _ACCOUNT,
    }


def _displayed(item: str) -> list[str]:
    """The ids that were on the page from which an item was chosen."""
    return [item, str(int(item) + 1), str(int(item) + 2)]


def _log(event: Happening, name: str) -> Row:
    """A line that a Lambda function logs, and when."""
    message = {
        "requestId": event.id,
        "action": name,
        "userId": event.user,
        "items": [{"id": product.id, "price": product.price} for product in event.products],
        "at": iso_text(event.at),
    }
    return {"timestamp": event.received, "message": msgspec.json.encode(message).decode()}


def _log_records(table: str, rows: Sequence[Row]) -> bytes:
    """Records of a subscription, each in gzip, one behind the other in gzip: Firehose packs what is packed already."""
    records = []
    for begin in range(0, len(rows), _EVENTS_OF_A_RECORD):
        record = {
            "messageType": "DATA_MESSAGE",
            "owner": _ACCOUNT,
            "logGroup": "/aws/lambda/shop",
            "logStream": "2026/10/01/[$LATEST]0a1b2c3d",
            "subscriptionFilters": ["clicks"],
            "logEvents": [
                {"id": f"{row['timestamp']:020d}{number:036d}", **row}
                for number, row in enumerate(rows[begin : begin + _EVENTS_OF_A_RECORD])
            ],
        }
        records.append(packed(msgspec.json.encode(record)))
    return packed(b"".join(records))


def _bridge(event: Happening, name: str) -> Row:
    """An event of a bus: what happened is in `detail`, its kind in `detail-type`; `time` has whole seconds."""
    detail: Row = {"customerId": event.user, "sessionId": event.anonymous}
    if event.traits is not None:
        detail["departments"] = event.traits.departments
    if event.is_list:
        detail |= {
            "orderId": event.order,
            "items": [{"productId": product.id, "price": product.price} for product in event.products],
        }
    elif event.products:
        (product,) = event.products
        detail |= {"productId": product.id, "price": product.price, "category": product.category}
        if name == "Product Viewed":
            detail["displayed"] = _displayed(product.id)
    return {
        "version": "0",
        "id": event.id,
        "detail-type": name,
        "source": "com.example.shop",
        "account": _ACCOUNT,
        "time": iso_text(event.at)[:19] + "Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def _stream_file(file: FileFacts, stream: str) -> str:
    return f"{stream}-1-{file.at:%Y-%m-%d-%H-%M-%S}-{file.unique}"


SHAPES = {
    "pinpoint": Shape(
        "firehose", in_one_table(_pinpoint, _PINPOINT_NAMES), lines, lambda file: _stream_file(file, "pinpoint")
    ),
    "cloudwatch": Shape(
        "firehose", in_one_table(_log, _LOG_NAMES), _log_records, lambda file: _stream_file(file, "logs") + ".gz"
    ),
    "eventbridge": Shape(
        "firehose", in_one_table(_bridge, _BRIDGE_NAMES), glued, lambda file: _stream_file(file, "events")
    ),
}
"""By the name of their recipe."""
