"""Arrow's values as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from personalize_assets.conversion.reading.formats.json_lines import encode, lines_of


def line(value: Any, type: pa.DataType | None = None) -> Any:
    """A cell as it is read back, with integers as they are written."""
    batch = pa.RecordBatch.from_arrays([pa.array([value], type)], names=["x"])
    return json.loads(lines_of(batch))["x"]


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        ("00123", pa.string(), "00123"),
        ('a "b"\\\n\r\t\x01é😀', pa.large_string(), 'a "b"\\\n\r\t\x01é😀'),
        ("a", pa.string_view(), "a"),
        (None, pa.string(), None),
        (True, pa.bool_(), True),
        (12345678901234567890, pa.uint64(), 12345678901234567890),
        (-(2**63), pa.int64(), -(2**63)),
        (1.5, pa.float64(), 1.5),
        (0.1, pa.float64(), 0.1),
        (float("nan"), pa.float64(), None),
        (float("inf"), pa.float32(), None),
        (Decimal("12345678901234567890.50"), pa.decimal128(38, 2), "12345678901234567890.50"),
        (date(2026, 10, 1), pa.date32(), "2026-10-01"),
        (datetime(2026, 10, 1, 5, 0, 1, 500_000), pa.timestamp("ms"), "2026-10-01 05:00:01.500"),
        (datetime(2026, 10, 1, 5), pa.timestamp("ns"), "2026-10-01 05:00:00.000000000"),
        (datetime(2026, 10, 1, 5, tzinfo=UTC), pa.timestamp("s", "Europe/Berlin"), "2026-10-01 05:00:00Z"),
        (time(5, 0, 1), pa.time32("s"), "05:00:01"),
        (timedelta(seconds=1.5), pa.duration("ms"), 1.5),
        (b"text", pa.binary(), "text"),
        (b"\xff\x00", pa.binary(), "/wA="),
        ([1, None, 2], pa.list_(pa.int8()), [1, None, 2]),
        ({"a": {"b": ["x"]}}, pa.struct([("a", pa.struct([("b", pa.list_(pa.string()))]))]), {"a": {"b": ["x"]}}),
        ([("k", 1)], pa.map_(pa.string(), pa.int32()), {"k": 1}),
        (
            [{"at": datetime(2026, 10, 1)}],
            pa.list_(pa.struct([("at", pa.timestamp("ns"))])),
            [{"at": "2026-10-01T00:00:00"}],
        ),
        (["x"], pa.large_list(pa.dictionary(pa.int8(), pa.string())), ["x"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_is_read_back(value: Any, type: pa.DataType, expected: Any) -> None:
    assert line(value, type) == expected


def test_a_dictionary_column_is_its_values() -> None:
    assert line("a", pa.dictionary(pa.int32(), pa.string())) == "a"


def test_text_of_json_stays_text() -> None:
    storage = pa.array(['{"a": 1}'], pa.string())
    batch = pa.RecordBatch.from_arrays([pa.ExtensionArray.from_storage(pa.json_(), storage)], names=["x"])
    assert lines_of(batch) == b'{"x":"{\\"a\\": 1}"}\n'


def test_a_uuid_is_its_text() -> None:
    value = UUID("12345678-1234-5678-1234-567812345678")
    batch = pa.RecordBatch.from_arrays([pa.array([value.bytes, None], pa.uuid())], names=["x"])
    assert lines_of(batch) == b'{"x":"12345678-1234-5678-1234-567812345678"}\n{"x":null}\n'


def test_rows_are_lines_in_their_order() -> None:
    batch = pa.RecordBatch.from_pydict({'a "b"': ["x", None, "z"], "n": [1, 2, None]})
    assert lines_of(batch.slice(1)) == b'{"a \\"b\\"":null,"n":2}\n{"a \\"b\\"":"z","n":null}\n'
    assert lines_of(batch.slice(0, 0)) == b""


def test_numbers_beyond_64_bits_keep_their_digits() -> None:
    assert encode({"n": 2**70, "at": datetime(2026, 10, 1, tzinfo=timezone(timedelta(hours=2)))}) == (
        '{"n":1180591620717411303424,"at":"2026-10-01T00:00:00+02:00"}'
    )
