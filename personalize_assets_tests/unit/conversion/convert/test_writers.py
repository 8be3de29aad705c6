"""The daily files of one task, and the books it keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.convert import writers as daily
from personalize_assets.conversion.convert.writers import DatasetDay, RejectFile, RowFile, SourceDay
from personalize_assets.conversion.mapping.event_mapper import Row
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.json_value import MALFORMED, NOT_AN_OBJECT, Event

SCHEMA = pa.schema([pa.field("ITEM_ID", pa.string()), pa.field("PRICE", pa.float64())])


def row_file(folder: Path) -> RowFile:
    return RowFile(FileSystem(), str(folder / "rows" / "a.parquet"), SCHEMA)


def reject_file(folder: Path) -> RejectFile:
    return RejectFile(FileSystem(), str(folder / "rejects" / "a.jsonl"))


def lines(file: RejectFile) -> list[dict[str, str | None]]:
    return [json.loads(line) for line in Path(file.uri).read_bytes().split(b"\n")[:-1]]


def test_rows_are_written_in_their_order_and_with_the_schemas_types(tmp_path: Path) -> None:
    file = row_file(tmp_path)
    file.add(("b", 1.5))
    file.add(("a", None))
    file.close()
    table = pq.read_table(file.uri)
    assert table.schema.equals(SCHEMA)
    assert table.to_pylist() == [{"ITEM_ID": "b", "PRICE": 1.5}, {"ITEM_ID": "a", "PRICE": None}]
    assert file.rows == 2


def test_no_file_is_made_without_a_row_or_a_reject(tmp_path: Path) -> None:
    row_file(tmp_path).close()
    reject_file(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_rows_are_written_in_portions_and_none_is_lost_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(daily, "_ROWS_AT_ONCE", 2)
    file = row_file(tmp_path)
    for number in range(count):
        file.add((str(number), float(number)))
    file.close()
    assert pq.read_table(file.uri).column("ITEM_ID").to_pylist() == [str(number) for number in range(count)]


def test_a_reject_is_one_json_line_with_the_event_as_it_was(tmp_path: Path) -> None:
    file = reject_file(tmp_path)
    file.add("users", "missing:USER_ID", "s3://b/k", '{"a":\n"ü 😀 \\u0041"}'.encode())
    file.add(None, MALFORMED, "k", b"")
    file.close()
    assert lines(file) == [
        {"dataset": "users", "reason": "missing:USER_ID", "file": "s3://b/k", "raw": '{"a":\n"ü 😀 \\u0041"}'},
        {"dataset": None, "reason": MALFORMED, "file": "k", "raw": ""},
    ]
    assert file.rows == 2


def test_bytes_that_are_not_utf8_are_shown_by_their_numbers(tmp_path: Path) -> None:
    file = reject_file(tmp_path)
    file.add(None, MALFORMED, "k", b'{"a":"\xff\xc3"}\x00')
    file.close()
    assert lines(file)[0]["raw"] == '{"a":"\\xff\\xc3"}\x00'


def test_a_dataset_counts_rows_as_kept_and_rejected_by_reason(tmp_path: Path) -> None:
    day = DatasetDay("items", row_file(tmp_path), reject_file(tmp_path))
    event = Event(b"{}", {})
    day.add(Row(("a", 1.0)), event, "k")
    day.add(Row((), "missing:ITEM_ID"), event, "k")
    day.add(Row((), "too_long:ITEM_ID"), event, "k")
    day.add(Row((), "missing:ITEM_ID"), event, "k")
    assert day.close() == {
        "rows": 4,
        "kept": 1,
        "rejected": {"missing:ITEM_ID": 2, "too_long:ITEM_ID": 1},
        "files": [str(tmp_path / "rows" / "a.parquet")],
        "reject_files": [str(tmp_path / "rejects" / "a.jsonl")],
    }


def test_a_dataset_without_rows_names_no_files(tmp_path: Path) -> None:
    day = DatasetDay("items", row_file(tmp_path), reject_file(tmp_path))
    assert day.close() == {"rows": 0, "kept": 0, "rejected": {}, "files": [], "reject_files": []}


def test_a_source_counts_what_was_read_as_wanted_not_wanted_and_malformed(tmp_path: Path) -> None:
    rejects = reject_file(tmp_path)
    day = SourceDay(rejects)
    day.add_file(10)
    day.add_read(3, 0)
    day.add_file(20)
    day.add_read(4, wanted=3)
    day.add_malformed(Event(b"x", None, MALFORMED), "k")
    day.add_malformed(Event(b"1", None, NOT_AN_OBJECT), "k")
    day.add_malformed(Event(b"y", None, MALFORMED), "k")
    assert day.close() == {
        "raw_files": 2,
        "bytes": 30,
        "read": 10,
        "wanted": 3,
        "not_wanted": 4,
        "malformed": {MALFORMED: 2, NOT_AN_OBJECT: 1},
        "reject_files": [rejects.uri],
    }
    assert [(line["dataset"], line["reason"], line["raw"]) for line in lines(rejects)] == [
        (None, MALFORMED, "x"),
        (None, NOT_AN_OBJECT, "1"),
        (None, MALFORMED, "y"),
    ]
