"""A shop whose events Segment loads into Redshift, as its tables are: for tests of everything behind the warehouse."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import yaml

from personalize_assets.config import Config, load_config
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.unload import unload_days
from personalize_assets.storage.manifests import UnloadRecord
from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator

FIRST, SECOND, THIRD = (date(2026, 10, day) for day in (1, 2, 3))
ROLE = "arn:aws:iam::123456789012:role/unload"

_COMMON = (
    "id VARCHAR, user_id VARCHAR, anonymous_id VARCHAR, event VARCHAR, event_text VARCHAR, received_at TIMESTAMP, "
    '"timestamp" TIMESTAMP'
)
SOURCE: dict[str, Any] = {
    "workgroup": "analytics",
    "database": "prod",
    "schema": "website",
    "tables": ["product_viewed", "order_completed"],
    "role": ROLE,
    "unload": "s3://events/unloaded",
}
INTERACTIONS: dict[str, Any] = {
    "where": {"event_text": ["Product Viewed", "Order Completed"]},
    "each": "products",
    "dedupe_by": "id",
    "columns": {
        "USER_ID": "user_id",
        "ITEM_ID": ["each.sku", "sku"],
        "EVENT_TYPE": "event_text",
        "EVENT_VALUE": {"path": ["each.price", "price"], "type": "float"},
        "TIMESTAMP": "timestamp",
    },
}
PRODUCTS = '[{"sku": "00123", "price": 2.5}, {"sku": "p,\\"2", "price": 1}]'

CSV = """\
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
12345678901234567890,00123,Product Viewed,9.75,1790812800
u'2,"p\\\\3",Product Viewed,,1790899199
12345678901234567890,00123,Order Completed,2.5,1790902800
12345678901234567890,"p,\\"2",Order Completed,1,1790902800
"""
"""The interactions of ``fill`` in both days."""


def fill(redshift: RedshiftDataEmulator) -> None:
    """Two days of events. ``v2`` and the order happened before they arrived, ``v2`` on another day."""
    redshift.table(
        "website.product_viewed",
        f"{_COMMON}, sku VARCHAR, price DOUBLE",
        viewed("v1", "12345678901234567890", "00123", FIRST, "00:00:00", "2026-10-01 00:00:00", 9.75),
        viewed("v2", "u'2", "p\\3", SECOND, "00:00:00", "2026-10-01 23:59:59", None),
        viewed("v3", None, "00123", SECOND, "23:59:59.999999", "2026-10-02 23:59:59", None),
    )
    redshift.table("website.order_completed", f"{_COMMON}, products VARCHAR", order("o1", SECOND, "01:00:05", PRODUCTS))


def viewed(
    id: str, user: str | None, sku: str, day: date, received: str, at: str, price: float | None = None
) -> tuple[Any, ...]:
    """A row of ``product_viewed``."""
    return (id, user, f"a-{id}", "product_viewed", "Product Viewed", f"{day} {received}", at, sku, price)


def order(id: str, day: date, received: str, products: str) -> tuple[Any, ...]:
    """A row of ``order_completed``, of one user at one time."""
    user, at = "12345678901234567890", "2026-10-02 01:00:00"
    return (id, user, f"a-{id}", "order_completed", "Order Completed", f"{day} {received}", at, products)


def config(folder: Path, automation: dict[str, Any] | None = None, **changes: Any) -> Config:
    """The config of the shop, stored in a folder; ``changes`` are of ``source.redshift``, None for no such key."""
    redshift = {name: value for name, value in {**SOURCE, **changes}.items() if value is not None}
    written = {
        "source": {"redshift": redshift, "start_date": str(FIRST), "parse": ["products"]},
        "destination": {"uri": "s3://events/out"},
        "dataset_group": {"name": "shop"},
        "checks": "warn",
        "datasets": {"interactions": INTERACTIONS},
        "automation": automation or {},
    }
    file = folder / "personalize.yaml"
    file.write_text(yaml.safe_dump(written, sort_keys=False))
    return load_config(file, os.environ)


class Shop:
    """The dataset group, and what its unloads did.

    Attributes:
        lines: What was logged.
        slept: How often a wait was asked for.
    """

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.group = DatasetGroup(config(folder, **changes))
        self.lines: list[str] = []
        self.slept = 0

    def unload(
        self, *days: date, since: float = float("inf"), resume: bool = False, sleep: Any = None
    ) -> dict[str, UnloadRecord]:
        """Unload days; returns the records by table and day, as ``order_completed 2026-10-01``."""
        made = unload_days(
            self.group,
            days or (FIRST, SECOND),
            since=since,
            resume=resume,
            log=self.lines.append,
            sleep=sleep or self._sleep,
        )
        return {f"{table} {day}": record for day, of_day in made.items() for table, record in of_day.items()}

    def _sleep(self, seconds: float) -> None:
        self.slept += 1


def keys(prefix: str = "unloaded/") -> list[str]:
    """The keys in the bucket, without the prefix."""
    found = boto3.client("s3").list_objects_v2(Bucket="events", Prefix=prefix).get("Contents", [])
    return [one["Key"].removeprefix(prefix) for one in found]
