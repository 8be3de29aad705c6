"""The CSV: each cell as Personalize wants it, and whole files read back by a reader of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.conversion.export.csv_cells import csv_text
from personalize_assets.conversion.export.csv_lines import csv_lines
from personalize_assets.engines import Engine
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets_tests.helpers.csv_reader import _cells, read_csv, records
from personalize_assets_tests.helpers.groups import NO_CONTEXT


def line(value: object, kind: pa.DataType) -> str:
    return csv_lines(pa.RecordBatch.from_arrays([pa.array([value], kind)], ["C"])).to_pybytes().decode()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        (" kept as it is ", " kept as it is "),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("a|b", "a|b"),
        ("naïve 🛒", "naïve 🛒"),
        ("two\nlines", "two lines"),
        ("two\r\nlines", "two lines"),
        ("a\rb\vc\fd\x1ee\x85f\u2028g\u2029h", "a b c d e f g h"),
        ("a\n\nb", "a  b"),
        ("'single'", "'single'"),
    ],
)
def test_a_text_is_quoted_only_where_it_must_be_and_stays_on_its_line(value: str, cell: str) -> None:
    assert csv_text(value) == cell


@pytest.mark.parametrize(
    ("value", "kind", "cell"),
    [
        (None, pa.string(), ""),
        (None, pa.float64(), ""),
        (35.0, pa.float64(), "35"),
        (19.99, pa.float64(), "19.99"),
        (0.1 + 0.2, pa.float64(), "0.30000000000000004"),
        (1e22, pa.float64(), "10000000000000000000000"),
        (1e-7, pa.float64(), "0.0000001"),
        (-0.5, pa.float64(), "-0.5"),
        (1547159644, pa.int64(), "1547159644"),
        (-7, pa.int32(), "-7"),
        (True, pa.bool_(), "True"),
        (False, pa.bool_(), "False"),
    ],
)
def test_each_type_has_one_way_to_be_written(value: object, kind: pa.DataType, cell: str) -> None:
    assert line(value, kind) == cell + "\n"


@given(st.lists(st.one_of(st.none(), st.text(min_size=1)), min_size=1, max_size=5))
def test_any_text_is_read_back_but_for_its_line_breaks(values: list[str | None]) -> None:
    names = [f"C{number}" for number in range(len(values))]
    batch = pa.RecordBatch.from_arrays([pa.array([value], pa.string()) for value in values], names)

    text = csv_lines(batch).to_pybytes().decode()

    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    assert _cells(text[:-1]) == [None if value is None else " ".join(_lines(value)) for value in values]


def _lines(value: str) -> list[str]:
    """A text at its line breaks, told without a regular expression."""
    for mark in "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029":
        value = value.replace("\r\n", "\n") if mark == "\r" else value
        value = value.replace(mark, "\n")
    return value.split("\n")


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
    pipeline = Pipeline(load_config(tmp_path / "personalize.yaml"))
    days = pipeline.days_with_files()
    pipeline.catalog(days)
    spec = pipeline.convert_spec(days, ["items"])
    pipeline.commit_convert(days, spec, engine.run(NO_CONTEXT, spec))
    export, inputs = pipeline.export_spec(["items_csv", "items"])
    pipeline.commit_export(export, inputs, engine.run(NO_CONTEXT, export))

    assert (tmp_path / "out/exports/items.csv").read_text("utf-8") == (
        "ITEM_ID,TEXT,TAGS,N,X,OK,CREATION_TIMESTAMP\n"
        "12345678901234567890,ü,z,,0.1,False,\n"
        "i10,,,,,,1790805600\n"
        'i2,"a \\"b\\", \\\\c d",x|y,7,1000000000000000000000,True,1500000000\n'
    )
    head, rows = read_csv(tmp_path / "out/exports/items.csv")
    schema = pipeline.put_schema("items")
    assert head == [field["name"] for field in schema["fields"]]
    assert len(records(schema, rows)) == 3


def test_the_job_runs_from_the_command_line(tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"run_id": "r", "make": [], "folders": {"rejects": str(tmp_path)}, "now": 0, "s3": {}}
    (tmp_path / "spec.json").write_text(json.dumps({"job": "convert", "sources": [], "plan": plan}))

    assert job.main(["--spec", str(tmp_path / "spec.json")]) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["job"], report["days"]) == ("convert", {})
