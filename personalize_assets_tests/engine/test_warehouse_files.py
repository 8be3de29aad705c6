"""Files that Snowflake and BigQuery write, made in their documented forms, give exactly the rows of their tables.

The statements are in docs/how-to/warehouses.md. The forms: Snowflake's page COPY INTO location and "Data unloading
considerations"; BigQuery's pages "Exporting table data" and "EXPORT DATA".
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.groups import FIRST, convert, export

CONFIG = """\
source: {{uri: raw, layout: "day=%Y-%m-%d/**", start_date: 2026-10-01{source}}}
destination: {{uri: out}}
dataset_group: {{name: shop}}
checks: warn
datasets:
  interactions:
    where: {{event_text: [Product Viewed, Order Completed]}}
    each: products
    dedupe_by: id
    columns:
      USER_ID: user_id
      ITEM_ID: [each.sku, sku]
      EVENT_TYPE: event_text
      EVENT_VALUE: {{path: [each.price, price], type: float}}
      TIMESTAMP: timestamp
"""
ROWS = """\
USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP
u1,00123,Product Viewed,9.75,1790812805
"u,2","p ""<3>"" x",Product Viewed,,1790812806
u1,00123,Order Completed,2.5,1790816400
u1,b,Order Completed,1,1790816400
""".replace('""', '\\"')


def csv_of(folder: Path, engine: Engine, files: dict[str, bytes], source: str = "") -> str:
    """The export of the files of a day, by table and name."""
    for name, content in files.items():
        file = folder / "raw" / f"day={FIRST}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / "personalize.yaml").write_text(CONFIG.format(source=source))
    group = DatasetGroup(load_config(folder / "personalize.yaml"))
    convert(group, engine, [FIRST])
    export(group, engine, "interactions_csv")
    return (folder / "out/exports/latest/interactions.csv").read_text()


# Snowflake: names of columns in upper case, VARIANT as JSON text


SNOWFLAKE = ", ignore_case: on, parse: [products]"
VIEWED_CSV = """\
"ID","USER_ID","EVENT","EVENT_TEXT","RECEIVED_AT","TIMESTAMP","SKU","PRICE"
"v1","u1","product_viewed","Product Viewed","2026-10-01 00:00:07.000","2026-10-01 00:00:05.000","00123",9.75
"v2","u,2","product_viewed","Product Viewed","2026-10-01 00:00:08.000","2026-10-01 00:00:06.123","p ""<3>""
x",\\N
"v3",\\N,"product_viewed","Product Viewed","2026-10-01 00:00:09.000","2026-10-01 00:00:06.123","00123",\\N
"""
ORDER_CSV = """\
"ID","USER_ID","EVENT","EVENT_TEXT","RECEIVED_AT","TIMESTAMP","PRODUCTS"
"o1","u1","order_completed","Order Completed","2026-10-01 01:00:05.000 +0000","2026-10-01 01:00:00.000 +0000",\
"[{""sku"":""00123"",""price"":2.5},{""sku"":""b"",""price"":1}]"
"""


def test_snowflakes_packed_csv(tmp_path: Path, engine: Engine) -> None:
    files = {
        "product_viewed/data_0_0_0.csv.gz": gzip.compress(VIEWED_CSV.encode()),
        "order_completed/data_0_0_0.csv.gz": gzip.compress(ORDER_CSV.encode()),
    }

    assert csv_of(tmp_path, engine, files, SNOWFLAKE) == ROWS


def test_snowflakes_parquet(tmp_path: Path, engine: Engine) -> None:
    moment = pa.timestamp("ms")
    viewed = pa.table(
        {
            "ID": ["v1", "v2", "v3"],
            "USER_ID": ["u1", "u,2", None],
            "EVENT_TEXT": ["Product Viewed"] * 3,
            "TIMESTAMP": pa.array([at(5), at(6, 123_000), at(6, 123_000)], moment),
            "SKU": ["00123", 'p "<3>"\nx', "00123"],
            "PRICE": pa.array([Decimal("9.75"), None, None], pa.decimal128(10, 2)),
        }
    )
    products = '[\n  {\n    "price": 2.5,\n    "sku": "00123"\n  },\n  {\n    "price": 1,\n    "sku": "b"\n  }\n]'
    ordered = pa.table(
        {
            "ID": ["o1"],
            "USER_ID": ["u1"],
            "EVENT_TEXT": ["Order Completed"],
            "TIMESTAMP": pa.array([at(3600)], moment),
            "PRODUCTS": [products],
        }
    )
    files = {
        "product_viewed/data_0_0_0.snappy.parquet": parquet(viewed),
        "order_completed/data_0_0_0.snappy.parquet": parquet(ordered),
    }

    assert csv_of(tmp_path, engine, files, SNOWFLAKE) == ROWS


# BigQuery: arrays of structs, which are nested in each format but CSV


PRODUCTS = [{"sku": "00123", "price": 2.5}, {"sku": "b", "price": 1.0}]


def at(seconds: int, micros: int = 0) -> datetime:
    """A time of the first day (UTC) without its zone."""
    return datetime(2026, 10, 1, seconds // 3600, seconds // 60 % 60, seconds % 60, micros)


def events(of_time: Callable[[datetime], Any]) -> list[dict[str, Any]]:
    """The rows of one table with all events, as BigQuery has them."""
    common = {"sku": None, "price": None, "loaded_at": of_time(at(7200)), "products": []}
    viewed = {**common, "event_text": "Product Viewed", "sku": "00123"}
    ordered = {**common, "event_text": "Order Completed"}
    return [
        {**viewed, "id": "v1", "user_id": "u1", "timestamp": of_time(at(5)), "price": 9.75},
        {**viewed, "id": "v2", "user_id": "u,2", "timestamp": of_time(at(6, 123_000)), "sku": 'p "<3>"\nx'},
        {**viewed, "id": "v3", "user_id": None, "timestamp": of_time(at(6))},
        {**ordered, "id": "o1", "user_id": "u1", "timestamp": of_time(at(3600)), "products": PRODUCTS},
    ]  # fmt: skip


def bigquery_parquet() -> bytes:
    moment = pa.timestamp("us", tz="UTC")
    products = pa.list_(pa.struct([("sku", pa.string()), ("price", pa.float64())]))
    columns = [(name, pa.string()) for name in ("id", "user_id", "event_text", "sku")]
    schema = pa.schema(
        [*columns, ("price", pa.float64()), ("timestamp", moment), ("loaded_at", moment), ("products", products)]
    )
    return parquet(pa.Table.from_pylist(events(lambda moment: moment.replace(tzinfo=UTC)), schema))


def bigquery_avro() -> bytes:
    def optional(kind: Any) -> list[Any]:
        return ["null", kind]

    moment = {"type": "long", "logicalType": "timestamp-micros"}
    product = {
        "type": "record",
        "namespace": "root",
        "name": "Products",
        "fields": [{"name": "sku", "type": optional("string")}, {"name": "price", "type": optional("double")}],
    }
    texts = [{"name": name, "type": optional("string")} for name in ("id", "user_id", "event_text", "sku")]
    fields = [
        *texts,
        {"name": "price", "type": optional("double")},
        {"name": "timestamp", "type": optional(moment)},
        {"name": "loaded_at", "type": optional(moment)},
        {"name": "products", "type": {"type": "array", "items": product}},
    ]
    file = io.BytesIO()
    rows = events(lambda moment: moment.replace(tzinfo=UTC))
    fastavro.writer(file, {"type": "record", "name": "Root", "fields": fields}, rows, codec="snappy")
    return file.getvalue()


def bigquery_json() -> bytes:
    """INT64 as text, times as text with `UTC`, `<` and `>` escaped, no null fields."""
    lines = []
    for row in events(lambda moment: f"{moment} UTC"):
        row["count"] = "12345678901234567"
        text = json.dumps({name: value for name, value in row.items() if value is not None})
        lines.append(text.replace("<", "\\u003c").replace(">", "\\u003e"))
    return gzip.compress("\n".join([*lines, ""]).encode())


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("000000000000.parquet", bigquery_parquet),
        ("000000000000.avro", bigquery_avro),
        ("000000000000.json.gz", bigquery_json),
    ],
)
def test_bigquerys_nested_files(tmp_path: Path, engine: Engine, name: str, make: Callable[[], bytes]) -> None:
    assert csv_of(tmp_path, engine, {f"tracks/{name}": make()}) == ROWS


def parquet(table: pa.Table) -> bytes:
    """A Parquet file, packed with Snappy."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="snappy")
    return file.getvalue()
