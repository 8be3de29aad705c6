"""pandas: Python reads the lines and keeps the needed fields of the wanted events; pandas does the rest, in memory.

``pandas.read_json(lines=True)`` refuses a whole file for one broken line, and keeps every field of every event.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

WANTED = {"Product Clicked", "Product Added", "Order Completed"}
FIELDS = ["messageId", "position", "USER_ID", "ITEM_ID", "EVENT_TYPE", "EVENT_VALUE", "timestamp"]
COLUMNS = ["USER_ID", "ITEM_ID", "EVENT_TYPE", "EVENT_VALUE", "TIMESTAMP"]


def events(files: list[Path]) -> Iterator[dict[str, Any]]:
    """The whole objects among the lines that name a wanted event."""
    names = [json.dumps(name).encode() for name in WANTED]
    for file in files:
        with gzip.open(file) as lines:
            for line in lines:
                if any(name in line for name in names):
                    try:
                        event = json.loads(line)
                    except ValueError:
                        continue
                    if isinstance(event, dict):
                        yield event


def rows(events: Iterator[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """``FIELDS`` of every listed product, or of the event itself."""
    for event in events:
        user = event.get("userId")
        if event.get("event") not in WANTED or user is None:
            continue
        own = event["properties"]
        for position, product in enumerate(own.get("products") or [own]):
            sku = first(product.get("sku"), own.get("sku"))
            price = first(product.get("price"), own.get("price"))
            yield event["messageId"], position, str(user), sku, event["event"], price, event.get("timestamp")


def first(one: Any, other: Any) -> Any:
    return other if one is None else one


def seconds(timestamps: pd.Series) -> pd.Series:
    """Epoch seconds of ISO 8601 with a zone, or of epoch seconds or milliseconds."""
    numbers = pd.to_numeric(timestamps, errors="coerce")
    numbers = numbers.mask(numbers > 10**11, numbers // 1000)
    texts = timestamps.where(numbers.isna())
    iso = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce").dt.floor("s")
    return numbers.fillna((iso - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1))


def main(raw: Path, out: Path) -> None:
    files = sorted(raw.glob("segment-logs/*/*/*.gz"))
    found = pd.DataFrame(rows(events(files)), columns=FIELDS).drop_duplicates(["messageId", "position"])
    found["EVENT_VALUE"] = pd.to_numeric(found["EVENT_VALUE"], errors="coerce")
    found["TIMESTAMP"] = seconds(found["timestamp"])
    found = found.dropna(subset=["ITEM_ID", "TIMESTAMP"]).astype({"TIMESTAMP": "int64"})
    found.sort_values(["TIMESTAMP", *COLUMNS[:-1]])[COLUMNS].to_csv(out, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
