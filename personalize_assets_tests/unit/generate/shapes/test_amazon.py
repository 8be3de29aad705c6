"""Events as Pinpoint, CloudWatch Logs and EventBridge write them through Firehose."""

from __future__ import annotations

import gzip
import json
from typing import Any

from personalize_assets.generate.happenings import Happening
from personalize_assets.generate.shapes.amazon import SHAPES
from personalize_assets_tests.helpers.happenings import IDENTIFY, ORDER, PAGE, VIEW


def rows(name: str, *events: Happening) -> list[dict[str, Any]]:
    shape = SHAPES[name]
    assert shape.rows
    return [row for event in events for _, row in shape.rows(event)]


def test_pinpoint_has_text_in_attributes_and_numbers_in_metrics() -> None:
    view, order, login, page = rows("pinpoint", VIEW, ORDER, IDENTIFY, PAGE)

    assert all(type(value) is str for event in (view, order) for value in event["attributes"].values())
    assert (view["attributes"]["displayed"], view["metrics"]) == (
        "700042,700043,700044",
        {"price": 28.99, "quantity": 1},
    )
    assert json.loads(order["attributes"]["products"]) == [
        {"product_id": "700042", "price": 28.99},
        {"product_id": "700043", "price": 5.0},
    ]
    assert login["endpoint"]["User"] == {"UserId": "1007919", "UserAttributes": {"departments": ["Books", "Kids"]}}
    assert page["endpoint"]["User"] == {}


def test_records_of_cloudwatch_are_packed_and_packed_again_together() -> None:
    made = rows("cloudwatch", *[VIEW] * 6, PAGE)

    packed = gzip.decompress(SHAPES["cloudwatch"].encode("", made))

    decoder, text, records = json.JSONDecoder(), gzip.decompress(packed).decode(), []
    while text:
        record, end = decoder.raw_decode(text)
        records.append(record)
        text = text[end:]
    assert [len(record["logEvents"]) for record in records] == [5, 1]
    assert {record["messageType"] for record in records} == {"DATA_MESSAGE"}
    line = records[0]["logEvents"][0]
    assert (len(line["id"]), line["timestamp"]) == (56, VIEW.received)
    assert json.loads(line["message"]) == {
        "requestId": VIEW.id,
        "action": "view",
        "userId": "1007919",
        "items": [{"id": "700042", "price": 28.99}],
        "at": "2026-10-01T05:00:00.250Z",
    }


def test_eventbridge_has_the_kind_beside_the_detail_and_whole_seconds() -> None:
    view, order, login = rows("eventbridge", VIEW, ORDER, IDENTIFY, PAGE)

    assert (view["detail-type"], view["time"]) == ("Product Viewed", "2026-10-01T05:00:00Z")
    assert view["detail"]["displayed"] == ["700042", "700043", "700044"]
    assert order["detail"]["items"] == [
        {"productId": "700042", "price": 28.99},
        {"productId": "700043", "price": 5.0},
    ]
    assert login["detail"]["departments"] == ["Books", "Kids"]
