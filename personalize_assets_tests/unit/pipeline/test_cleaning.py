"""What later runs delete, and when; and that no run fails because something cannot be deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from personalize_assets.pipeline.cleaning import clean
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.cleanup import warned_once
from personalize_assets.storage.manifests import DayCommit, DayState, RefusedExport, Replaced, SweepMark
from personalize_assets.storage.object_store import Undeleted
from personalize_assets.storage.stored_structs import encode
from personalize_assets_tests.helpers.days_contract import DAY, NEW, OLD, change, keys, names, put
from personalize_assets_tests.helpers.exports_contract import manifest, table
from personalize_assets_tests.helpers.small_group import small_group
from personalize_assets_tests.helpers.stored import put_day, put_export, put_table

DEAD, RUNNING = "20260930T000000-dddddd", "20261003T000000-eeeeee"


def group_of(folder: Path, **destination: Any) -> DatasetGroup:
    return small_group(folder, destination={"uri": str(folder / "out"), **destination})


@pytest.fixture
def group(tmp_path: Path) -> DatasetGroup:
    return group_of(tmp_path)


def put_state(group: DatasetGroup, state: DayState) -> None:
    group.destination.store.write(group.destination.days.key(state.day), encode(state))


def hours_ago(hours: float) -> float:
    return time.time() - hours * 3600


def age(group: DatasetGroup, hours: float, files: Iterable[str]) -> None:
    """Let files exist that were written so many hours ago."""
    for key in files:
        path = Path(group.destination.uri) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (hours_ago(hours),) * 2)


def sweep(group: DatasetGroup) -> None:
    """Clean as if the last sweep was a day ago."""
    group.destination.put_sweep_mark(SweepMark(hours_ago(25)))
    clean(group)


def test_files_of_a_replaced_day_are_deleted_after_the_retention_and_then_forgotten(group: DatasetGroup) -> None:
    put(group.destination, *names(DEAD), *names(OLD), *names(NEW))
    recent = Replaced(files=names(OLD), at=hours_ago(23))
    current = DayState(day=DAY, datasets=dict(change(NEW).datasets))
    put_state(group, replace(current, replaced=(Replaced(files=names(DEAD), at=hours_ago(25)), recent)))

    clean(group)

    assert group.destination.days.one(DAY) == replace(current, replaced=(recent,))
    assert {key for key in keys(group.destination) if "/day=" in key} == {
        f"days/day={DAY}.json", *names(OLD), *names(NEW),
    }  # fmt: skip


def test_the_retention_is_that_of_the_config(tmp_path: Path) -> None:
    group = group_of(tmp_path, retention_hours=2)
    put(group.destination, *names(OLD))
    put_state(group, DayState(day=DAY, replaced=(Replaced(files=names(OLD), at=hours_ago(3)),)))

    clean(group)

    assert group.destination.days.one(DAY) == DayState(day=DAY)


def test_files_of_a_replaced_table_are_deleted_after_the_retention(group: DatasetGroup) -> None:
    put(group.destination, *table(OLD).files, *table(NEW).files)
    commit = replace(table(NEW), replaced=(Replaced(files=table(OLD).files, at=1.0),))
    group.destination.store.write(group.destination.tables.key("users"), encode(commit))

    clean(group)

    assert group.destination.tables.current("users") == table(NEW)
    assert keys(group.destination, "users/2") == list(table(NEW).files)


def test_the_newest_exports_stay(tmp_path: Path) -> None:
    group = group_of(tmp_path, keep_exports=2)
    runs = [f"2026100{day}T000000-aaaaaa" for day in range(1, 5)]
    for run in runs:
        put(group.destination, f"exports/{run}/users.csv", f"exports/{run}/manifest.json")
        put_export(group.destination, manifest(run))

    clean(group)

    assert group.destination.exports.runs() == runs[-2:]
    assert (tmp_path / "out/exports/latest").readlink() == Path(runs[-1])


def test_the_newest_refused_exports_stay(tmp_path: Path) -> None:
    group = group_of(tmp_path, keep_exports=1)
    put_export(group.destination, manifest(NEW))
    for run in (OLD, NEW):
        put(group.destination, f"exports/refused/{run}/users.csv")

    clean(group)

    assert group.destination.exports.runs("exports/refused") == [NEW]


def test_what_dead_runs_left_is_deleted_after_24_hours(group: DatasetGroup) -> None:
    def files(run: str) -> list[str]:
        return [
            *names(run), f"_parts/items-{run}/00000.csv", f"exports/{run}/users.csv",
            f"exports/refused/{run}/users.csv", *table(run).files,
        ]  # fmt: skip

    age(group, 25, files(DEAD))
    age(group, 23, files(RUNNING))
    age(group, 25, [*names(NEW), *table(NEW).files])
    age(group, 25, [f"exports/{NEW}/users.csv", f"exports/refused/{NEW}/users.csv"])
    age(group, 1000, [f"rejects/day={DAY}/my notes.txt", f"exports/{OLD}.csv"])
    put_day(group.destination, DAY, change(NEW).datasets)
    put_table(group.destination, "users", table(NEW))
    put_export(group.destination, manifest(NEW))
    group.destination.exports.put_refused(RefusedExport(run=NEW, made="", findings={}, datasets={}))

    sweep(group)

    there = set(keys(group.destination))
    assert [key for key in there if DEAD in key] == []
    assert {*files(RUNNING), *files(NEW)} - {f"_parts/items-{NEW}/00000.csv"} <= there
    assert f"rejects/day={DAY}/my notes.txt" in there


def test_files_that_wait_to_be_deleted_are_no_leftovers(group: DatasetGroup) -> None:
    age(group, 1000, names(OLD))
    put_state(group, DayState(day=DAY, replaced=(Replaced(files=names(OLD), at=hours_ago(1)),)))

    sweep(group)

    assert set(names(OLD)) < set(keys(group.destination))


def test_an_export_that_was_taken_over_from_an_older_version_stays_until_the_next_one(group: DatasetGroup) -> None:
    files = ["exports/users.csv", "exports/users.manifest.json", "schemas/users.avsc"]
    age(group, 1000, files)
    put_export(group.destination, manifest(OLD, path="exports/users.csv", schema="schemas/users.avsc"))
    sweep(group)
    assert set(files) <= set(keys(group.destination))

    put_export(group.destination, manifest(NEW))
    sweep(group)

    assert set(files) & set(keys(group.destination)) == set()


def test_all_of_the_destination_is_searched_for_leftovers_once_a_day(group: DatasetGroup) -> None:
    clean(group)
    age(group, 25, names(DEAD))

    clean(group)
    assert set(names(DEAD)) < set(keys(group.destination))

    sweep(group)
    assert [key for key in keys(group.destination) if DEAD in key] == []


def test_what_killed_processes_began_to_write_is_deleted_a_day_after_wherever_it_is(group: DatasetGroup) -> None:
    begun = [
        "days/.2026-10-01.json.0badcafe", "catalog/.day=2026-10-01.json.0badcafe", "exports/.latest.json.0badcafe",
        "_kept/users/.kept.json.0badcafe", "._group.json.0badcafe", f"exports/{OLD}/.interactions.csv.0badcafe",
    ]  # fmt: skip
    age(group, 25, begun)
    age(group, 23, ["exports/.latest.json.12345678"])

    sweep(group)

    assert [key for key in keys(group.destination) if "/." in f"/{key}"] == ["exports/.latest.json.12345678"]


def test_what_cannot_be_deleted_ends_no_run_and_is_tried_again(
    group: DatasetGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(group.destination, *names(OLD))
    put_state(group, DayState(day=DAY, replaced=(Replaced(files=names(OLD), at=1.0),)))

    with monkeypatch.context() as patch:
        patch.setattr(group.destination.store, "try_delete", lambda keys: Undeleted(1, "no right to delete"))
        clean(group)
    state = group.destination.days.one(DAY)
    assert state is not None
    assert [one.files for one in state.replaced] == [names(OLD)]

    clean(group)
    assert group.destination.days.one(DAY) == DayState(day=DAY)


def test_a_day_that_is_committed_while_its_old_files_are_deleted_keeps_its_commit(
    group: DatasetGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(group.destination, *names(OLD), *names(NEW))
    put_state(group, DayState(day=DAY, replaced=(Replaced(files=names(OLD), at=1.0),)))
    delete = group.destination.store.try_delete

    def commit_meanwhile(keys: Iterable[str]) -> Undeleted:
        group.destination.days.commit({DAY: change(NEW)})
        return delete(keys)

    monkeypatch.setattr(group.destination.store, "try_delete", commit_meanwhile)
    clean(group)

    state = group.destination.days.one(DAY)
    assert state is not None
    assert state.datasets == change(NEW).datasets
    assert isinstance(state.datasets["interactions"], DayCommit)


def test_what_cannot_be_looked_at_ends_no_run_and_is_said(group: DatasetGroup) -> None:
    group.destination.store.write("exports/latest.json", b"{")
    warnings: list[str] = []

    with warned_once(warnings.append):
        clean(group)

    [warning] = warnings
    assert "exports/latest.json is damaged" in warning
