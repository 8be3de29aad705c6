"""The job `export` over all datasets: what it writes, reports and leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.export import entities, interactions
from personalize_assets.conversion.export.export import export
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.reading.file_errors import UnreadableDailyFile
from personalize_assets.conversion.spec import Crossed, DailyFiles, DatasetExport, ExportSpec
from personalize_assets.conversion.spread import in_turn

INTERACTIONS = Dataset(
    "interactions",
    (Column("USER_ID", ("user",)), Column("ITEM_ID", ("item",)), Column("TIMESTAMP", ("time",), type="timestamp")),
    where={},
)
USERS = Dataset("users", (Column("USER_ID", ("user",), required=True), Column("CITY", ("city",))), where={})
ITEMS = Dataset("items", (Column("ITEM_ID", ("item",), required=True), Column("PRICE", ("p",), type="float")), where={})


def daily(file: Path, dataset: Dataset, *rows: tuple[Any, ...]) -> tuple[DailyFiles, ...]:
    schema = daily_schema(dataset)
    pq.write_table(pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema), file)
    return (DailyFiles("2026-10-01", (str(file),)),)


def shop(folder: Path) -> tuple[DatasetExport, ...]:
    """Six interactions, of which one is repeated on another day, and what is known of users and items."""
    clicks = [("u1", "i1", 10, "m1", 0), ("u2", "i1", 20, "m2", 0), ("u1", "i2", 30, "m3", 0)]
    first = daily(folder / "a", INTERACTIONS, *clicks)
    second = daily(folder / "b", INTERACTIONS, ("u1", "i1", 40, "m1", 0), ("u3", "i1", 50, "m4", 0))
    users = daily(folder / "c", USERS, ("u2", "Ulm", 1, "x"), ("u1", None, 1, "x"), ("u1", "Rom", 2, "y"))
    items = daily(folder / "d", ITEMS, ("i1", 1.5, None, None), ("i9", None, None, None))
    return (
        DatasetExport(INTERACTIONS, daily=first + second, to_csv=f"{folder}/csv/interactions"),
        DatasetExport(USERS, daily=users, to_table=f"{folder}/users", to_csv=f"{folder}/csv/users"),
        DatasetExport(ITEMS, daily=items, to_table=f"{folder}/items"),
    )


def spec(folder: Path, exports: Sequence[DatasetExport], mask: tuple[str, ...] = ()) -> ExportSpec:
    return ExportSpec(tuple(exports), {}, mask, f"{folder}/scratch")


@pytest.fixture(params=["in one piece", "in tiny pieces"])
def _size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in tiny pieces":
        monkeypatch.setattr(interactions, "MAX_PIECE_ROWS", 1)
        monkeypatch.setattr(entities, "MAX_ROWS", 1)


@pytest.mark.usefixtures("_size")
def test_all_datasets_are_written_and_counted_in_one_job(tmp_path: Path) -> None:
    datasets = export(spec(tmp_path, shop(tmp_path)), in_turn).datasets

    def csv(name: str) -> str:
        return "".join(Path(part.csv).read_text() for part in datasets[name].parts if part.csv)

    def table(name: str) -> list[dict[str, Any]]:
        return [row for part in datasets[name].parts if part.parquet for row in pq.read_table(part.parquet).to_pylist()]

    assert csv("interactions") == "u1,i1,10\nu2,i1,20\nu1,i2,30\nu3,i1,50\n"
    assert csv("users") == "u1,Rom\nu2,Ulm\n"
    assert table("users") == [{"USER_ID": "u1", "CITY": "Rom"}, {"USER_ID": "u2", "CITY": "Ulm"}]
    assert table("items") == [{"ITEM_ID": "i1", "PRICE": 1.5}, {"ITEM_ID": "i9", "PRICE": None}]
    assert (csv("items"), table("interactions")) == ("", [])
    assert {name: (one.rows, one.copies) for name, one in datasets.items()} == {
        "interactions": (4, 5), "users": (2, 3), "items": (2, 2),
    }  # fmt: skip
    assert datasets["interactions"].profile.crossed is None
    assert datasets["users"].profile.crossed == Crossed(unknown=1, used=3, unused=0)
    assert datasets["items"].profile.crossed == Crossed(unknown=1, used=2, unused=1)


@pytest.mark.usefixtures("_size")
def test_the_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    export(spec(tmp_path, shop(tmp_path)), in_turn)

    assert not (tmp_path / "scratch").exists()


@pytest.mark.usefixtures("_size")
def test_the_scratch_folder_is_gone_after_an_error_too(tmp_path: Path) -> None:
    exports = shop(tmp_path)
    Path((exports[0].daily or ())[1].files[0]).write_text("damaged")
    (tmp_path / "scratch/interactions").mkdir(parents=True)
    (tmp_path / "scratch/interactions/hashes-0-0").write_text("of a run that was killed")

    with pytest.raises(UnreadableDailyFile, match=r"/b cannot be read: "):
        export(spec(tmp_path, exports[:1]), in_turn)
    assert not (tmp_path / "scratch").exists()


def test_each_csv_part_has_a_header_if_it_is_to_be_a_csv_of_its_own(tmp_path: Path) -> None:
    one = DatasetExport(
        ITEMS, daily=daily(tmp_path / "d", ITEMS, ("i", 1.5, None, None)), to_csv=f"{tmp_path}/csv", csv_header=True
    )

    (part,) = export(spec(tmp_path, [one]), in_turn).datasets["items"].parts

    assert part.csv is not None
    assert Path(part.csv).read_text() == "ITEM_ID,PRICE\ni,1.5\n"


def test_the_csv_of_a_table_is_written_from_its_files(tmp_path: Path) -> None:
    schema = pa.schema([("ITEM_ID", pa.string()), ("PRICE", pa.float64())])
    pq.write_table(pa.table([["i", "j"], [None, 2.0]], schema=schema), tmp_path / "table.parquet")
    one = DatasetExport(ITEMS, table=(f"{tmp_path}/table.parquet",), to_csv=f"{tmp_path}/csv")

    found = export(spec(tmp_path, [one]), in_turn).datasets["items"]

    assert (found.rows, found.copies) == (2, 2)
    assert (tmp_path / "csv/00000.csv").read_text() == "i,\nj,2\n"


def test_masked_values_do_not_appear_in_the_report_but_in_the_csv(tmp_path: Path) -> None:
    _, users, _ = shop(tmp_path)

    found = export(spec(tmp_path, [users], mask=("city",)), in_turn).datasets["users"]

    assert found.profile.preview == ({"USER_ID": "u1", "CITY": "***"}, {"USER_ID": "u2", "CITY": "***"})
    assert (tmp_path / "csv/users/00000.csv").read_text() == "u1,Rom\nu2,Ulm\n"


def test_a_dataset_without_days_is_reported_with_no_rows(tmp_path: Path) -> None:
    found = export(spec(tmp_path, [DatasetExport(INTERACTIONS, daily=(), to_csv=f"{tmp_path}/csv")]), in_turn)

    assert (found.datasets["interactions"].rows, found.datasets["interactions"].parts) == (0, ())
    assert found.datasets["interactions"].profile.rows == 0
