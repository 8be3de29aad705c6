"""Each recipe of the repository gives the rows that are committed beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from personalize_assets.config.loading import parse_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.catalog import catalog_days, profile_days
from personalize_assets.suggest import suggest_config
from personalize_assets_tests.helpers.recipes import FOLDERS, NAMES, RECIPES, expected, group_of, rejected, run

BEFORE_LOGIN = {"interactions missing:USER_ID": 2}
REJECTED: dict[str, dict[str, int]] = {"posthog": {}, "movielens": {}, "shopify": {}}
"""What is rejected of recipes where it is not two events before login."""


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_gives_its_rows(name: str, tmp_path: Path, engine: Engine) -> None:
    group = group_of(name, tmp_path)

    assert run(group, engine) == expected(name)
    assert rejected(group) == REJECTED.get(name, BEFORE_LOGIN)
    lines = [file.read_text().splitlines() for file in (tmp_path / "out/rejects").rglob("*.jsonl")]
    assert all(json.loads(json.loads(line)["raw"]) for of_file in lines for line in of_file)


@pytest.mark.parametrize("name", NAMES)
def test_the_profile_of_a_recipe_names_its_events_and_which_carry_an_item(name: str, tmp_path: Path) -> None:
    group = group_of(name, tmp_path)
    days = list(group.bytes_by_day())
    catalog_days(group, days)

    profiles = profile_days(group, days).values()

    carrying = {kind.name for profile in profiles for kind in profile.events if kind.items}
    event_type = group.config.datasets.interactions.columns["EVENT_TYPE"]
    names = {None} if event_type.constant else set(WANTED[name])
    assert carrying - set(DISPLAYED) == names


_SEGMENT_EVENTS = ("Product Viewed", "Product Added", "Order Completed")
DISPLAYED = ("Product List Viewed", "Product Clicked", "view_item_list", "list_view")
"""Events with items that no recipe wants."""

WANTED = {
    "segment": _SEGMENT_EVENTS,
    "rudderstack": _SEGMENT_EVENTS,
    "firehose": _SEGMENT_EVENTS,
    "posthog": ("product viewed", "product added", "order completed"),
    "amplitude": ("View Product", "Add to Cart", "Complete Purchase"),
    "mixpanel": ("Product Viewed", "Added To Cart", "Purchased"),
    "ga4": ("view_item", "add_to_cart", "purchase"),
    "snowplow": ("product_view", "add_to_cart", "transaction"),
    "mparticle": ("view_detail", "add_to_cart", "purchase"),
    "cloudwatch": ("view", "add-to-cart", "purchase"),
    "pinpoint": ("product_viewed", "product_added", "order_completed"),
    "kafka-connect": ("view", "add_to_cart", "purchase"),
    "eventbridge": ("Product Viewed", "Cart Changed", "Order Placed"),
    "redshift": _SEGMENT_EVENTS,
}


class Found(NamedTuple):
    """What `suggest` writes for a recipe's files: the source without URI and day, and some paths of interactions."""

    source: dict[str, Any]
    user: str
    item: str | list[str]
    time: str
    each: str | None = None
    message: str | None = None


_SEGMENT_PATHS = ("userId", ["each.sku", "properties.sku"], "timestamp", "properties.products", "messageId")
_PROPERTIES = ["each.product_id", "properties.product_id"]
_SNOWPLOW = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"

FOUND = {
    "segment": Found({"layout": "segment"}, *_SEGMENT_PATHS),
    "rudderstack": Found({"layout": "rudderstack"}, *_SEGMENT_PATHS),
    "firehose": Found({"layout": "firehose"}, *_SEGMENT_PATHS),
    "posthog": Found({"layout": "firehose"}, "distinct_id", _PROPERTIES, "timestamp", "properties.products", "uuid"),
    "amplitude": Found(
        {"layout": "%Y-%m-%d_*.zip"},
        "user_id",
        ["each.product_id", "event_properties.product_id"],
        "event_time",
        "event_properties.products",
        "`$insert_id`",
    ),
    "mixpanel": Found(
        {"layout": "%Y-%m-%d-*.jsonl"},
        "properties.`$user_id`",
        _PROPERTIES,
        "properties.time",
        "properties.products",
        "properties.`$insert_id`",
    ),
    "ga4": Found({"layout": "events_%Y%m%d/**"}, "user_id", "each.item_id", "event_timestamp", "items"),
    "snowplow": Found(
        {"layout": "run=%Y-%m-%d-%H-%M-%S/**"}, "user_id", "each.id", "derived_tstamp", _SNOWPLOW, "event_id"
    ),
    "mparticle": Found(
        {"layout": "firehose", "events": "events"},
        "parent.user_identities.customer_id",
        "each.id",
        "data.timestamp_unixtime_ms",
        "data.product_action.products",
        "data.event_id",
    ),
    "cloudwatch": Found(
        {"layout": "firehose", "parse": ["logEvents.message"], "events": "logEvents"},
        "message.userId",
        "each.id",
        "timestamp",
        "message.items",
        "id",
    ),
    "pinpoint": Found(
        {"layout": "firehose", "parse": ["attributes.products"]},
        "endpoint.User.UserId",
        ["each.product_id", "attributes.product_id"],
        "event_timestamp",
        "attributes.products",
        "attributes.event_id",
    ),
    "kafka-connect": Found({"layout": "hive"}, "user_id", "each.item_id", "ts", "items", "event_id"),
    "eventbridge": Found(
        {"layout": "firehose"},
        "detail.customerId",
        ["each.productId", "detail.productId"],
        "time",
        "detail.items",
        "id",
    ),
    "shopify": Found(
        {"layout": "%Y-%m-%d/**", "events": "orders"}, "customer.id", "each.sku", "created_at", "line_items", "id"
    ),
    "redshift": Found(
        {"layout": "hive", "parse": ["products"]},
        "user_id",
        ["each.product_id", "product_id"],
        "timestamp",
        "products",
        "id",
    ),
    "movielens": Found({"layout": "flat"}, "userId", "movieId", "timestamp"),
}


@pytest.mark.parametrize("name", NAMES)
def test_suggest_finds_how_a_recipe_is_stored_and_what_it_says(name: str, tmp_path: Path) -> None:
    found = suggest_config(str(RECIPES / FOLDERS.get(name, name)), str(tmp_path / "out"), tmp_path)

    config = yaml.safe_load(found.text)
    parse_config(found.text, name, tmp_path, env={})
    assert name != "redshift" or config["datasets"]["interactions"]["columns"]["EVENT_TYPE"] == "event_text"
    source = {key: value for key, value in config["source"].items() if key not in ("uri", "start_date")}
    interactions = config["datasets"]["interactions"]
    columns = interactions["columns"]
    assert FOUND[name] == (
        source,
        columns["USER_ID"],
        columns["ITEM_ID"],
        columns["TIMESTAMP"],
        interactions.get("each"),
        interactions.get("dedupe_by"),
    )
