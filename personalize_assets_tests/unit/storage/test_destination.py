"""The destination: catalogs, marks and keys, in a folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.storage.destination import Destination, fingerprint
from personalize_assets.storage.manifests import CatalogFile, CatalogSource, DayCatalog, OwnerMark, RunMark, SweepMark
from personalize_assets.storage.stored_structs import DamagedFile
from personalize_assets_tests.helpers.days_contract import NEW, OLD, keys, put

DAYS = [date(2026, 10, day) for day in range(1, 5)]


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path / "out"))


def catalog(day: date, **more: str) -> DayCatalog:
    return DayCatalog(day=day.isoformat(), files=(CatalogFile("source", "ü.gz", 3, "gzip", "lines"),), **more)  # type: ignore[arg-type]


def put_catalogs(destination: Destination, catalogs: dict[date, DayCatalog]) -> list[date]:
    return destination.put_catalogs(catalogs, destination.find_catalogs(list(catalogs)))


def test_a_destination_that_was_never_written_to_has_no_days(destination: Destination) -> None:
    assert destination.days.all() == {}


def test_the_days_with_a_catalog_are_listed_without_their_profiles(destination: Destination) -> None:
    put_catalogs(destination, {day: catalog(day) for day in DAYS[1::-1]})
    destination.put_profile(DAYS[3], b"{}")

    assert destination.catalogued_days() == ["2026-10-01", "2026-10-02"]


def test_a_report_is_text_in_utf_8_below_the_destination(destination: Destination, tmp_path: Path) -> None:
    assert destination.put_report("<p>ü</p>") == str(tmp_path / "out/report.html")
    assert (tmp_path / "out/report.html").read_bytes() == "<p>ü</p>".encode()


def test_catalogs_of_days_are_written_and_read_together(destination: Destination) -> None:
    catalogs = {day: catalog(day) for day in DAYS}

    assert put_catalogs(destination, catalogs) == []

    assert destination.catalogs([*DAYS, date(2026, 12, 24)]) == catalogs
    assert destination.catalogs(DAYS[:1]) == {DAYS[0]: catalogs[DAYS[0]]}
    assert keys(destination, "catalog/") == [f"catalog/day={day}.json" for day in DAYS]


def test_a_catalog_that_another_run_has_written_meanwhile_stays(destination: Destination) -> None:
    before = destination.find_catalogs(DAYS[:2])
    put_catalogs(destination, {DAYS[0]: catalog(DAYS[0], content="newer")})

    lost = destination.put_catalogs({day: catalog(day, content="older") for day in DAYS[:2]}, before)

    assert lost == [DAYS[0]]
    assert [found.content for found in destination.catalogs(DAYS).values()] == ["newer", "older"]


def test_a_damaged_catalog_is_named_and_is_replaced_by_the_next_one(destination: Destination) -> None:
    put(destination, f"catalog/day={DAYS[0]}.json")

    with pytest.raises(
        DamagedFile, match=r"catalog/day=2026-10-01\.json is damaged: .*; materialize raw_event_catalog"
    ):
        destination.catalogs(DAYS[:1])
    put_catalogs(destination, {DAYS[0]: catalog(DAYS[0])})

    assert destination.catalogs(DAYS[:1]) == {DAYS[0]: catalog(DAYS[0])}


def test_a_catalog_that_names_a_file_outside_of_its_folder_is_damaged(destination: Destination, tmp_path: Path) -> None:
    file = CatalogFile("source", "../victim.txt", 4, "none", "lines")
    sources = {"source": CatalogSource(str(tmp_path / "raw"), "hive")}
    put_catalogs(destination, {DAYS[0]: DayCatalog(day="2026-10-01", sources=sources, files=(file,))})

    with pytest.raises(DamagedFile, match="leads out of"):
        destination.catalogs(DAYS[:1])


def test_a_key_and_its_uri_lead_to_each_other(destination: Destination) -> None:
    uri = destination.uri_of("users/a b%20.parquet")

    assert uri == f"{destination.uri}/users/a b%20.parquet"
    assert destination.key_of(uri) == "users/a b%20.parquet"


def test_the_files_of_an_export_are_found_wherever_it_writes(destination: Destination) -> None:
    of_run = [
        f"_kept/users/{NEW}/a", f"_parts/scratch-{NEW}/a", f"_parts/users-{NEW}/0.csv", f"exports/{NEW}/users.csv",
        f"exports/refused/{NEW}/users.csv", f"users/{NEW}-00000.parquet",
    ]  # fmt: skip
    put(destination, *of_run, f"_parts/items-{NEW}/0.csv", f"users/{OLD}-00000.parquet")

    assert sorted(destination.files_of_export(NEW, ["users"])) == of_run


def test_what_cannot_be_deleted_ends_no_run(destination: Destination) -> None:
    (Path(destination.uri) / "folder").mkdir(parents=True)

    assert not destination.remove(["folder"])
    assert destination.remove(["missing"])


def test_marks_are_read_as_they_were_written(destination: Destination) -> None:
    run = RunMark(settings="s", contents={"2026-10-01": "c"}, stored="d")
    owner = OwnerMark(dataset_group="shop", sources={"users": "raw"}, since="2026-10-01", layout=2)
    assert (destination.run_mark(), destination.sweep_mark(), destination.owner()) == (None, None, None)

    destination.put_run_mark(run)
    destination.put_sweep_mark(SweepMark(3.5))
    assert destination.swap_owner(owner, None)

    assert (destination.run_mark(), destination.sweep_mark(), destination.owner()) == (run, SweepMark(3.5), owner)


def test_the_owners_mark_is_replaced_only_if_it_is_the_one_that_was_read(destination: Destination) -> None:
    first, second = (OwnerMark(dataset_group=name, sources={}, since="") for name in ("first", "second"))
    assert destination.swap_owner(first, None)

    assert not destination.swap_owner(second, None)
    assert destination.owner() == first
    assert destination.swap_owner(second, destination.find_owner().stored)
    assert destination.owner() == second


def test_another_mapping_has_another_fingerprint() -> None:
    dataset = Dataset("users", (Column("USER_ID", ("userId",)),), {"type": ("identify",)})
    renamed = Dataset("users", (Column("USER_ID", ("anonymousId",)),), {"type": ("identify",)})

    assert fingerprint(dataset) == fingerprint(Dataset(dataset.name, dataset.columns, dict(dataset.where)))
    assert fingerprint(dataset) != fingerprint(renamed)
