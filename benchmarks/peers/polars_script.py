"""Polars: lines, a search for the wanted names, and only then JSON with the needed fields as typed columns.

``scan_ndjson`` would be shorter, but it stops at the first broken line, with ``ignore_errors`` too (polars issue
13768), as ``json_decode`` does (issue 22291). So objects that were cut off are left out first, by their braces: an
event with a lone brace in a text would be lost. To ask ``json_path_match`` first is exact, and takes twice as long.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

WANTED = ["Product Clicked", "Product Added", "Order Completed"]
# Prices are numbers in most events and texts in some; a struct of strings takes both.
PRODUCT = {"sku": pl.String, "price": pl.String}
EVENT = pl.Struct(
    {
        "event": pl.String,
        "messageId": pl.String,
        "userId": pl.String,
        "timestamp": pl.String,
        "properties": pl.Struct({**PRODUCT, "products": pl.List(pl.Struct(PRODUCT))}),
    }
)


def seconds(timestamp: pl.Expr) -> pl.Expr:
    """Epoch seconds of ISO 8601 with a zone, or of epoch seconds or milliseconds."""
    iso = timestamp.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
    number = timestamp.cast(pl.Int64, strict=False)
    return pl.coalesce(iso.dt.epoch("s"), pl.when(number > 10**11).then(number // 1000).otherwise(number))


def main(raw: Path, out: Path) -> None:
    line, product = pl.col("line"), pl.col("products").struct
    is_whole = line.str.count_matches("{", literal=True) == line.str.count_matches("}", literal=True)
    columns = {
        "USER_ID": pl.col("userId"),
        "ITEM_ID": pl.coalesce(product.field("sku"), pl.col("sku")),
        "EVENT_TYPE": pl.col("event"),
        "EVENT_VALUE": pl.coalesce(product.field("price"), pl.col("price")).cast(pl.Float64, strict=False),
        "TIMESTAMP": seconds(pl.col("timestamp")),
    }
    (
        pl.scan_lines(raw / "segment-logs/*/*/*.gz")
        .filter(line.str.contains_any(WANTED) & is_whole)
        .select(line.str.json_decode(EVENT).struct.unnest())
        .filter(pl.col("event").is_in(WANTED) & pl.col("userId").is_not_null())
        .unnest("properties")
        .with_columns(position=pl.int_ranges(pl.col("products").list.len()))
        .explode("products", "position", empty_as_null=True)
        .unique(["messageId", "position"])
        .select(**columns)
        .filter(pl.col("ITEM_ID").is_not_null() & pl.col("TIMESTAMP").is_not_null())
        .sort("TIMESTAMP", *columns)
        .sink_csv(out)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
