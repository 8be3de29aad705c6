"""Blocks of Avro files with values and bytes that cannot be read."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest

from personalize_assets.conversion.reading.formats.avro_blocks import check_schema, lines_of_block
from personalize_assets.conversion.reading.json_value import Event

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "n", "type": "long"},
        {"name": "seen", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": None},
        {"name": "tag", "type": {"type": "fixed", "name": "Tag", "size": 2}},
        {"name": "note", "type": "string"},
        {"name": "logicalType", "type": "Tag"},
    ],
}
MILLISECONDS = 1790000000000


def row(n: int, seen: int | None = MILLISECONDS, note: str = "x") -> dict[str, Any]:
    return {"n": n, "seen": seen, "tag": b"ab", "note": note, "logicalType": b"cd"}


def written(rows: list[dict[str, Any]], schema: dict[str, Any] = SCHEMA, codec: str = "null") -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema, rows, codec, sync_interval=200)
    return file.getvalue()


def read(data: bytes) -> tuple[list[int], list[tuple[bytes, int]]]:
    """The numbers of the rows, and the texts and numbers of lines of the rejects."""
    numbers, rejects = [], []
    for block in fastavro.block_reader(io.BytesIO(data)):
        for found in lines_of_block(block):
            if isinstance(found, Event):
                assert found.reason == "malformed_row"
                rejects.append((found.raw, found.lines))
            else:
                numbers += [json.loads(line)["n"] for line in found.splitlines()]
    return numbers, rejects


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_time_out_of_range_costs_its_row(codec: str) -> None:
    rows = [row(n, MILLISECONDS * 1000 if n in (3, 4, 99) else None if n % 2 else MILLISECONDS) for n in range(100)]
    numbers, rejects = read(written(rows, codec=codec))
    assert numbers == [n for n in range(100) if n not in (3, 4, 99)]
    assert rejects == [(b"a row with a value that cannot be read: date value out of range", 1)] * 3


def test_text_that_is_not_utf8_costs_its_row() -> None:
    data = written([row(n, note="good" if n != 5 else "bad!") for n in range(100)])
    numbers, ((text, lines),) = read(data.replace(b"bad!", b"\xff\xfe!!"))
    assert numbers == [n for n in range(100) if n != 5]
    assert text.startswith(b"a row with a value that cannot be read: 'utf-8' codec can't decode byte 0xff")
    assert lines == 1


def test_the_rows_of_a_damaged_block_behind_its_damage_are_counted() -> None:
    data = written([row(n, note=f"note{n:02}") for n in range(100)])
    at = data.index(b"note30") - 1
    numbers, rejects = read(data[:at] + b"\xff" + data[at + 1 :])
    blocks: Any = fastavro.block_reader(io.BytesIO(data))
    (of_block,) = ([one["n"] for one in block] for block in blocks if b"note30" in block.bytes_.getvalue())
    lost = [n for n in of_block if n >= 30]
    assert lost != of_block
    assert numbers == [n for n in range(100) if n not in lost]
    assert rejects == [(b"damaged Avro file: copy it again", len(lost))]


class Counting:
    """A block with another number of rows than it has."""

    def __init__(self, number: int) -> None:
        block: Any
        (block,) = fastavro.block_reader(io.BytesIO(written([row(n) for n in range(5)])))
        self.num_records, self.bytes_, self.writer_schema = number, block.bytes_, block.writer_schema

    def __iter__(self) -> Any:
        return (fastavro.schemaless_reader(self.bytes_, SCHEMA, None) for _ in range(self.num_records))


@pytest.mark.parametrize(("number", "read_rows"), [(-1, 5), (3, 5), (2**60, 5)])
def test_a_damaged_number_of_rows_counts_as_one(number: int, read_rows: int) -> None:
    *lines, event = lines_of_block(Counting(number))
    assert b"".join(line for line in lines if isinstance(line, bytes)).count(b"\n") == read_rows
    assert isinstance(event, Event)
    assert (event.reason, event.lines) == ("malformed_row", 1)


def test_no_row_of_a_block_is_believed_that_ends_within_one() -> None:
    block: Any
    (block,) = fastavro.block_reader(io.BytesIO(written([row(n) for n in range(5)])))
    fewer = {**SCHEMA, "fields": SCHEMA["fields"][:2]}
    found = Counting(5)
    found.bytes_, found.writer_schema = block.bytes_, fewer
    found.__class__ = type("Fewer", (Counting,), {"__iter__": lambda _: iter([{"n": 1}] * 5)})

    (event,) = lines_of_block(found)

    assert isinstance(event, Event)
    assert (event.reason, event.lines) == ("malformed_row", 5)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "record", "name": "a", "fieldr": []}, "the schema has a type 'record' without fields"),
        ({"type": "array"}, "the schema has a type 'array' without items"),
        (["null", {"type": "fixed", "name": "f"}], "the schema has a type 'fixed' without size"),
        ({"type": "record", "name": "a", "fields": [{"name": "b"}]}, "the schema has a field without name or type"),
        (
            {"type": "record", "name": "a", "fields": [{"name": "b", "type": {"type": "map"}}]},
            "the schema has a type 'map' without values",
        ),
    ],
)
def test_a_schema_that_lacks_what_a_type_needs_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_schema(schema)


def test_a_schema_of_every_type_is_accepted() -> None:
    check_schema(
        {
            "type": "record",
            "name": "all",
            "fields": [
                *SCHEMA["fields"],
                {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A"]}},
                {"name": "m", "type": {"type": "map", "values": {"type": "array", "items": "long"}}},
                {"name": "type", "type": "string"},
            ],
        }
    )
