"""Events as Snowplow, mParticle and Kafka Connect write them."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

from personalize_assets.generate.happenings import Happening
from personalize_assets.generate.shapes.pipelines import SHAPES
from personalize_assets_tests.helpers.happenings import IDENTIFY, ORDER, PAGE, VIEW

ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
PRODUCTS = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"


def rows(name: str, *events: Happening) -> list[dict[str, Any]]:
    shape = SHAPES[name]
    assert shape.rows
    return [row for event in events for _, row in shape.rows(event)]


def test_snowplow_has_the_action_in_the_event_and_the_products_in_the_context() -> None:
    order, login, page = rows("snowplow", ORDER, IDENTIFY, PAGE)

    assert (order["event"], order["event_name"], order[ACTION]) == (
        "unstruct", "snowplow_ecommerce_action", {"type": "transaction"},
    )  # fmt: skip
    assert [product["id"] for product in order[PRODUCTS]] == ["700042", "700043"]
    assert login["unstruct_event_com_example_shop_profile_updated_1"]["departments"] == ["Books", "Kids"]
    assert (page["event"], ACTION in page, page["user_id"]) == ("page_view", False, None)


def test_a_batch_of_mparticle_has_what_one_person_did_one_after_another() -> None:
    made = rows("mparticle", VIEW, ORDER, IDENTIFY, PAGE)

    batches = [json.loads(line) for line in SHAPES["mparticle"].encode("", made).splitlines()]

    assert [[event["event_type"] for event in batch["events"]] for batch in batches] == [
        ["commerce_event", "commerce_event"],
        ["custom_event"],
        ["screen_view"],
    ]
    assert [batch["user_identities"] for batch in batches] == [{"customer_id": "1007919"}] * 2 + [{}]
    assert batches[1]["user_attributes"] == {"departments": ["Books", "Kids"], "$FirstName": "Ada"}
    action = batches[0]["events"][1]["data"]["product_action"]
    assert (action["action"], action["transaction_id"]) == ("purchase", "O-1")
    assert [product["total_product_amount"] for product in action["products"]] == [28.99, 10.0]


def test_kafka_connect_has_only_events_with_items_in_avro() -> None:
    made = rows("kafka-connect", VIEW, ORDER, IDENTIFY, PAGE)

    read: list[Any] = list(fastavro.reader(io.BytesIO(SHAPES["kafka-connect"].encode("", made))))

    assert [(event["event_type"], event["user_id"], len(event["items"])) for event in read] == [
        ("view", 1_007_919, 1),
        ("purchase", 1_007_919, 2),
    ]
    assert read[0]["ts"].isoformat() == "2026-10-01T05:00:00.250000+00:00"
