"""Rows as columns: which are taken so, their values, and their bytes for rejects."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from personalize_assets.conversion.reading.formats import row_columns
from personalize_assets.conversion.reading.formats.json_lines import lines_of
from personalize_assets.conversion.reading.formats.row_columns import as_columns, raws_of, texts_of_times, values_of


def batch(**columns: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def of_lines(column: pa.Array) -> list[Any]:
    """The values of a column as the lines of JSON have them."""
    return [json.loads(line)["a"] for line in lines_of(batch(a=column)).splitlines()]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["00123", "", " ", None, 'q"\\\n', "ü"]),
        pa.array(["x", None, "y"], pa.large_string()),
        pa.array(["x", None, "x"]).dictionary_encode(),
        pa.array([True, None, False]),
        pa.array([2**64 - 1, 0, None], pa.uint64()),
        pa.array([0.1, -0.0, 1e16, 5e-324, float("nan"), float("inf"), None]),
        pa.array([0.1, 16777216.0, 3.4e38, None], pa.float32()),
        pa.array([0, -1, 253_402_300_799_000_001, None], pa.timestamp("us")),
        pa.array([1_790_812_800, None], pa.timestamp("s", "Europe/Berlin")),
        pa.array([0, None], pa.date32()),
        pa.array([1, None], pa.time64("us")),
        pa.array([Decimal("1.50"), None]),
        pa.nulls(3),
    ],
    ids=lambda column: str(column.type),
)
def test_the_values_are_those_of_the_lines(column: pa.Array) -> None:
    rows = as_columns(batch(a=column))
    assert rows is not None
    assert values_of(rows.column("a")) == of_lines(column)
    assert values_of(rows.column("a").slice(1)) == of_lines(column.slice(1))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1]]),
        pa.array([{"b": 1}]),
        pa.array([b"x"]),
        pa.array([1], pa.duration("s")),
        pa.array([b"\xff"]).view(pa.string()),
        pa.array([b"\xc3", b"\xa9"]).view(pa.string()),
        pa.array([b"\xff"], pa.large_binary()).view(pa.large_string()),
        pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([b"\xff"]).view(pa.string())),
    ],
    ids=str,
)
def test_nested_values_binary_and_what_is_not_utf_8_become_lines(column: pa.Array) -> None:
    assert as_columns(batch(a=pa.array(["x"] * len(column)), b=column)) is None


def test_rows_without_columns_and_very_long_ones_become_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert as_columns(pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))) is None
    long = batch(a=pa.array(["x" * 1000]))
    assert as_columns(long) is not None
    monkeypatch.setattr(row_columns, "_MOST_BYTES", 999)
    assert as_columns(long) is None


def test_the_bytes_of_a_row_are_its_line() -> None:
    rows = as_columns(batch(a=pa.array(["x", 'say "y"']), n=pa.array([1.5, None])))
    assert rows is not None
    assert (len(rows), rows.names) == (2, frozenset({"a", "n"}))
    assert list(rows.raws([0, 1])) == [b'{"a":"x","n":1.5}', b'{"a":"say \\"y\\"","n":null}']
    assert list(rows.raws([1])) == [b'{"a":"say \\"y\\"","n":null}']


def test_rows_of_a_part_of_the_columns_get_their_bytes_from_the_whole() -> None:
    rows = as_columns(batch(a=pa.array(["x", "y"])), lambda part, numbers: iter([f"{part.num_rows}{numbers}".encode()]))
    assert rows is not None
    assert list(rows.raws([1])) == [b"2[1]"]


def test_many_rows_become_bytes_a_thousand_at_a_time() -> None:
    many = batch(n=pa.array(range(3000)))
    assert list(raws_of(many, range(1, 3000, 2))) == [b'{"n":%d}' % number for number in range(1, 3000, 2)]
    assert list(raws_of(many, range(3000))) == [b'{"n":%d}' % number for number in range(3000)]


def test_times_with_a_zone_are_written_as_utc() -> None:
    times = pa.array([1_790_812_800, None], pa.timestamp("s", "Europe/Berlin"))
    assert texts_of_times(times).to_pylist() == ["2026-10-01 00:00:00Z", None]
    assert texts_of_times(times.cast(pa.timestamp("s"))).to_pylist() == ["2026-10-01 00:00:00", None]
