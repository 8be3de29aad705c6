"""Parquet, ORC and Avro: values of every type, shares, damage."""

from __future__ import annotations

import errno
import io
import json
import random
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest

from personalize_assets.conversion.reading.formats.row_batches import WHOLE, Share
from personalize_assets.conversion.reading.formats.row_columns import RowColumns
from personalize_assets.conversion.reading.formats.settings import AUTO, CSV, JSON
from personalize_assets.conversion.reading.formats.table_files import TableRows, is_table, shortened, table_format
from personalize_assets.conversion.reading.json_value import Event

ROWS = [
    {"id": f"{n:05}", "n": 12345678901234567 + n, "price": n / 4, "ok": n % 2 == 0, "note": None if n % 3 else "é\n"}
    for n in range(100)
]
AVRO_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "n", "type": "long"},
        {"name": "price", "type": "double"},
        {"name": "ok", "type": "boolean"},
        {"name": "note", "type": ["null", "string"]},
    ],
}


def parquet(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(table, file, **options)
    return file.getvalue()


def orc(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pa.orc.write_table(table, file, **options)
    return file.getvalue()


def avro(rows: list[dict[str, Any]], schema: dict[str, Any] = AVRO_SCHEMA, codec: str = "null") -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema, rows, codec, sync_interval=500)
    return file.getvalue()


WRITERS: Mapping[str, Callable[[], bytes]] = {
    "parquet": lambda: parquet(pa.Table.from_pylist(ROWS), row_group_size=30),
    "orc": lambda: orc(pa.Table.from_pylist(ROWS)),
    "avro": lambda: avro(ROWS),
}


def read(data: bytes, format: str = AUTO, share: Share = WHOLE) -> tuple[list[Any], list[Event]]:
    """The rows, and what is none."""
    rows, others = [], []
    for found in TableRows(io.BytesIO(data), format, share):
        if isinstance(found, Event):
            others.append(found)
        else:
            assert isinstance(found, bytes)
            rows += [json.loads(line.decode("utf-8", "replace")) for line in found.splitlines()]
    return rows, others


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_is_read_by_its_first_bytes_or_as_the_config_says(format: str) -> None:
    data = WRITERS[format]()
    assert table_format(data[:8]) == format
    assert is_table(data[:8], AUTO)
    assert not is_table(data[:8], CSV)
    assert read(data) == read(data, format) == (ROWS, [])


@pytest.mark.parametrize("rows", [1, 10, 100, 1000, 5000, 12_000])
@pytest.mark.parametrize("compression", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
def test_orc_of_every_size_is_known_by_its_first_bytes(compression: str, rows: int) -> None:
    """Its fourth byte is the length of a stream, and may be that of a letter."""
    table = pa.table({"u": [f"u{n}" for n in range(rows)], "t": [1790000000 + n for n in range(rows)]})
    for stride in (1000, 10_000):
        data = orc(table, compression=compression, row_index_stride=stride)
        assert table_format(data[:8]) == "orc"


@pytest.mark.parametrize(
    "beginning", [b"ORC%\0\0\n\x07", b'ORC"\0\0l ', b"ORC~\0\0\xe3b", b"ORCab\xff\xff\xff"], ids=repr
)
def test_orc_whose_fourth_byte_is_a_letter_is_no_text(beginning: bytes) -> None:
    assert table_format(beginning) == "orc"


@pytest.mark.parametrize(
    "beginning",
    [b"", b"PAR", b"ORCHID,1\n", b"ORC,b\r\n1", b"ORC\xc3\xa9\t\xc3", b"ORC ID\n1", b"Obj", b'{"a":1}'],
)
def test_other_files_are_no_tables(beginning: bytes) -> None:
    assert table_format(beginning) is None
    assert not is_table(beginning, AUTO)
    assert not is_table(beginning, JSON)


def test_a_file_of_another_format_than_the_config_says_is_unreadable() -> None:
    data = WRITERS["orc"]()
    for content, what in ((data, "ORC file"), (b'{"a":1}', "other file")):
        rows, (event,) = read(content, "parquet")
        assert rows == []
        assert event.reason == "unreadable_file"
        assert event.raw.decode() == (
            f"{what} of {len(content):,} bytes: source.format is parquet; write auto there, or remove the file"
        )


def test_parquet_of_every_kind_keeps_its_values() -> None:
    table = pa.table(
        {
            "int96": pa.array([datetime(2026, 10, 1, 5)], pa.timestamp("us")),
            "amount": pa.array([Decimal("1.50")], pa.decimal128(10, 2)),
            "day": [date(2026, 10, 1)],
            "kind": pa.array(["a"]).dictionary_encode(),
            "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"sku":"x"}'])),
            "lines": [[{"sku": "00123", "price": Decimal("2.5")}]],
        }
    )
    data = parquet(table, use_deprecated_int96_timestamps=True)
    assert pa.parquet.ParquetFile(io.BytesIO(data)).metadata.schema.column(0).physical_type == "INT96"
    assert read(data) == (
        [
            {
                "int96": "2026-10-01 05:00:00.000000",
                "amount": "1.50",
                "day": "2026-10-01",
                "kind": "a",
                "json": '{"sku":"x"}',
                "lines": [{"sku": "00123", "price": "2.5"}],
            }
        ],
        [],
    )


def test_avro_keeps_its_values() -> None:
    schema = {
        "type": "record",
        "name": "event",
        "fields": [
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
            {
                "name": "lines",
                "type": {"type": "array", "items": {"type": "map", "values": ["null", "string", "long"]}},
            },
            {"name": "raw", "type": "bytes"},
        ],
    }
    row = {
        "at": datetime(2026, 10, 1, 5, tzinfo=UTC),
        "amount": Decimal("1.50"),
        "lines": [{"sku": "00123", "n": 5, "x": None}],
        "raw": b"text",
    }
    expected = {**row, "at": "2026-10-01T05:00:00+00:00", "amount": "1.50", "raw": "text"}
    assert read(avro([row], schema)) == ([expected], [])


@pytest.mark.parametrize("codec", ["deflate", "bzip2", "xz", "snappy", "zstandard", "lz4"])
def test_avro_may_be_packed(codec: str) -> None:
    assert read(avro(ROWS, codec=codec)) == (ROWS, [])


@pytest.mark.parametrize("shares", [1, 2, 3, 4, 7])
def test_the_shares_of_a_parquet_file_are_its_rows(shares: int) -> None:
    data = WRITERS["parquet"]()
    found = [read(data, share=Share(number, shares)) for number in range(shares)]
    assert [row for rows, _ in found for row in rows] == ROWS
    assert max(len(rows) for rows, _ in found) <= 30 * -(-4 // shares)


def test_the_shares_of_an_orc_file_are_its_rows() -> None:
    rows = [{"text": f"{random.Random(n).random()}" * 20} for n in range(20_000)]
    data = orc(pa.Table.from_pylist(rows), stripe_size=1 << 18)
    assert pa.orc.ORCFile(io.BytesIO(data)).nstripes > 2
    found = [read(data, share=Share(number, 3))[0] for number in range(3)]
    assert [row for share in found for row in share] == rows
    assert all(found)


@pytest.mark.parametrize("shares", [1, 2, 3])
def test_every_row_of_a_damaged_orc_file_is_read_or_counted(shares: int) -> None:
    rows = [{"n": n, "text": f"{random.Random(n).random()}" * 20} for n in range(20_000)]
    data = bytearray(orc(pa.Table.from_pylist(rows), stripe_size=1 << 18))
    half = len(data) // 2
    data[half : half + half // 8] = b"\xff" * (half // 8)
    found = [read(bytes(data), share=Share(number, shares)) for number in range(shares)]
    events = [event for _, others in found for event in others]
    assert {event.reason for event in events} == {"malformed_row"}
    assert sum(len(whole) for whole, _ in found) + sum(event.lines for event in events) == len(rows)
    assert 0 < sum(event.lines for event in events) < len(rows)


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_without_rows_is_empty(format: str) -> None:
    empty = pa.Table.from_pylist(ROWS).slice(0, 0)
    data = {"parquet": parquet, "orc": orc}[format](empty) if format != "avro" else avro([])
    assert read(data) == ([], [])


def test_two_columns_of_one_name_make_a_file_unreadable() -> None:
    data = parquet(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["x", "x"]))
    rows, (event,) = read(data)
    assert (rows, event.reason) == ([], "unreadable_file")
    assert event.raw == b"Parquet file with two columns 'x': rename one of them"


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_cut_anywhere_gives_first_rows_and_one_reject(format: str) -> None:
    data = WRITERS[format]()
    for size in range(len(b"Obj\x01"), len(data), len(data) // 8 if format == "orc" else 1):
        rows, others = read(data[:size], format)
        assert rows == ROWS[: len(rows)]
        if format == "avro" and not others:  # between two blocks nothing shows that there were more
            assert data[:size].endswith(data[-16:])
            continue
        (event,) = others
        assert event.reason in ("unreadable_file", "malformed_row")
        assert (event.reason == "malformed_row") == bool(rows)


def test_the_rows_of_a_damaged_row_group_are_counted() -> None:
    data = bytearray(parquet(pa.Table.from_pylist(ROWS), row_group_size=30, compression="zstd"))
    group = pa.parquet.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(2)
    at = group.column(0).data_page_offset
    data[at : at + 20] = b"\xff" * 20
    rows, (event,) = read(bytes(data))
    assert rows == ROWS[:60]
    assert (event.reason, event.lines) == ("malformed_row", 40)
    assert event.raw == b"damaged Parquet file: copy it again"


def test_a_value_that_cannot_be_read_costs_its_row() -> None:
    times = pa.array([[0], [2**62], [1_000_000]], pa.list_(pa.timestamp("us")))
    rows, (event,) = read(parquet(pa.table({"id": ["a", "b", "c"], "at": times})))
    assert [row["id"] for row in rows] == ["a", "c"]
    assert (event.reason, event.lines) == ("malformed_row", 1)


def test_a_value_of_avro_that_cannot_be_read_costs_its_row() -> None:
    fields = [
        {"name": "n", "type": "long"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ]
    rows = [{"n": n, "at": 1790000000000 * (1000 if n == 3 else 1)} for n in range(1000)]
    found, (event,) = read(avro(rows, {"type": "record", "name": "event", "fields": fields}))
    assert [row["n"] for row in found] == [n for n in range(1000) if n != 3]
    assert (event.reason, event.lines) == ("malformed_row", 1)


@pytest.mark.parametrize("format", WRITERS)
def test_mutations_raise_nothing(format: str) -> None:
    rng = random.Random(format)
    data = WRITERS[format]()
    for _ in range(12 if format == "orc" else 300):
        mutated = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            mutated[rng.randrange(4, len(mutated))] = rng.randrange(256)
        read(bytes(mutated), format)


class Failing(io.BytesIO):
    """A file whose storage stops answering behind the first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size != 8:  # what shows the format
            raise OSError("no answer")
        return super().read(size)


def test_a_file_that_cannot_be_fetched_is_not_taken_for_a_damaged_one() -> None:
    data = WRITERS["parquet"]()
    with pytest.raises(OSError, match="no answer"):
        list(TableRows(Failing(data), AUTO))
    with pytest.raises(OSError, match="no answer"):
        shortened(Failing(data), 10)


@pytest.mark.parametrize("share", [WHOLE, Share(1, 2)])
def test_an_orc_file_that_cannot_be_copied_is_not_taken_for_a_damaged_one(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(OSError, match="No space left on device"):
        list(TableRows(io.BytesIO(WRITERS["orc"]()), AUTO, share))


@pytest.mark.parametrize("format", ["parquet", "orc"])
def test_the_first_rows_of_a_file_are_a_file_of_their_own(format: str) -> None:
    data = shortened(io.BytesIO(WRITERS[format]()), 10)
    assert data is not None
    assert read(data) == (ROWS[:10], [])
    assert shortened(io.BytesIO(WRITERS[format]()[:-10]), 10) is None


@pytest.mark.parametrize("keeps_type", [False, True])
def test_a_long_value_in_every_row_is_held_for_few_rows(keeps_type: bool) -> None:
    """Such a file has less than a kilobyte."""
    rows = 4000
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 50_000]))
    data = parquet(pa.table({"n": range(rows), "text": texts}), store_schema=keeps_type, compression="zstd")
    before, found = pa.total_allocated_bytes(), 0
    for block in TableRows(io.BytesIO(data), AUTO):
        assert isinstance(block, bytes)
        found += block.count(b"\n")
        assert len(block) < 10_000_000
        assert pa.total_allocated_bytes() - before < 50_000_000
    assert found == rows


def test_short_rows_are_read_many_at_once() -> None:
    data = parquet(pa.table({"n": range(20_000)}), row_group_size=16_000)
    blocks = list(TableRows(io.BytesIO(data), AUTO))
    assert [block.count(b"\n") for block in blocks if isinstance(block, bytes)] == [
        64,
        256,
        1024,
        4096,
        8192,
        2368,
        4000,
    ]


def test_only_the_beginning_of_a_large_file_is_read_for_its_first_rows() -> None:
    rows = [{"text": f"{random.Random(n).random()}" * 10} for n in range(50_000)]
    data = parquet(pa.Table.from_pylist(rows), use_dictionary=False, data_page_size=20_000)
    read_bytes = 0

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal read_bytes
            found = super().read(size)
            read_bytes += len(found)
            return found

    file: IO[bytes] = Counting(data)
    assert shortened(file, 10) is not None
    assert read_bytes < len(data) // 3


# -- as columns --------------------------------------------------------------------------------------------------------


def columns_of(data: bytes, *names: str) -> list[RowColumns | bytes | Event]:
    return list(TableRows(io.BytesIO(data), AUTO, only_columns=names))


def test_only_the_columns_that_are_asked_for_are_read_and_rows_keep_their_bytes() -> None:
    table = pa.table({"user": ["u1", None], "tags": [["a"], []], "note": ["x", "y"]})
    found = list(TableRows(io.BytesIO(parquet(table)), AUTO, only_columns=("user", "other")))
    (rows,) = found
    assert isinstance(rows, RowColumns)
    assert (len(rows), rows.names) == (2, frozenset({"user"}))


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"dictionary_pagesize_limit": 64}])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int16(), pa.string())])
def test_texts_that_repeat_keep_their_dictionary_and_their_values(kind: pa.DataType, options: dict[str, Any]) -> None:
    events = [("View", "Sälé", None)[number % 3] for number in range(3000)] + [f"event {n}" for n in range(3000)]
    table = pa.table({"event": pa.array(events, pa.string()).cast(kind), "id": [f"{n}" for n in range(6000)]})
    found = columns_of(parquet(table, row_group_size=3000, **options), "event", "id")
    rows = [part for part in found if isinstance(part, RowColumns)]
    assert len(rows) == len(found)
    for name, values in (("event", events), ("id", table["id"].to_pylist())):
        assert [value for part in rows for value in part.column(name).to_pylist()] == values
        assert [value for part in rows for value in part.encoded(name).to_pylist()] == values
        hits = [pa.array([number % 2 == 0 for number in range(len(part))]) for part in rows]
        wanted = [value for part, hit in zip(rows, hits, strict=True) for value in part.column(name, hit).to_pylist()]
        assert wanted == [value for part in rows for value in part.column(name).to_pylist()[::2]]
    if kind == pa.string() and not options:
        assert all(pa.types.is_dictionary(part.encoded("event").type) for part in rows)
        assert all(pa.types.is_string(part.encoded("id").type) for part in rows)


def test_a_dictionary_that_is_not_utf8_makes_lines() -> None:
    events = ["View", "Sale"] * 1000
    data = parquet(pa.table({"event": events}), compression="none").replace(b"Sale", b"S\xffle")
    found = columns_of(data, "event")
    assert found
    assert all(isinstance(part, bytes) for part in found)
    assert b"".join(part for part in found if isinstance(part, bytes)).count(b"S\xffle") == 1000


def test_mutations_of_columns_raise_nothing() -> None:
    rng = random.Random(1)
    data = parquet(pa.table({"event": ["View", "Sale"] * 500, "id": [f"{n}" for n in range(1000)]}), row_group_size=400)
    for _ in range(300):
        mutated = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            mutated[rng.randrange(4, len(mutated))] = rng.randrange(256)
        columns_of(bytes(mutated), "event", "id")


def test_rejects_of_every_row_group_have_all_columns() -> None:
    table = pa.table({"user": [f"u{number}" for number in range(7)], "tags": [[number] for number in range(7)]})
    raws: list[bytes] = []
    for rows in TableRows(io.BytesIO(parquet(table, row_group_size=3)), AUTO, only_columns=("user",)):
        assert isinstance(rows, RowColumns)
        raws += rows.raws([len(rows) - 1])  # before the next rows are read
    assert raws == [b'{"user":"u2","tags":[2]}', b'{"user":"u5","tags":[5]}', b'{"user":"u6","tags":[6]}']


def test_a_nested_column_that_is_asked_for_makes_lines_of_all_columns() -> None:
    table = pa.table({"user": ["u1"], "tags": [["a"]]})
    assert columns_of(parquet(table), "tags") == [b'{"user":"u1","tags":["a"]}\n']
    assert columns_of(parquet(pa.table({"user": ["u1"], "a.b": [["a"]]})), "user") == [b'{"user":"u1","a.b":["a"]}\n']


def test_two_columns_of_one_name_are_refused_as_columns_too() -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["user", "user"])
    (event,) = columns_of(parquet(table), "user")
    assert isinstance(event, Event)
    assert event.raw == b"Parquet file with two columns 'user': rename one of them"
