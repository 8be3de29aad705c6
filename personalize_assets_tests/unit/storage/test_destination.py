"""The destination: commits replace files atomically, old files are deleted afterwards, damaged objects are named."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.storage.destination import DamagedFile, Destination, fingerprint, new_run_id
from personalize_assets.storage.manifests import (
    CatalogFile,
    CatalogSource,
    DayAccounting,
    DayCatalog,
    DayCommit,
    ExportedFile,
    ExportManifest,
)
from personalize_assets_tests.helpers.destination_contract import (
    DAY,
    NEW,
    OLD,
    DestinationContract,
    aged,
    commit,
    keys,
    names,
    table,
)


class TestDestinationInAFolder(DestinationContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return Destination(str(tmp_path / "out"))


def test_a_destination_that_was_never_written_to_has_no_days(tmp_path: Path) -> None:
    assert Destination(str(tmp_path / "nothing")).daily_commits("interactions") == {}


def test_what_a_dead_run_left_of_a_day_is_deleted_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    dead, running = "20260930T000000-dddddd", "20261003T000000-eeeeee"
    for run, hours in ((dead, 25), (running, 23), (NEW, 25)):
        for key in names(run):
            aged(tmp_path, key, hours)
    aged(tmp_path, f"rejects/day={DAY}/my notes.txt", 1000)
    destination.commit_day("interactions", DAY, commit(NEW))

    destination.delete_leftovers(DAY)

    assert keys(destination) == sorted(
        [
            f"filtered_interactions/day={DAY}/_commit.json",
            f"rejects/day={DAY}/my notes.txt",
            *names(NEW),
            *names(running),
        ]
    )


def test_old_rejects_that_another_dataset_of_the_day_names_stay(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    rejects = f"rejects/day={DAY}/source-{OLD}-00000.jsonl"
    for key in (*names(OLD), rejects):
        aged(tmp_path, key, 1000)
    destination.commit_day("interactions", DAY, commit(OLD))
    destination.commit_accounting("source", DAY, DayAccounting(run=OLD, reject_files=(rejects,)))
    destination.commit_day("users", DAY, DayCommit(run=OLD, mapping="m"))

    destination.delete_leftovers(DAY)

    assert {*names(OLD), rejects} < set(keys(destination))


def test_no_leftovers_are_deleted_where_a_commit_is_damaged(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    for key in names(OLD):
        aged(tmp_path, key, 1000)
    (tmp_path / f"filtered_interactions/day={DAY}/_commit.json").write_text('{"files": [')

    destination.delete_leftovers(DAY)

    assert set(names(OLD)) < set(keys(destination))


def test_the_files_of_a_dead_table_run_are_deleted_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    for run, hours in ((OLD, 25), (NEW, 25)):
        aged(tmp_path, f"users/{run}-00000.parquet", hours)

    destination.commit_table("users", table(NEW))

    assert keys(destination) == [f"users/{NEW}-00000.parquet", "users/_commit.json"]


def test_run_ids_differ_and_sort_by_time() -> None:
    first, second = new_run_id(), new_run_id()

    assert first != second
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{6}", first)
    assert first[:15] <= second[:15]


def test_another_mapping_has_another_fingerprint() -> None:
    dataset = Dataset("users", (Column("USER_ID", ("userId",)),), {"type": ("identify",)})
    renamed = Dataset("users", (Column("USER_ID", ("anonymousId",)),), {"type": ("identify",)})

    assert fingerprint(dataset) == fingerprint(Dataset(dataset.name, dataset.columns, dict(dataset.where)))
    assert fingerprint(dataset) != fingerprint(renamed)
    assert len({fingerprint(dataset), fingerprint(renamed)}) == 2


# -- keys that lead out of the destination -----------------------------------------------------------------------------


def _replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_commit_that_names_a_file_outside_deletes_nothing_and_is_damaged(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path / "out"))
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    own = commit(OLD)
    destination.commit_day("interactions", DAY, own)
    path = tmp_path / "out" / f"filtered_interactions/day={DAY}/_commit.json"
    _replaced(path, own.files[0], "../victim.txt")

    with pytest.raises(DamagedFile, match=re.escape("found: the key '../victim.txt', which leads out of")):
        destination.daily_commits("interactions")
    destination.commit_day("interactions", DAY, commit(NEW))

    assert victim.read_text() == "mine"
    assert destination.daily_commits("interactions") == {DAY: commit(NEW)}


def test_a_table_and_a_catalog_that_name_files_outside_are_damaged(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path / "out"))
    destination.commit_table("users", table(OLD))
    _replaced(tmp_path / "out/users/_commit.json", table(OLD).files[0], "/victim.txt")
    file = CatalogFile("source", "../victim.txt", 4, "none", "lines")
    found = DayCatalog(day=DAY, sources={"source": CatalogSource(str(tmp_path / "raw"), "hive")}, files=(file,))
    destination.put_catalogs({date.fromisoformat(DAY): found})

    with pytest.raises(DamagedFile, match="leads out of"):
        destination.table_commit("users")
    with pytest.raises(DamagedFile, match="leads out of"):
        destination.catalogs([date.fromisoformat(DAY)])


def test_a_manifest_that_names_files_outside_is_damaged_and_the_next_export_replaces_it(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path / "out"))
    victim = tmp_path / "victim.csv"
    victim.write_text("mine")
    manifest = ExportManifest(
        dataset="users", columns=("USER_ID",), rows=0, kept=0, duplicates=0, bytes=8, sha256="", run=OLD, days=(DAY,),
        path="exports/users.csv", files=(ExportedFile("exports/users.csv", 0, 8, ""),),
    )  # fmt: skip
    destination.put_manifest("users", manifest)
    _replaced(tmp_path / "out/exports/users.manifest.json", '"key": "exports/users.csv"', '"key": "../victim.csv"')

    with pytest.raises(DamagedFile, match="leads out of"):
        destination.manifest("users")
    destination.put_manifest("users", msgspec.structs.replace(manifest, run=NEW))

    assert victim.read_text() == "mine"
    assert destination.manifest("users") == msgspec.structs.replace(manifest, run=NEW)
