"""Configs that `suggest` writes for the shapes of well-known senders, and the rows that come out of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.suggest import suggest_config
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.sites import write_events
from personalize_assets_tests.helpers.source_shapes import SHAPES


@dataclass(frozen=True)
class Expected:
    """What comes out of a shape: the datasets of the config, its notes, and each CSV; empty if it is not there."""

    datasets: str
    notes: tuple[str, ...]
    interactions: str
    users: str = ""
    items: str = ""


EXPECTED = {
    "segment": Expected(
        datasets="""
interactions:
  where: {event: [Product Viewed, Order Completed, Product Added]}
  each: properties.products
  dedupe_by: messageId
  columns:
    USER_ID: userId
    ITEM_ID: [each.product_id, properties.product_id]
    EVENT_TYPE: event
    EVENT_VALUE: {path: [each.price, properties.price], type: float}
    TIMESTAMP: timestamp
users:
  where: {type: [identify]}
  columns:
    USER_ID: userId
    PLAN: {path: traits.plan, categorical: true}
    LOGINS: {path: traits.logins, type: long}
items:
  where: {event: [Product Viewed, Order Completed, Product Added]}
  each: properties.products
  columns:
    ITEM_ID: [each.product_id, properties.product_id]
    PRICE: {path: [each.price, properties.price], type: float}
""",
        notes=("No item at each.product_id or properties.product_id in events without a name (2): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u1,p1,Product Viewed,10.5,1790812800
u2,p1,Product Added,10.5,1790812801
u3,p2,Product Viewed,21,1790812802
u1,p1,Order Completed,10.5,1790812803
u1,p2,Order Completed,21,1790812803
u1,p2,Product Viewed,21,1790812806
u2,p2,Product Added,21,1790812807
u3,p1,Product Viewed,10.5,1790812808
u1,p1,Order Completed,10.5,1790812809
u1,p2,Order Completed,21,1790812809
""",
        users="""
USER_ID,PLAN,LOGINS
u2,free,10
""",
        items="""
ITEM_ID,PRICE
p1,10.5
p2,21
""",
    ),
    "rudderstack": Expected(
        datasets="""
interactions:
  where: {event: [Product Viewed, Order Completed, Product Added]}
  dedupe_by: messageId
  columns:
    USER_ID: userId
    ITEM_ID: properties.product_id
    EVENT_TYPE: event
    EVENT_VALUE: {path: properties.price, type: float}
    TIMESTAMP: originalTimestamp
users:
  columns:
    USER_ID: userId
    TIER: {path: context.traits.tier, categorical: true}
items:
  where: {event: [Product Viewed, Order Completed, Product Added]}
  columns:
    ITEM_ID: properties.product_id
    PRICE: {path: properties.price, type: float}
""",
        notes=("No item at properties.product_id in Page Viewed (2): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u1,p1,Product Viewed,10.5,1790812800
u2,p1,Product Added,10.5,1790812801
u3,p2,Product Viewed,21,1790812802
u1,p2,Order Completed,21,1790812803
u1,p2,Product Viewed,21,1790812806
u2,p2,Product Added,21,1790812807
u3,p1,Product Viewed,10.5,1790812808
u1,p1,Order Completed,10.5,1790812809
""",
        users="""
USER_ID,TIER
u1,plus
u2,basic
u3,plus
""",
        items="""
ITEM_ID,PRICE
p1,10.5
p2,21
""",
    ),
    "posthog": Expected(
        datasets="""
interactions:
  where: {event: [added to cart, order completed, product viewed]}
  dedupe_by: uuid
  columns:
    USER_ID: distinct_id
    ITEM_ID: properties.product_id
    EVENT_TYPE: event
    EVENT_VALUE: {path: properties.price, type: float}
    TIMESTAMP: timestamp
users:
  columns:
    USER_ID: distinct_id
    PLAN: {path: person_properties.plan, categorical: true}
items:
  where: {event: [added to cart, order completed, product viewed]}
  columns:
    ITEM_ID: properties.product_id
    PRICE: {path: properties.price, type: float}
""",
        notes=("No item at properties.product_id in $pageview (3): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
d2,p1,product viewed,10.5,1790812801
d3,p2,added to cart,21,1790812802
d1,p2,order completed,21,1790812803
d3,p1,product viewed,10.5,1790812805
d1,p2,added to cart,21,1790812806
d2,p2,order completed,21,1790812807
d1,p1,product viewed,10.5,1790812809
d2,p2,added to cart,21,1790812810
d3,p2,order completed,21,1790812811
""",
        users="""
USER_ID,PLAN
d1,free
d2,paid
d3,free
""",
        items="""
ITEM_ID,PRICE
p1,10.5
p2,21
""",
    ),
    "snowplow": Expected(
        datasets="""
interactions:
  where: {event_name: [add_to_cart]}
  dedupe_by: event_id
  columns:
    USER_ID: user_id
    ITEM_ID: unstruct_event_com_snowplowanalytics_snowplow_add_to_cart_1.sku
    EVENT_TYPE: event_name
    EVENT_VALUE: {path: unstruct_event_com_snowplowanalytics_snowplow_add_to_cart_1.unitPrice, type: float}
    TIMESTAMP: derived_tstamp
items:
  where: {event_name: [add_to_cart]}
  columns:
    ITEM_ID: unstruct_event_com_snowplowanalytics_snowplow_add_to_cart_1.sku
    CATEGORY_L1: {path: unstruct_event_com_snowplowanalytics_snowplow_add_to_cart_1.category, categorical: true}
    PRICE: {path: unstruct_event_com_snowplowanalytics_snowplow_add_to_cart_1.unitPrice, type: float}
""",
        notes=(
            "No item at unstruct_event_com_snowplowanalytics_snowplow_add_to_cart_1.sku in link_click (4): not wanted.",
        ),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u1,p1,add_to_cart,10.5,1790812800
u1,p2,add_to_cart,21,1790812803
u1,p2,add_to_cart,21,1790812806
u1,p1,add_to_cart,10.5,1790812809
""",
        items="""
ITEM_ID,CATEGORY_L1,PRICE
p1,home,10.5
p2,home,21
""",
    ),
    "snowplow_ecommerce": Expected(
        datasets="""
interactions:
  where:
    unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1.type:
      - add_to_cart
      - product_view
      - transaction
  each: contexts_com_snowplowanalytics_snowplow_ecommerce_product_1
  dedupe_by: event_id
  columns:
    USER_ID: user_id
    ITEM_ID: each.id
    EVENT_TYPE: unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1.type
    EVENT_VALUE: {path: each.price, type: float}
    TIMESTAMP: derived_tstamp
items:
  where:
    unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1.type:
      - add_to_cart
      - product_view
      - transaction
  each: contexts_com_snowplowanalytics_snowplow_ecommerce_product_1
  columns:
    ITEM_ID: each.id
    CATEGORY_L1: {path: each.category, categorical: true}
    PRICE: {path: each.price, type: float}
""",
        notes=(),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u1,p1,product_view,10.5,1790812800
u2,p1,add_to_cart,10.5,1790812801
u1,p1,transaction,10.5,1790812803
u1,p2,transaction,10.5,1790812803
u2,p1,product_view,10.5,1790812804
u3,p1,add_to_cart,10.5,1790812805
u2,p1,transaction,10.5,1790812807
u2,p2,transaction,10.5,1790812807
u3,p1,product_view,10.5,1790812808
u1,p1,add_to_cart,10.5,1790812809
u3,p1,transaction,10.5,1790812811
u3,p2,transaction,10.5,1790812811
""",
        items="""
ITEM_ID,CATEGORY_L1,PRICE
p1,home,10.5
p2,home,10.5
""",
    ),
    "pinpoint": Expected(
        datasets="""
interactions:
  where: {event_type: [product_added, product_viewed, purchase]}
  columns:
    USER_ID: endpoint.User.UserId
    ITEM_ID: attributes.item_id
    EVENT_TYPE: event_type
    TIMESTAMP: event_timestamp
users:
  columns:
    USER_ID: endpoint.User.UserId
    INTERESTS: {path: endpoint.User.UserAttributes.interests, categorical: true}
items:
  where: {event_type: [product_added, product_viewed, purchase]}
  columns:
    ITEM_ID: attributes.item_id
    COLOUR: {path: attributes.colour, categorical: true}
""",
        notes=("No item at attributes.item_id in _session.start (3): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP
u2,p1,product_viewed,1790812801
u3,p2,product_added,1790812802
u1,p2,purchase,1790812803
u3,p1,product_viewed,1790812805
u1,p2,product_added,1790812806
u2,p2,purchase,1790812807
u1,p1,product_viewed,1790812809
u2,p2,product_added,1790812810
u3,p2,purchase,1790812811
""",
        users="""
USER_ID,INTERESTS
u1,art
u2,music
u3,art
""",
        items="""
ITEM_ID,COLOUR
p1,blue
p2,blue
""",
    ),
    "kafka_connect": Expected(
        datasets="""
interactions:
  where: {payload.event_type: [add_to_cart, purchase, view]}
  columns:
    USER_ID: payload.user_id
    ITEM_ID: payload.item_id
    EVENT_TYPE: payload.event_type
    TIMESTAMP: payload.ts
""",
        notes=(),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP
1,100,view,1790812800
2,100,add_to_cart,1790812801
3,101,purchase,1790812802
1,101,view,1790812803
2,100,add_to_cart,1790812804
3,100,purchase,1790812805
1,101,view,1790812806
2,101,add_to_cart,1790812807
3,100,purchase,1790812808
1,100,view,1790812809
2,101,add_to_cart,1790812810
3,101,purchase,1790812811
""",
    ),
    "event_bridge": Expected(
        datasets="""
interactions:
  where: {'`detail-type`': [Product Purchased, Product Viewed]}
  dedupe_by: id
  columns:
    USER_ID: detail.customerId
    ITEM_ID: detail.productId
    EVENT_TYPE: '`detail-type`'
    EVENT_VALUE: {path: detail.price, type: float}
    TIMESTAMP: time
items:
  where: {'`detail-type`': [Product Purchased, Product Viewed]}
  columns:
    ITEM_ID: detail.productId
    PRICE: {path: detail.price, type: float}
""",
        notes=("No item at detail.productId in Customer Registered (4): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u1,p1,Product Viewed,10.5,1790812800
u2,p1,Product Purchased,10.5,1790812801
u1,p2,Product Viewed,21,1790812803
u2,p1,Product Purchased,10.5,1790812804
u1,p2,Product Viewed,21,1790812806
u2,p2,Product Purchased,21,1790812807
u1,p1,Product Viewed,10.5,1790812809
u2,p2,Product Purchased,21,1790812810
""",
        items="""
ITEM_ID,PRICE
p1,10.5
p2,21
""",
    ),
    "shopify": Expected(
        datasets="""
interactions:
  each: line_items
  dedupe_by: id
  columns:
    USER_ID: customer.id
    ITEM_ID: each.sku
    EVENT_VALUE: {path: each.price, type: float}
    TIMESTAMP: created_at
users:
  columns:
    USER_ID: customer.id
    STATE: {path: customer.state, categorical: true}
    ORDERS_COUNT: {path: customer.orders_count, type: long}
items:
  each: line_items
  columns:
    ITEM_ID: each.sku
    PRICE: {path: each.price, type: float}
""",
        notes=(),
        interactions="""
USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP
70,SKU-0,10.5,1790812800
71,SKU-0,10.5,1790812801
71,SKU-1,10.5,1790812801
72,SKU-0,10.5,1790812802
70,SKU-0,10.5,1790812803
70,SKU-1,10.5,1790812803
71,SKU-0,10.5,1790812804
72,SKU-0,10.5,1790812805
72,SKU-1,10.5,1790812805
70,SKU-0,10.5,1790812806
71,SKU-0,10.5,1790812807
71,SKU-1,10.5,1790812807
72,SKU-0,10.5,1790812808
70,SKU-0,10.5,1790812809
70,SKU-1,10.5,1790812809
71,SKU-0,10.5,1790812810
72,SKU-0,10.5,1790812811
72,SKU-1,10.5,1790812811
""",
        users="""
USER_ID,STATE,ORDERS_COUNT
70,enabled,3
71,disabled,4
72,enabled,5
""",
        items="""
ITEM_ID,PRICE
SKU-0,10.5
SKU-1,10.5
""",
    ),
    "ga4": Expected(
        datasets="""
interactions:
  where: {event_name: [add_to_cart, purchase, view_item]}
  each: items
  columns:
    USER_ID: user_id
    ITEM_ID: each.item_id
    EVENT_TYPE: event_name
    EVENT_VALUE: {path: each.price, type: float}
    TIMESTAMP: event_timestamp
items:
  where: {event_name: [add_to_cart, purchase, view_item]}
  each: items
  columns:
    ITEM_ID: each.item_id
    CATEGORY_L1: {path: each.item_category, categorical: true}
    PRICE: {path: each.price, type: float}
""",
        notes=("No item at each.item_id in page_view (3): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u2,p1,view_item,10.5,1790812801
u3,p2,add_to_cart,10.5,1790812802
u1,p1,purchase,10.5,1790812803
u1,p2,purchase,10.5,1790812803
u3,p1,view_item,10.5,1790812805
u1,p2,add_to_cart,10.5,1790812806
u2,p1,purchase,10.5,1790812807
u2,p2,purchase,10.5,1790812807
u1,p1,view_item,10.5,1790812809
u2,p2,add_to_cart,10.5,1790812810
u3,p1,purchase,10.5,1790812811
u3,p2,purchase,10.5,1790812811
""",
        items="""
ITEM_ID,CATEGORY_L1,PRICE
p1,home,10.5
p2,home,10.5
""",
    ),
    "amplitude": Expected(
        datasets="""
interactions:
  where: {event_type: [Add to Cart, Complete Purchase, View Product]}
  dedupe_by: '`$insert_id`'
  columns:
    USER_ID: user_id
    ITEM_ID: event_properties.product_id
    EVENT_TYPE: event_type
    EVENT_VALUE: {path: event_properties.price, type: float}
    TIMESTAMP: event_time
users:
  columns:
    USER_ID: user_id
    PLAN: {path: user_properties.plan, categorical: true}
items:
  where: {event_type: [Add to Cart, Complete Purchase, View Product]}
  columns:
    ITEM_ID: event_properties.product_id
    PRICE: {path: event_properties.price, type: float}
""",
        notes=("No item at event_properties.product_id in session_start (3): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u2,p1,View Product,10.5,1790812801
u3,p2,Add to Cart,21,1790812802
u1,p2,Complete Purchase,21,1790812803
u3,p1,View Product,10.5,1790812805
u1,p2,Add to Cart,21,1790812806
u2,p2,Complete Purchase,21,1790812807
u1,p1,View Product,10.5,1790812809
u2,p2,Add to Cart,21,1790812810
u3,p2,Complete Purchase,21,1790812811
""",
        users="""
USER_ID,PLAN
u1,free
u2,paid
u3,free
""",
        items="""
ITEM_ID,PRICE
p1,10.5
p2,21
""",
    ),
    "mixpanel": Expected(
        datasets="""
interactions:
  where: {event: [Added To Cart, Product Viewed, Purchased]}
  dedupe_by: properties.`$insert_id`
  columns:
    USER_ID: properties.distinct_id
    ITEM_ID: properties.`Product ID`
    EVENT_TYPE: event
    EVENT_VALUE: {path: properties.price, type: float}
    TIMESTAMP: properties.time
items:
  where: {event: [Added To Cart, Product Viewed, Purchased]}
  columns:
    ITEM_ID: properties.`Product ID`
    PRICE: {path: properties.price, type: float}
""",
        notes=("No item at properties.`Product ID` in Sign Up (3): not wanted.",),
        interactions="""
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u2,p1,Product Viewed,10.5,1790812801
u3,p2,Added To Cart,21,1790812802
u1,p2,Purchased,21,1790812803
u3,p1,Product Viewed,10.5,1790812805
u1,p2,Added To Cart,21,1790812806
u2,p2,Purchased,21,1790812807
u1,p1,Product Viewed,10.5,1790812809
u2,p2,Added To Cart,21,1790812810
u3,p2,Purchased,21,1790812811
""",
        items="""
ITEM_ID,PRICE
p1,10.5
p2,21
""",
    ),
}

EXPECTED["posthog_text"] = EXPECTED["posthog"]

PARSED = {"posthog_text": ["properties"]}

NOT_MAPPED = {
    "ga4_parameters": "`event_params` is an array of keys and values (item_id), where a path such as "
    "`event_params[key=item_id].value` leads to a value",
}


def test_every_shape_has_its_answer() -> None:
    assert sorted([*EXPECTED, *NOT_MAPPED]) == sorted(SHAPES)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_shape_gives_these_columns_and_these_rows(name: str, tmp_path: Path, engine: Engine) -> None:
    expected = EXPECTED[name]
    source = write_events(tmp_path / "raw", SHAPES[name]())

    found = suggest_config(str(source), folder=tmp_path)

    file = tmp_path / "suggested.yaml"
    file.write_text(found.text)
    assert yaml.safe_load(found.text)["source"].get("parse", []) == PARSED.get(name, [])
    assert yaml.safe_load(found.text)["datasets"] == yaml.safe_load(expected.datasets)
    assert found.notes == expected.notes
    group = DatasetGroup(load_config(file, {}))
    days = list(group.bytes_by_day())
    convert(group, engine, days)
    export(group, engine)
    root = Path(group.destination.uri)
    rows = {dataset: getattr(expected, dataset).lstrip("\n") for dataset in ("interactions", "users", "items")}
    exported = {csv.stem: csv.read_text() for csv in (root / "exports/latest").glob("*.csv")}
    assert exported == {dataset: text for dataset, text in rows.items() if text}
    assert [file for file in (root / "rejects").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(("name", "place"), NOT_MAPPED.items())
def test_a_shape_that_is_not_mapped_is_refused_with_the_place(name: str, place: str, tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", SHAPES[name]())

    with pytest.raises(PersonalizeAssetsError) as refused:
        suggest_config(str(source), folder=tmp_path)

    assert "looks like the item" in str(refused.value)
    assert f"It may be within these: {place}." in str(refused.value)
