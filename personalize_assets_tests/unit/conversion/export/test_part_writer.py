"""Parts of an export: their files, and what is reported about them; without Spark."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import part_writer
from personalize_assets.conversion.export.part_writer import Target, WrittenPart
from personalize_assets.conversion.mapping.daily_schema import COPIES, IS_FIRST
from personalize_assets.conversion.spec import PartReport

ITEMS = Dataset("items", (Column("ITEM_ID", required=True), Column("PRICE", type="float")), {})
SCHEMA = pa.schema([("ITEM_ID", pa.string()), ("PRICE", pa.float64())])
HEADER = b"ITEM_ID,PRICE\n"


def rows(*values: tuple[str, float | None, bool, int]) -> pa.Table:
    ids, prices, first, copies = zip(*values, strict=True)
    return pa.table(
        {"ITEM_ID": ids, "PRICE": pa.array(prices, pa.float64()), COPIES: pa.array(copies, pa.int64()), IS_FIRST: first}
    )


def write(target: Target, *tables: pa.Table, number: int = 0) -> WrittenPart:
    return part_writer._write_part(number, tables, target)


def target(folder: Path, **changes: Any) -> Target:
    paths = {"csv": str(folder / "csv"), "parquet": str(folder / "items")}
    return Target(SCHEMA, s3={}, dataset=ITEMS, **(paths | changes))


def test_a_part_is_written_as_csv_and_parquet_without_its_repeats(tmp_path: Path) -> None:
    part = write(
        target(tmp_path), rows(("a", 1.5, True, 2), ("a", 9.0, False, 1)), rows(("b", None, True, 3)), number=7
    )

    csv, parquet = tmp_path / "csv/00007.csv", tmp_path / "items-00007.parquet"
    assert csv.read_bytes() == b"a,1.5\nb,\n"
    assert pq.read_table(parquet).to_pylist() == [{"ITEM_ID": "a", "PRICE": 1.5}, {"ITEM_ID": "b", "PRICE": None}]
    assert part.report == PartReport(
        part=7, rows=2, copies=6, csv=str(csv), csv_bytes=9, csv_sha256=None, parquet=str(parquet)
    )
    assert (part.profile.rows, part.profile.nulls) == (2, {"ITEM_ID": 0, "PRICE": 1})


def test_a_csv_with_a_header_is_counted_and_digested_with_it(tmp_path: Path) -> None:
    part = write(target(tmp_path, parquet=None, header=HEADER), rows(("a", 1.0, True, 1)))

    data = (tmp_path / "csv/00000.csv").read_bytes()
    assert data == HEADER + b"a,1\n"
    assert (part.report.csv_bytes, part.report.csv_sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert part.report.parquet is None


def test_a_part_of_repeats_alone_has_no_files_and_counts_them(tmp_path: Path) -> None:
    part = write(target(tmp_path, header=HEADER), rows(("a", 1.0, False, 1), ("a", 1.0, False, 4)))

    assert part.report == PartReport(part=0, copies=5)
    assert list(tmp_path.iterdir()) == []


def test_a_part_is_read_as_it_was_written_by_another_process(tmp_path: Path) -> None:
    part = write(target(tmp_path), rows(("a", 1.5, True, 1)))

    assert msgspec.json.decode(msgspec.json.encode(part), type=WrittenPart) == part


def test_a_stream_of_rows_is_cut_into_parts_of_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_writer, "_ROWS_A_PART", 3)
    tables = [pa.table({"n": list(range(size))}) for size in (2, 2, 3, 1)]

    parts = list(part_writer._cut(iter(tables)))

    assert [[table.num_rows for table in part] for part in parts] == [[2, 2], [3], [1]]
