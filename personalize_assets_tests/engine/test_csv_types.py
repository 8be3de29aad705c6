"""A CSV of every column type, read back by a reader of its own."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

from personalize_assets.config import load_config
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.schemas import current_schema
from personalize_assets_tests.helpers.csv_reader import read_csv, records
from personalize_assets_tests.helpers.groups import convert, export


def test_an_export_of_every_type_fits_its_schema_row_by_row(tmp_path: Path, engine: Engine) -> None:
    day = tmp_path / "raw" / "day=2026-10-01"
    day.mkdir(parents=True)
    events = [
        {"id": "i2", "text": 'a "b", \\c\nd', "tags": ["x", None, "y"], "n": "7", "x": 1e21, "ok": True, "at": 1.5e9},
        {"id": "i10", "text": None, "tags": [], "n": 7.5, "x": "none", "ok": "no", "at": "2026-10-01T00:00:00.9+02:00"},
        {"id": 12345678901234567890, "text": "ü", "tags": "z", "n": 2**31, "x": 0.1, "ok": 0, "at": "2030-01-01"},
    ]
    (day / "a.json").write_text("\n".join(map(json.dumps, events)), "utf-8")
    (tmp_path / "personalize.yaml").write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: types}\n"
        "datasets:\n"
        "  interactions: {columns: {USER_ID: id, ITEM_ID: id, TIMESTAMP: at}}\n"
        "  items:\n"
        "    columns:\n"
        "      ITEM_ID: id\n"
        "      TEXT: {path: text, textual: true}\n"
        "      TAGS: {path: tags, categorical: true}\n"
        "      N: {path: n, type: int}\n"
        "      X: {path: x, type: double}\n"
        "      OK: {path: ok, type: boolean}\n"
        "      CREATION_TIMESTAMP: {path: at, keep: first}\n"
    )
    group = DatasetGroup(load_config(tmp_path / "personalize.yaml", os.environ))
    convert(group, engine, [date(2026, 10, 1)], "items")
    export(group, engine, "items_csv", "items")

    assert (tmp_path / "out/exports/latest/items.csv").read_text("utf-8") == (
        "ITEM_ID,TEXT,TAGS,N,X,OK,CREATION_TIMESTAMP\n"
        "12345678901234567890,ü,z,,0.1,False,\n"
        "i10,,,,,,1790805600\n"
        'i2,"a \\"b\\", \\\\c d",x|y,7,1000000000000000000000,True,1500000000\n'
    )
    head, rows = read_csv(tmp_path / "out/exports/latest/items.csv")
    _, schema = current_schema(group, "items")
    assert head == [field["name"] for field in schema["fields"]]
    assert len(records(schema, rows)) == 3
