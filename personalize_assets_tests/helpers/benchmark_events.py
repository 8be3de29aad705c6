"""Raw Segment events in every form that the benchmark's peers have to read, and the rows to be made of them."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

COLUMNS = ["USER_ID", "ITEM_ID", "EVENT_TYPE", "EVENT_VALUE", "TIMESTAMP"]


def event(name: str = "Product Clicked", **fields: Any) -> dict[str, Any]:
    """A wanted event; ``None`` for a field leaves it out."""
    base = {
        "messageId": "m1",
        "userId": "u1",
        "timestamp": "2026-10-01T10:00:00.999Z",
        "properties": {"sku": "A", "price": 9.5},
    }
    return {key: value for key, value in {"event": name, **base, **fields}.items() if value is not None}


def write_raw(folder: Path, *lines: dict[str, Any] | str) -> Path:
    """A source of the layout `segment` with one gzip file, and the file that Segment leaves when it tests a bucket."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    file = folder / "raw/segment-logs/website/1790812800000/a.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(text.encode()))
    (folder / "raw/segment-logs/dummy-object.txt").write_text("a test\n")
    return folder / "raw"


def rows(file: Path) -> list[tuple[str, ...]]:
    with file.open(newline="") as lines:
        header, *found = csv.reader(lines)
    assert header == COLUMNS
    return [tuple(row) for row in found]


LISTED = {"products": [{"sku": "A", "price": 1.25}, {"sku": "B", "price": 2.5}]}
UNNAMED = {"sku": "D", "price": 1, "products": [{"sku": None, "price": 0}]}
EVERY_FORM: list[dict[str, Any] | str] = [
    event("Order Completed", messageId="m9", userId="ü,9", timestamp="2026-10-01T13:00:00+02:00"),
    event(),
    event(receivedAt="a repeat"),
    event(messageId="m2", userId=7, timestamp=1790848801),
    event("Product Added", messageId="m3", timestamp=1790848802999, properties={"sku": "A", "price": "9.25"}),
    event("Order Completed", messageId="m4", timestamp="2026-10-01T10:00:03Z", properties=LISTED),
    event("Order Completed", messageId="m5", timestamp="2026-10-01T10:00:04Z", properties={"sku": "C", "products": []}),
    event("Order Completed", messageId="m12", timestamp="2026-10-01T10:00:05Z", properties=UNNAMED),
    event("Product Viewed", messageId="m6"),
    event(messageId="m7", userId=None),
    event(messageId="m8", properties={"price": 1}),
    event(messageId="m10", timestamp="yesterday"),
    json.dumps(event(messageId="m11"))[:-20],
    '{"event":"Product Clicked","context":{"app":{}}',
    "upstream error",
    "42",
    '"ping"',
]
THEIR_ROWS = [
    ("u1", "A", "Product Clicked", "9.5", "1790848800"),
    ("7", "A", "Product Clicked", "9.5", "1790848801"),
    ("u1", "A", "Product Added", "9.25", "1790848802"),
    ("u1", "A", "Order Completed", "1.25", "1790848803"),
    ("u1", "B", "Order Completed", "2.5", "1790848803"),
    ("u1", "C", "Order Completed", "", "1790848804"),
    ("u1", "D", "Order Completed", "0.0", "1790848805"),
    ("ü,9", "A", "Order Completed", "9.5", "1790852400"),
]
