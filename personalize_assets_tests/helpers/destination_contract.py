"""Tests of a destination that hold for folders and buckets."""

import json
import os
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.kept import Checkpoint, EntityCheckpoints, Reduced
from personalize_assets.storage.destination import DamagedFile, DayCommits, Destination
from personalize_assets.storage.manifests import (
    CatalogFile,
    DayAccounting,
    DayCatalog,
    DayCommit,
    ExportManifest,
    KeptFiles,
    Reject,
    TableCommit,
)
from personalize_assets.storage.object_store import StoreError

DAY = "2026-10-01"


OLD, NEW = "20261001T000000-aaaaaa", "20261002T000000-bbbbbb"


def put(destination: Destination, *keys: str) -> None:
    """Files as an engine writes them."""
    for key in keys:
        destination.store.write(key, b"x")


def keys(destination: Destination, prefix: str = "") -> list[str]:
    return sorted(file.key for file in destination.store.files(prefix))


def names(run: str, folder: str = "filtered_interactions") -> tuple[str, str]:
    """A Parquet file and a reject file of a run."""
    return f"{folder}/day={DAY}/{run}-00000.parquet", f"rejects/day={DAY}/interactions-{run}-00000.jsonl"


def commit(run: str, folder: str = "filtered_interactions", **more: Any) -> DayCommit:
    parquet, rejects = names(run, folder)
    return DayCommit(run=run, mapping="m", files=(parquet,), reject_files=(rejects,), **more)


def table(run: str) -> TableCommit:
    """The commit of a table with one file."""
    files = (f"users/{run}-00000.parquet",)
    return TableCommit(run=run, days=(DAY,), inputs="i", mapping="m", files=files, rows=1, kept=1, duplicates=0)


def kept(destination: Destination, run: str, *names: str) -> EntityCheckpoints:
    """What an export leaves: files of a run, which exist."""
    keys = [f"{destination.kept_folder('users', run)}/{name}" for name in names]
    put(destination, *keys)
    files = tuple(Reduced(destination.uri_of(key), 1, ("u",)) for key in keys)
    return EntityCheckpoints(made="m", months=(Checkpoint(until="2026-10", inputs="i", files=files),))


def age(destination: Destination, *runs: str) -> None:
    """Let it be 25 hours since the files of runs were found to be unused."""
    key = "_kept/users/kept.json"
    found = json.loads(destination.store.read(key) or b"")
    dropped = {key: at - 25 * 3600 * any(run in key for run in runs) for key, at in found["dropped"].items()}
    destination.store.write(key, json.dumps({**found, "dropped": dropped}).encode())


def manifest(dataset: str = "users", **more: Any) -> ExportManifest:
    counts = {"rows": 0, "kept": 0, "duplicates": 0, "bytes": 2}
    return ExportManifest(dataset=dataset, columns=("A",), sha256="", run=NEW, days=(DAY,), **(counts | more))


def aged(root: Path, key: str, hours: float) -> None:
    file = root / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    os.utime(file, (time.time() - hours * 3600,) * 2)


class DestinationContract:
    """What holds for a destination in a folder and in a bucket; a subclass gives the fixture ``destination``."""

    def test_a_day_without_a_commit_does_not_exist_whatever_files_it_has(self, destination: Destination) -> None:
        put(destination, *names(NEW))

        assert destination.daily_commits("interactions") == {}

    def test_a_commit_replaces_a_day_and_deletes_its_former_files(self, destination: Destination) -> None:
        put(destination, *names(OLD))
        destination.commit_day("interactions", DAY, commit(OLD))
        put(destination, *names(NEW))

        destination.commit_day("interactions", DAY, commit(NEW))

        assert destination.daily_commits("interactions") == {DAY: commit(NEW)}
        assert keys(destination) == sorted([f"filtered_interactions/day={DAY}/_commit.json", *names(NEW)])

    def test_files_that_are_not_committed_leave_the_former_day_current(self, destination: Destination) -> None:
        put(destination, *names(OLD))
        destination.commit_day("interactions", DAY, commit(OLD))

        put(destination, *names(NEW))  # and then the run died

        assert destination.daily_commits("interactions") == {DAY: commit(OLD)}
        assert set(names(OLD)) < set(keys(destination))

    def test_the_old_files_are_deleted_only_after_the_new_commit_is_written(
        self, destination: Destination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(destination, *names(OLD), *names(NEW))
        destination.commit_day("interactions", DAY, commit(OLD))
        steps: list[tuple[str, list[str]]] = []
        monkeypatch.setattr(destination.store, "write", lambda key, _data: steps.append(("write", [key])))
        monkeypatch.setattr(destination.store, "delete", lambda keys: steps.append(("delete", list(keys))))

        destination.commit_day("interactions", DAY, commit(NEW))

        assert steps == [("write", [f"filtered_interactions/day={DAY}/_commit.json"]), ("delete", sorted(names(OLD)))]

    def test_a_commit_that_cannot_be_written_leaves_the_former_day_current(
        self, destination: Destination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(destination, *names(OLD), *names(NEW))
        destination.commit_day("interactions", DAY, commit(OLD))

        def refuse(key: str, data: bytes) -> None:
            raise StoreError("no")

        with monkeypatch.context() as patch:
            patch.setattr(destination.store, "write", refuse)
            with pytest.raises(StoreError):
                destination.commit_day("interactions", DAY, commit(NEW))

        assert destination.daily_commits("interactions") == {DAY: commit(OLD)}
        assert set(names(OLD)) < set(keys(destination))

    def test_days_are_committed_together_and_their_former_files_deleted(self, destination: Destination) -> None:
        put(destination, *names(OLD), *names(NEW))
        destination.commit_day("interactions", DAY, commit(OLD))
        later = {f"2026-11-{day:02}": DayCommit(run=NEW, mapping="m", kept=day) for day in range(1, 4)}
        accounting = {"source": DayAccounting(run=NEW, read=7)}

        destination.commit_days(
            {day: DayCommits(accounting, {"interactions": one}) for day, one in {DAY: commit(NEW), **later}.items()}
        )

        assert destination.daily_commits("interactions") == {DAY: commit(NEW), **later}
        assert destination.day_commits("interactions", [*later, "2026-12-24"]) == later
        assert list(destination.day_accountings("source", [DAY, *later])) == [DAY, *later]
        assert [key for key in keys(destination) if OLD in key] == []
        assert set(names(NEW)) < set(keys(destination))

    def test_a_day_that_cannot_be_committed_is_left_as_it_is_and_the_others_are_committed(
        self, destination: Destination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(destination, *names(OLD), *names(NEW))
        destination.commit_day("interactions", DAY, commit(OLD))
        write = destination.store.write_version

        def refuse(key: str, data: bytes) -> str:
            if DAY in key:
                raise StoreError("no")
            return write(key, data)

        days = {day: DayCommits({}, {"interactions": commit(NEW)}) for day in (DAY, "2026-10-02")}
        with monkeypatch.context() as patch:
            patch.setattr(destination.store, "write_version", refuse)
            with pytest.raises(StoreError, match=r"^no$"):
                destination.commit_days(days)

        assert destination.daily_commits("interactions") == {DAY: commit(OLD), "2026-10-02": commit(NEW)}
        assert set(names(OLD)) < set(keys(destination))

    def test_a_damaged_commit_is_replaced_together_with_others(self, destination: Destination) -> None:
        destination.store.write(f"filtered_interactions/day={DAY}/_commit.json", b"{")

        destination.commit_days({DAY: DayCommits({}, {"interactions": commit(NEW)})})

        assert destination.daily_commits("interactions") == {DAY: commit(NEW)}

    def test_a_commit_of_another_process_is_seen(self, destination: Destination) -> None:
        days = {f"2026-10-{day:02}": DayCommit(run=OLD, mapping="m") for day in range(1, 5)}
        destination.commit_days({day: DayCommits({}, {"interactions": one}) for day, one in days.items()})
        other = Destination(destination.uri)
        other.store.write(f"filtered_interactions/day={DAY}/_commit.json", b'{"run": "other", "mapping": "m"}')

        for found in (destination.daily_commits("interactions"), destination.day_commits("interactions", days)):
            assert [one.run for one in found.values()] == ["other", OLD, OLD, OLD]

    def test_catalogs_of_days_are_written_and_read_together(self, destination: Destination) -> None:
        days = [date(2026, 10, day) for day in range(1, 5)]
        catalogs = {day: DayCatalog(day=day.isoformat(), files=()) for day in days}

        destination.put_catalogs(catalogs)

        assert destination.catalogs([*days, date(2026, 12, 24)]) == catalogs
        assert destination.catalogs(days[:1]) == {days[0]: catalogs[days[0]]}

    def test_the_same_commit_twice_keeps_its_files(self, destination: Destination) -> None:
        put(destination, *names(NEW))
        for _ in range(2):
            destination.commit_day("interactions", DAY, commit(NEW))

        assert set(names(NEW)) < set(keys(destination))

    def test_two_datasets_of_a_day_do_not_touch_each_others_files(self, destination: Destination) -> None:
        users = DayCommit(
            run=OLD,
            mapping="m",
            files=(f"user_traits/day={DAY}/{OLD}-00000.parquet",),
            reject_files=(f"rejects/day={DAY}/users-{OLD}-00000.jsonl",),
        )
        put(destination, *names(OLD), *users.files, *users.reject_files, *names(NEW))
        destination.commit_day("interactions", DAY, commit(OLD))
        destination.commit_day("users", DAY, users)

        destination.commit_day("interactions", DAY, commit(NEW))

        assert destination.daily_commits("users") == {DAY: users}
        assert {*users.files, *users.reject_files, *names(NEW)} < set(keys(destination))

    def test_the_accounting_of_two_sources_is_stored_side_by_side(self, destination: Destination) -> None:
        counts = {"source": DayAccounting(run=NEW, read=3), "users": DayAccounting(run=NEW, read=5)}
        for source, accounting in counts.items():
            destination.commit_accounting(source, DAY, accounting)

        assert destination.day_accounting("source", DAY) == counts["source"]
        assert destination.day_accounting("users", DAY) == counts["users"]
        assert destination.day_accounting("items", DAY) is None
        assert destination.daily_accounting("users") == {DAY: counts["users"]}

    def test_no_commit_looks_like_data_to_a_reader_of_its_folder(self, destination: Destination) -> None:
        destination.commit_day("interactions", DAY, commit(NEW))
        destination.commit_accounting("source", DAY, DayAccounting(run=NEW))
        destination.commit_table("users", table(NEW))

        assert all(key.rpartition("/")[2].startswith("_") for key in keys(destination))

    def test_days_come_oldest_first_and_other_folders_are_passed_over(self, destination: Destination) -> None:
        for day in ("2026-10-10", "2026-10-02", "2026-10-01"):
            destination.commit_day("interactions", day, DayCommit(run=NEW, mapping="m", kept=int(day[-2:])))
        put(destination, "filtered_interactions/notes/_commit.json", "filtered_interactions/day=never/file")

        found = destination.daily_commits("interactions")

        assert [(day, its.kept) for day, its in found.items()] == [
            ("2026-10-01", 1),
            ("2026-10-02", 2),
            ("2026-10-10", 10),
        ]

    def test_a_table_is_replaced_and_its_old_files_go(self, destination: Destination) -> None:
        for run in (OLD, NEW):
            put(destination, f"users/{run}-00000.parquet")
            destination.commit_table("users", table(run))

        assert destination.table_commit("users") == table(NEW)
        assert keys(destination) == [f"users/{NEW}-00000.parquet", "users/_commit.json"]

    def test_manifest_schema_and_catalog_are_stored_where_the_design_says(self, destination: Destination) -> None:
        catalog = DayCatalog(day=DAY, files=(CatalogFile("source", "ü.gz", 3, "gzip", "lines"),), content="c")
        destination.put_manifest("users", manifest())
        destination.put_schema("users", {"type": "record"})
        destination.put_catalogs({date(2026, 10, 1): catalog})

        assert keys(destination) == ["catalog/day=2026-10-01.json", "exports/users.manifest.json", "schemas/users.avsc"]
        assert destination.manifest("users") == manifest()
        assert destination.store.read("schemas/users.avsc") == b'{\n "type": "record"\n}\n'
        assert destination.catalog(date(2026, 10, 1)) == catalog

    def test_a_key_and_its_uri_lead_to_each_other(self, destination: Destination) -> None:
        uri = destination.uri_of("users/a b%20.parquet")

        assert uri == f"{destination.uri}/users/a b%20.parquet"
        assert destination.key_of(uri) == "users/a b%20.parquet"

    def test_half_a_commit_is_named_with_what_to_make_again(self, destination: Destination) -> None:
        destination.store.write(f"filtered_interactions/day={DAY}/_commit.json", b'{"files": [')

        with pytest.raises(DamagedFile) as error:
            destination.daily_commits("interactions")

        assert str(error.value) == (
            f"{destination.uri}/filtered_interactions/day=2026-10-01/_commit.json is damaged: expected the commit of a "
            "dataset's day as JSON, found: Input data was truncated; materialize filtered_interactions again to "
            "replace it"
        )

    @pytest.mark.parametrize(
        ("data", "found"),
        [
            (b"", "Input data was truncated"),
            (b"[]", "Expected `object`, got `array`"),
            (b'{"run": "\xff"}', "'utf-8' codec can't decode byte 0xff"),
            (b"{}", "Object missing required field `run`"),
            (b'{"run": "r", "days": "2026-10-01"}', "Expected `array`, got `str` - at `$.days`"),
        ],
    )
    def test_what_is_no_commit_of_a_table_is_damaged(self, destination: Destination, data: bytes, found: str) -> None:
        destination.store.write("users/_commit.json", data)

        with pytest.raises(DamagedFile, match=re.escape(found) + ".*; materialize users again"):
            destination.table_commit("users")

    def test_any_damaged_object_is_named_with_what_to_make_again(self, destination: Destination) -> None:
        for key, read, asset in (
            ("catalog/day=2026-10-01.json", lambda: destination.catalog(date(2026, 10, 1)), "raw_event_catalog"),
            ("exports/users.manifest.json", lambda: destination.manifest("users"), "users_csv"),
            (
                f"rejects/day={DAY}/_source_commit.json",
                lambda: destination.day_accounting("source", DAY),
                "the day's data",
            ),
        ):
            destination.store.write(key, b"{")

            with pytest.raises(DamagedFile, match=f"{re.escape(key)} is damaged: .*; materialize {asset}"):
                read()

    def test_a_new_commit_replaces_a_damaged_one(self, destination: Destination) -> None:
        destination.store.write(f"filtered_interactions/day={DAY}/_commit.json", b'{"files": [')

        destination.commit_day("interactions", DAY, commit(NEW))

        assert destination.daily_commits("interactions") == {DAY: commit(NEW)}

    def test_what_an_export_leaves_is_there_for_the_next_one(self, destination: Destination) -> None:
        assert destination.kept("users") is None
        left = kept(destination, NEW, "a", "b")

        destination.put_kept("users", left)

        assert destination.kept("users") == KeptFiles(kept=left)

    @pytest.mark.parametrize("lost", ["_kept/users/20261002T000000-bbbbbb/b", "_kept/users/kept.json"])
    def test_nothing_is_left_if_any_of_its_files_is_gone(self, destination: Destination, lost: str) -> None:
        destination.put_kept("users", kept(destination, NEW, "a", "b"))

        destination.store.delete([lost])

        assert destination.kept("users") is None

    def test_what_is_damaged_is_not_used_and_is_replaced(self, destination: Destination) -> None:
        destination.store.write("_kept/users/kept.json", b"{")
        assert destination.kept("users") is None

        destination.put_kept("users", kept(destination, NEW, "a"))

        assert destination.kept("users") is not None

    def test_files_that_are_used_no_more_stay_for_a_day(self, destination: Destination) -> None:
        destination.put_kept("users", kept(destination, OLD, "a", "b"))
        put(destination, f"_kept/users/{OLD}/of-a-run-that-died", "_kept/users/of-the-user")

        destination.put_kept("users", kept(destination, NEW, "a"))
        assert len(keys(destination, f"_kept/users/{OLD}/")) == 3

        age(destination, OLD)
        destination.put_kept("users", kept(destination, NEW, "a"))
        assert keys(destination, "_kept/users/") == [
            f"_kept/users/{NEW}/a", "_kept/users/kept.json", "_kept/users/of-the-user",
        ]  # fmt: skip

    def test_everything_is_exported_again_once_it_is_forgotten(self, destination: Destination) -> None:
        destination.put_kept("users", kept(destination, NEW, "a"))

        destination.forget_kept("users")

        assert destination.kept("users") is None

    def test_small_objects_are_indented_json_without_what_is_none(self, destination: Destination) -> None:
        destination.commit_accounting("source", DAY, DayAccounting(run=NEW, read=1, malformed={"ü": 1}))
        destination.commit_day("interactions", DAY, DayCommit(run=NEW, mapping="m"))

        assert (
            destination.store.read(f"rejects/day={DAY}/_source_commit.json")
            == (
                '{\n "raw_files": 0,\n "bytes": 0,\n "read": 1,\n "wanted": 0,\n "not_wanted": 0,\n'
                f' "malformed": {{\n  "ü": 1\n }},\n "unreadable": 0,\n "reject_files": [],\n "run": "{NEW}"\n}}\n'
            ).encode()
        )
        assert json.loads(destination.store.read(f"filtered_interactions/day={DAY}/_commit.json") or b"") == {
            "rows": 0, "kept": 0, "rejected": {}, "files": [], "reject_files": [], "months": {}, "run": NEW,
            "mapping": "m",
        }  # fmt: skip

    def test_the_first_rejects_of_a_day_are_read_from_one_of_their_files(self, destination: Destination) -> None:
        lines = [f'{{"dataset":"users","reason":"missing:USER_ID","file":"f","raw":"{n}"}}\n' for n in range(3)]
        destination.store.write("rejects/r.jsonl", "".join(lines).encode())
        destination.commit_day("users", DAY, DayCommit(run=NEW, mapping="m", reject_files=("rejects/r.jsonl",)))

        found = destination.first_rejects("users", DAY, 2)

        assert found == [Reject("users", "missing:USER_ID", "f", "0"), Reject("users", "missing:USER_ID", "f", "1")]
        assert destination.first_rejects("items", DAY, 2) == []
