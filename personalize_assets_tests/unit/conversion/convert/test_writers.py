"""The daily files of one task."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert import writers
from personalize_assets.conversion.convert.day_profile import DayProfileBuilder
from personalize_assets.conversion.convert.writers import RejectWriter, RowWriter, row_group_ends
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, daily_schema
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.conversion.months import first_second, month_number
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.json_value import MALFORMED

ITEMS = Dataset("items", (Column("ITEM_ID"), Column("PRICE", type="float")), where={})
SCHEMA = pa.schema([pa.field("ITEM_ID", pa.string()), pa.field("PRICE", pa.float64())])


def row_writer(folder: Path) -> RowWriter:
    return RowWriter(FileSystem(), str(folder / "rows" / "a.parquet"), SCHEMA, DayProfileBuilder(ITEMS))


def reject_writer(folder: Path, mask: Mask | None = None) -> RejectWriter:
    return RejectWriter(FileSystem(), str(folder / "rejects" / "a.jsonl"), mask)


def lines(rejects: RejectWriter) -> list[dict[str, str | None]]:
    return [json.loads(line) for line in Path(rejects.uri).read_bytes().split(b"\n")[:-1]]


def test_rows_are_written_in_their_order_and_with_the_schemas_types(tmp_path: Path) -> None:
    writer = row_writer(tmp_path)
    writer.add(("b", 1.5))
    writer.add(("a", None))
    writer.close()
    table = pq.read_table(writer.uri)
    assert table.schema.equals(SCHEMA)
    assert table.to_pylist() == [{"ITEM_ID": "b", "PRICE": 1.5}, {"ITEM_ID": "a", "PRICE": None}]
    assert writer.rows == 2


def test_rows_that_are_written_are_profiled(tmp_path: Path) -> None:
    writer = row_writer(tmp_path)
    writer.add(("b", None))
    writer.add_many(pa.RecordBatch.from_pylist([{"ITEM_ID": "a", "PRICE": 2.0}], SCHEMA))
    writer.close()
    assert writer.profile.build().nulls == {"ITEM_ID": 0, "PRICE": 1}


def test_interactions_are_written_by_time_a_month_after_the_other(tmp_path: Path) -> None:
    dataset = Dataset("interactions", (Column("TIMESTAMP", ("t",), type="timestamp"),), where={})
    writer = RowWriter(FileSystem(), f"{tmp_path}/a.parquet", daily_schema(dataset), DayProfileBuilder(dataset))
    october = first_second(month_number("2026-10"))
    for second, message in ((october + 5, "c"), (october, "b"), (october - 1, "a"), (october + 5, "d")):
        writer.add((second, message, 0))
    writer.close()

    file = pq.ParquetFile(writer.uri)
    groups = [file.read_row_group(number).column(DEDUPE).to_pylist() for number in range(file.num_row_groups)]
    assert groups == [["a"], ["b", "c", "d"]]
    assert writer.months == {"2026-09": 1, "2026-10": 3}
    # The preview and the counts of a day are of the rows as they came.
    assert next(row["TIMESTAMP"] for row in writer.profile.build().preview) == october + 5


def test_rows_of_items_without_a_readable_event_time_are_counted(tmp_path: Path) -> None:
    writer = RowWriter(FileSystem(), f"{tmp_path}/a.parquet", daily_schema(ITEMS), DayProfileBuilder(ITEMS))
    for row in (("a", 1.5, 1_790_812_800_000_000_000, "m"), ("b", None, None, "n"), ("c", None, None, None)):
        writer.add(row)
    writer.close()

    assert (writer.rows, writer.untimed) == (3, 2)


@pytest.mark.parametrize(
    ("days", "ends"),
    [
        ({"2026-10-01": 9_000}, [9_000]),
        ({"2026-09-30": 5, "2026-10-01": 5}, [5, 10]),
        ({"2026-10-01": 5, "2026-10-02": 5, "2026-10-03": 5}, [15]),
        ({"2026-10-01": 5, "2026-10-02": 5, "2026-10-03": 9_000, "2026-10-04": 7}, [10, 9_010, 9_017]),
        ({"2026-10-01": 4_096, "2026-10-02": 5, "2026-10-03": 4_096}, [4_096, 4_101, 8_197]),
        ({"2026-09-29": 1, "2026-09-30": 9_000, "2026-10-31": 1, "2026-11-01": 1}, [1, 9_001, 9_002, 9_003]),
    ],
)
def test_row_groups_end_with_months_and_around_days_with_many_rows(days: dict[str, int], ends: list[int]) -> None:
    starts = [int(np.datetime64(day, "s").astype(np.int64)) for day in days]

    assert row_group_ends(np.repeat(starts, list(days.values()))) == ends


def test_no_file_is_made_without_a_row_or_a_reject(tmp_path: Path) -> None:
    row_writer(tmp_path).close()
    reject_writer(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_rows_are_written_in_portions_and_none_is_lost_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(writers, "_ROWS_AT_ONCE", 2)
    writer = row_writer(tmp_path)
    for number in range(count):
        writer.add((str(number), float(number)))
    writer.close()
    assert pq.read_table(writer.uri).column("ITEM_ID").to_pylist() == [str(number) for number in range(count)]


@pytest.mark.parametrize(("ids", "has_dictionary"), [(["a", "a", "b", "b"], True), (["a", "b", "c", "c"], False)])
def test_texts_have_a_dictionary_if_each_occurs_twice_or_more(
    tmp_path: Path, ids: list[str], has_dictionary: bool
) -> None:
    writer = row_writer(tmp_path)
    writer.add_many(pa.RecordBatch.from_pylist([{"ITEM_ID": id, "PRICE": 1.0} for id in ids], SCHEMA))
    writer.close()
    texts, prices = map(pq.read_metadata(writer.uri).row_group(0).column, range(2))
    assert (texts.has_dictionary_page, prices.has_dictionary_page) == (has_dictionary, True)


def test_a_reject_is_one_json_line_with_the_event_as_it_was(tmp_path: Path) -> None:
    writer = reject_writer(tmp_path)
    writer.add("users", "missing:USER_ID", "s3://b/k", '{"a":\n"ü 😀 \\u0041"}'.encode())
    writer.add(None, MALFORMED, "k", b"")
    writer.close()
    assert lines(writer) == [
        {"dataset": "users", "reason": "missing:USER_ID", "file": "s3://b/k", "raw": '{"a":\n"ü 😀 \\u0041"}'},
        {"dataset": None, "reason": MALFORMED, "file": "k", "raw": ""},
    ]
    assert writer.rows == 2


def test_bytes_that_are_not_utf8_are_shown_by_their_numbers(tmp_path: Path) -> None:
    writer = reject_writer(tmp_path)
    writer.add(None, MALFORMED, "k", b'{"a":"\xff\xc3"}\x00')
    writer.close()
    assert lines(writer)[0]["raw"] == '{"a":"\\xff\\xc3"}\x00'


def test_a_mask_hides_values_of_events_and_all_of_what_is_none(tmp_path: Path) -> None:
    writer = reject_writer(tmp_path, Mask(["email"]))
    writer.add("users", "missing:USER_ID", "k", b'{"email":"a@b.c","n":1}')
    writer.add(None, MALFORMED, "k", b'{"email":"a@b.c"')
    writer.close()
    assert [line["raw"] for line in lines(writer)] == ['{"email":"***","n":1}', None]


def test_no_reject_is_lost_between_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "_BYTES_AT_ONCE", 3)
    writer = reject_writer(tmp_path)
    for number in range(5):
        writer.add(None, MALFORMED, "k", b"%d%d" % (number, number))
    writer.close()
    assert [line["raw"] for line in lines(writer)] == ["00", "11", "22", "33", "44"]
