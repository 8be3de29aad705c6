"""Rows as bytes: readable by others, and the same each time."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile

import fastavro
import pyarrow as pa
import pyarrow.parquet

from personalize_assets.generate.shapes import encodings
from personalize_assets.generate.shapes.shape import Row

ROWS: list[Row] = [{"id": "1", "n": 2}, {"id": "2", "n": None}]


def test_json_is_a_line_each_or_glued_or_packed() -> None:
    assert encodings.lines("", ROWS) == b'{"id":"1","n":2}\n{"id":"2","n":null}\n'
    assert encodings.glued("", ROWS) == b'{"id":"1","n":2}{"id":"2","n":null}'
    assert gzip.decompress(encodings.zipped_lines("", ROWS)) == encodings.lines("", ROWS)


def test_a_csv_has_a_header_nothing_for_null_and_json_for_what_is_no_text() -> None:
    content = encodings.csv_table(
        [{"id": "1", "name": 'a,"b"\nc', "tags": ["ä"]}, {"id": None, "name": "", "tags": {}}]
    )

    assert content.decode().splitlines()[0] == "id,name,tags"
    assert list(csv.reader(io.StringIO(content.decode()))) == [
        ["id", "name", "tags"],
        ["1", 'a,"b"\nc', '["ä"]'],
        ["", "", "{}"],
    ]


def test_archives_tables_and_containers_hold_the_rows() -> None:
    schema = pa.schema([("id", pa.string()), ("n", pa.int64())])
    fields = [{"name": "id", "type": "string"}, {"name": "n", "type": ["null", "int"]}]

    packed = encodings.archive({"a/b.json": b"{}"})
    table = encodings.parquet(schema, ROWS)
    container = encodings.avro({"type": "record", "name": "Row", "fields": fields}, ROWS)

    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {name: json.loads(archive.read(name)) for name in archive.namelist()} == {"a/b.json": {}}
    assert pa.parquet.read_table(io.BytesIO(table)).to_pylist() == ROWS
    assert list(fastavro.reader(io.BytesIO(container))) == ROWS
    assert container == encodings.avro({"type": "record", "name": "Row", "fields": fields}, ROWS)
