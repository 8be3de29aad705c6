"""The table of column types, and that an entry is all that a new type needs."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from personalize_assets.catalog.athena import interactions_table
from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.column_types import COLUMN_TYPES, ColumnType, type_of_arrow
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.conversion.export.csv_scan import scan_csv
from personalize_assets.conversion.mapping.batch_mapper import BatchMapper
from personalize_assets.conversion.mapping.batch_rows import RowSelection
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.mapping.timestamps import max_epoch_seconds_of
from personalize_assets.conversion.reading.struct_decoder import StructDecoder

DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("name", "value", "converted"),
    [
        ("string", [1, "a"], "1/a"),
        ("int", "7", 7),
        ("long", "9223372036854775807", 2**63 - 1),
        ("float", "0.1", 0.1),
        ("double", "0.1", 0.1),
        ("boolean", "true", True),
        ("timestamp", "2026-10-01T00:00:00.9Z", 1790812800),
    ],
)
def test_each_type_has_its_converter(name: str, value: Any, converted: Any) -> None:
    assert COLUMN_TYPES[name].converter(Column("X", separator="/"))(value) == converted


@pytest.mark.parametrize(("name", "bits"), [("int", 32), ("long", 64)])
def test_a_whole_number_must_fit_its_type(name: str, bits: int) -> None:
    convert = COLUMN_TYPES[name].converter(Column("X"))

    assert convert(2 ** (bits - 1) - 1) == 2 ** (bits - 1) - 1
    with pytest.raises(ValueError, match=f"does not fit into {bits} bits"):
        convert(2 ** (bits - 1))


@pytest.mark.parametrize("column_type", COLUMN_TYPES.values(), ids=list(COLUMN_TYPES))
def test_the_arrow_type_decides_how_a_type_is_stored_and_written(column_type: ColumnType) -> None:
    found = type_of_arrow(column_type.arrow)

    assert (found.athena, found.csv_cells) == (
        column_type.athena,
        column_type.csv_cells,
    )


def test_an_arrow_type_of_no_column_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="no column type is stored as binary"):
        type_of_arrow(pa.binary())


@pytest.mark.parametrize(
    ("name", "value"),
    [("int", -7), ("long", 2**40), ("float", 0.1), ("double", 1e-7), ("boolean", False), ("timestamp", 1790812800)],
)
def test_what_a_type_writes_into_a_csv_has_the_pattern_that_the_checks_want(name: str, value: Any) -> None:
    column_type = COLUMN_TYPES[name]
    assert column_type.csv_pattern is not None

    cells = column_type.csv_cells(pa.array([value], column_type.arrow))

    assert pa.compute.match_substring_regex(cells, column_type.csv_pattern).to_pylist() == [True]


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


DATE = ColumnType(
    arrow=pa.date32(),
    athena="date",
    avro="string",
    csv_cells=lambda column: column.cast(pa.string()),
    csv_pattern=r"^\d{4}-\d\d-\d\d$",
    json_kinds=frozenset(),
    converter=lambda column: _date,
    unit="day (UTC)",
)
BORN = Dataset(
    "interactions",
    (Column("USER_ID", ("user",), required=True), Column("BORN", ("born",), type="date", required=True)),
    where={},
)
EVENTS = [{"user": "ann", "born": "2001-02-03"}, {"user": "bob", "born": "no day"}, {"user": "eve"}]


@pytest.fixture
def new_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLUMN_TYPES, "date", DATE)


@pytest.mark.usefixtures("new_type")
def test_a_new_type_is_read_by_the_exact_path_from_its_entry_alone() -> None:
    rows = [row for event in EVENTS for row in EventMapper(BORN).rows(event, max_epoch_seconds_of(DAY))]

    assert [row.reason or row.values[:2] for row in rows] == [
        ("ann", date(2001, 2, 3)),
        "bad_value:BORN",
        "missing:BORN",
    ]


@pytest.mark.usefixtures("new_type")
def test_a_new_type_is_read_by_the_fast_path_from_its_entry_alone() -> None:
    decoder = StructDecoder([BORN])
    events = decoder.decode_many([json.dumps(event).encode() for event in EVENTS], is_text=True)

    collector = RowSelection([BORN], decoder).collector()
    collector.add(events, 0)
    (rows,) = collector.rows()
    mapped = BatchMapper(BORN).map_rows(rows, max_epoch_seconds_of(DAY))

    assert mapped.kept.select(["USER_ID", "BORN"]).to_pylist() == [{"USER_ID": "ann", "BORN": date(2001, 2, 3)}]
    assert mapped.rejected == [(1, "bad_value:BORN"), (2, "missing:BORN")]


@pytest.mark.usefixtures("new_type")
def test_a_new_type_is_written_declared_and_checked_from_its_entry_alone() -> None:
    schema = daily_schema(BORN)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(["ann", "bob"]), pa.array([date(2001, 2, 3), None], pa.date32())], ["USER_ID", "BORN"]
    )

    lines = csv_lines(batch).to_pybytes()
    wrong = scan_csv(io.BytesIO(b"USER_ID,BORN\nann,2001-02-03\nbob,yesterday\n"), BORN).wrong
    avro = avro_schema("interactions", BORN.columns, "custom")

    assert lines == b"ann,2001-02-03\nbob,\n"
    assert [(line["line"], line["problem"]) for line in wrong] == [(3, "BORN is no date as Personalize reads it")]
    assert fastavro.parse_schema(avro)
    assert avro["fields"][1] == {"name": "BORN", "type": "string"}
    assert interactions_table("t", "s3://bucket/out", DAY, schema).columns[1] == ("born", "date")
