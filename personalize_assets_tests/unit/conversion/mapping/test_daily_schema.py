"""The schema of daily files."""

from __future__ import annotations

import pyarrow as pa

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.daily_schema import daily_schema


def test_the_daily_schema_is_the_columns_in_their_order_and_the_bookkeeping() -> None:
    types = ("string", "int", "long", "float", "double", "boolean", "timestamp")
    columns = tuple(Column(name.upper(), (name,), type=name) for name in types)
    own = [
        pa.field("STRING", pa.string()),
        pa.field("INT", pa.int32()),
        pa.field("LONG", pa.int64()),
        pa.field("FLOAT", pa.float64()),
        pa.field("DOUBLE", pa.float64()),
        pa.field("BOOLEAN", pa.bool_()),
        pa.field("TIMESTAMP", pa.int64()),
    ]
    assert daily_schema(Dataset("interactions", columns, where={})) == pa.schema(
        [*own, pa.field("_dedupe", pa.string()), pa.field("_position", pa.int32())]
    )
    assert daily_schema(Dataset("users", columns, where={})) == pa.schema(
        [*own, pa.field("_event_time", pa.int64()), pa.field("_message_id", pa.string())]
    )
