"""Configs for the oracle, and the comparison of a run of the pipeline with it: the same bytes, the same counts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.oracle import Expected, expected
from personalize_assets_tests.helpers.stored import accounting

Config = dict[str, Any]
START = date(2026, 10, 1)
TRADE = {"event": ["Product Clicked", "Product Added", "Order Completed"]}


def col(*paths: str, **options: Any) -> dict[str, Any]:
    return {"path": list(paths), **options} if paths else options


SKU = col("each.sku", "properties.sku")
PRICE = col("each.price", "properties.price", type="float")
DEPARTMENTS = "traits.`Favorite Departments`"

# The mapping of the sample `segment`.
SAMPLE: Config = {
    "interactions": {
        "where": TRADE,
        "each": "properties.products",
        "dedupe_by": "messageId",
        "columns": {
            "USER_ID": col("userId"),
            "ITEM_ID": SKU,
            "EVENT_TYPE": col("event"),
            "EVENT_VALUE": PRICE,
            "TIMESTAMP": col("timestamp"),
        },
    },
    "users": {
        "where": {"type": ["identify"]},
        "columns": {
            "USER_ID": col("userId"),
            "FAVORITE_DEPARTMENTS": col(DEPARTMENTS, categorical=True),
            "LIFETIME_VALUE": col("traits.lifetime_value", type="float"),
        },
    },
    "items": {
        "where": TRADE,
        "each": "properties.products",
        "columns": {
            "ITEM_ID": SKU,
            "CATEGORY_L1": col("each.category", "properties.category", categorical=True),
            "PRICE": PRICE,
        },
    },
}

# Without `each`, `dedupe_by` and, for interactions, `where`; an array of the event as IMPRESSION.
WHOLE_EVENTS: Config = {
    "interactions": {
        "columns": {
            "TIMESTAMP": col("receivedAt", "timestamp"),
            "USER_ID": col("userId", "anonymousId"),
            "ITEM_ID": col("properties.sku", "properties.products.sku", "context.page.path", "messageId"),
            "EVENT_TYPE": col("event", "type", map={"Order Completed": "Purchase", "page": "true"}),
            "IMPRESSION": col("properties.products.sku"),
            "ACTIVE": col("traits.`Invited User?`", "context.ok", type="boolean"),
            "COUNT": col("properties.quantity", type="int"),
        },
    },
    "users": {
        "where": {"type": ["identify"]},
        "event_time": "receivedAt",
        "message_id": "anonymousId",
        "columns": {
            "DEPARTMENTS": col(DEPARTMENTS, categorical=True, separator=" / "),
            "USER_ID": col("userId"),
            "FIRST_DEPARTMENTS": col(DEPARTMENTS, categorical=True, keep="first"),
            "INVITED": col("traits.`Invited User?`", type="boolean", keep="first"),
            "GROUP": col(constant="a,b"),
        },
    },
    "items": {
        "where": {"event": ["Product Clicked", "Order Completed", "Product Added", "1", "true"], "type": ["track"]},
        "columns": {
            "ITEM_ID": col("properties.sku", "properties.order_id"),
            "CREATION_TIMESTAMP": col("timestamp", keep="first"),
            "PRICE": col("properties.price", "properties.total", type="double", required=True),
            "QUANTITY": col("properties.quantity", type="long"),
            "BRAND": col("properties.brand", categorical=True, keep="first"),
            "NAME": col("properties.name", textual=True),
        },
    },
}

# Required columns that events often lack, two fields in `where`, an element's value before the event's.
STRICT: Config = {
    "interactions": {
        "where": {"type": ["track"], "event": ["Order Completed", "Product Added"]},
        "each": "properties.products",
        "columns": {
            "ITEM_ID": SKU,
            "USER_ID": col("userId", "anonymousId"),
            "TIMESTAMP": col("timestamp"),
            "EVENT_VALUE": {**PRICE, "required": True},
            "COUPON": col("properties.coupon", "each.brand", required=True, categorical=True),
            "COUNT": col("each.quantity", "properties.quantity", type="long"),
        },
    },
    "items": {
        "where": TRADE,
        "each": "properties.products",
        "dedupe_by": "messageId",
        "message_id": "userId",
        "event_time": "originalTimestamp",
        "columns": {
            "ITEM_ID": SKU,
            "PRICE": {**PRICE, "keep": "first"},
            "SEEN": col("timestamp", type="timestamp", required=True),
            "QUANTITY": col("each.quantity", "properties.quantity", type="int", required=True),
        },
    },
}

# Offers as actions: numbers beyond what Personalize takes, and events of a user with an action.
ACTIONS: Config = {
    **SAMPLE,
    "actions": {
        "where": TRADE,
        "each": "properties.products",
        "columns": {
            "ACTION_ID": SKU,
            "KIND": col("each.category", "properties.category", categorical=True),
            "VALUE": col("each.price", "properties.price", type="long"),
            "REPEAT_FREQUENCY": col("each.quantity", "properties.quantity", type="long"),
            "EXPIRATION_TIMESTAMP": col("sentAt", "timestamp"),
        },
    },
    "action_interactions": {
        "where": {"type": ["track"]},
        "each": "properties.products",
        "dedupe_by": "messageId",
        "columns": {
            "USER_ID": col("userId"),
            "ACTION_ID": SKU,
            "EVENT_TYPE": col("event", map={"Order Completed": "Taken", "Product Clicked": "Viewed"}),
            "TIMESTAMP": col("timestamp"),
        },
    },
}


CONFIGS = {"sample": SAMPLE, "whole events": WHOLE_EVENTS, "strict": STRICT, "actions": ACTIONS}


def made(engine: Engine, folder: Path, config: Config) -> Expected:
    """Run the pipeline on ``folder/raw``; returns the result in the oracle's form."""
    file = folder / "personalize.yaml"
    file.write_text(json.dumps(config), "utf-8")
    group = DatasetGroup(load_config(file, env={}))
    days = list(group.bytes_by_day())
    converted = convert(group, engine, days)
    exported = export(group, engine)
    found = Expected(read={"read": 0, "wanted": 0, "not_wanted": 0, "malformed": {}})
    for source in group.sources:
        for counts in accounting(group.destination, source).values():
            found.read["read"] += counts.read
            found.read["wanted"] += counts.wanted
            found.read["not_wanted"] += counts.not_wanted
            add(found.read["malformed"], counts.malformed)
    for name, commits in converted.commits.items():
        total = found.datasets.setdefault(name, {"rows": 0, "kept": 0, "rejected": {}, "dropped": {}})
        for commit in commits.values():
            total["rows"] += commit.rows
            total["kept"] += commit.kept
            add(total["rejected"], commit.rejected)
            add(total["dropped"], commit.dropped)
        total["duplicates"] = exported.manifests[name].duplicates
        found.csv[name] = (folder / f"out/exports/latest/{name}.csv").read_bytes()
    return found


def add(total: dict[str, int], more: dict[str, int]) -> None:
    for key, count in more.items():
        total[key] = total.get(key, 0) + count


def check(engine: Engine, folder: Path, layout: str, datasets: Config) -> None:
    config = {
        "source": {"uri": "raw", "layout": layout, "start_date": START.isoformat()},
        "destination": {"uri": "out"},
        "dataset_group": {"name": "oracle"},
        "datasets": datasets,
    }
    right = expected(folder / "raw", config)
    found = made(engine, folder, config)

    assert found.read == right.read
    for name in datasets:
        assert found.csv[name].decode().split("\n") == right.csv[name].decode().split("\n")
        assert found.csv[name] == right.csv[name]
    assert found.datasets == right.datasets
    assert right.datasets["items"]["kept"] > 5
