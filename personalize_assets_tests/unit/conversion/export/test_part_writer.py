"""Parts of an export: their files, and what is reported about them; without Spark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import part_writer
from personalize_assets.conversion.export.part_writer import PartWriter, Target, WrittenPart
from personalize_assets.conversion.kept import PartReport

ITEMS = Dataset("items", (Column("ITEM_ID", required=True), Column("PRICE", type="float")), {})
SCHEMA = pa.schema([("ITEM_ID", pa.string()), ("PRICE", pa.float64())])
HEADER = b"ITEM_ID,PRICE\n"


def rows(*values: tuple[str, float | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in values], SCHEMA)


def write(target: Target, batches: Iterable[pa.RecordBatch], number: int = 0, copies: int = 0) -> WrittenPart:
    with PartWriter(number, target) as part:
        part.copies = copies
        for batch in batches:
            part.add(batch)
    return part.written()


def target(folder: Path, **changes: Any) -> Target:
    paths = {"csv": str(folder / "csv"), "parquet": str(folder / "items")}
    return Target(SCHEMA, s3={}, dataset=ITEMS, **(paths | changes))


def test_a_part_is_written_as_csv_and_parquet(tmp_path: Path) -> None:
    part = write(target(tmp_path), [rows(("a", 1.5)), rows(), rows(("b", None))], number=7, copies=6)

    csv, parquet = tmp_path / "csv/00007.csv", tmp_path / "items-00007.parquet"
    assert csv.read_bytes() == b"a,1.5\nb,\n"
    assert pq.read_table(parquet).to_pylist() == [{"ITEM_ID": "a", "PRICE": 1.5}, {"ITEM_ID": "b", "PRICE": None}]
    assert part.report == PartReport(
        part=7, rows=2, copies=6, csv=str(csv), csv_bytes=9, csv_sha256=None, parquet=str(parquet), is_clean=True
    )
    assert (part.profile.rows, part.profile.nulls) == (2, {"ITEM_ID": 0, "PRICE": 1})


def test_a_csv_with_a_header_is_counted_and_digested_with_it(tmp_path: Path) -> None:
    part = write(target(tmp_path, parquet=None, header=HEADER), [rows(("a", 1.0))])

    data = (tmp_path / "csv/00000.csv").read_bytes()
    assert data == HEADER + b"a,1\n"
    assert (part.report.csv_bytes, part.report.csv_sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert part.report.parquet is None


@pytest.mark.parametrize("header", [b"", HEADER])
@pytest.mark.parametrize(
    ("lines", "is_clean"), [(b"a,1\n", True), (b"a\n", False), (b",1\n", False), (b"a,x\n", False)]
)
def test_a_part_is_clean_if_it_reads_as_personalize_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: bytes, lines: bytes, is_clean: bool
) -> None:
    monkeypatch.setattr(part_writer, "csv_lines", lambda batch: lines)

    assert write(target(tmp_path, header=header), [rows(("a", 1.0))]).report.is_clean is is_clean


def test_a_part_with_another_number_of_lines_than_rows_is_not_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_writer, "csv_lines", lambda batch: b"a,1\n")

    assert not write(target(tmp_path), [rows(("a", 1.0), ("b", 2.0))]).report.is_clean


def test_a_part_without_rows_has_no_files_but_its_copies(tmp_path: Path) -> None:
    part = write(target(tmp_path, header=HEADER), [rows()], copies=5)

    assert part.report == PartReport(part=0, copies=5)
    assert list(tmp_path.iterdir()) == []


def test_a_part_is_read_as_it_was_written_by_another_process(tmp_path: Path) -> None:
    part = write(target(tmp_path), [rows(("a", 1.5))])

    assert msgspec.json.decode(msgspec.json.encode(part), type=WrittenPart) == part


def test_the_files_of_a_part_are_closed_after_an_error(tmp_path: Path) -> None:
    def two_batches() -> Iterator[pa.RecordBatch]:
        yield rows(("a", 1.5))
        raise ValueError("the second is broken")

    with pytest.raises(ValueError, match="the second is broken"):
        write(target(tmp_path, csv=None), two_batches())

    assert pq.read_table(tmp_path / "items-00000.parquet").to_pylist() == [{"ITEM_ID": "a", "PRICE": 1.5}]
