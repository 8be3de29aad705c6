"""Destinations of older versions: what they hold stays current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import DayAccounting, DayCommit, DayState
from personalize_assets.storage.older_layout import fold_older_layout, older_objects
from personalize_assets.storage.stored_structs import DamagedFile
from personalize_assets_tests.helpers.exports_contract import manifest
from personalize_assets_tests.helpers.stored import commits, put_export

DAY, NEXT_DAY = "2026-10-01", "2026-10-02"
OLD, NEW = "20261001T000000-aaaaaa", "20261002T000000-bbbbbb"


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path / "out"))


def put(destination: Destination, key: str, value: Any) -> None:
    destination.store.write(key, json.dumps(value).encode())


def put_days(destination: Destination) -> None:
    for day in (DAY, NEXT_DAY):
        put(destination, f"filtered_interactions/day={day}/_commit.json", {"run": OLD, "mapping": "m", "kept": 3})
        put(destination, f"rejects/day={day}/_source_commit.json", {"run": OLD, "read": 5, "wanted": 5})
    put(destination, f"user_traits/day={DAY}/_commit.json", {"run": NEW, "mapping": "m", "kept": 1})
    put(destination, f"rejects/day={DAY}/_users_commit.json", {"run": NEW, "read": 2, "wanted": 2})


def test_commits_of_datasets_become_objects_of_days(destination: Destination) -> None:
    put_days(destination)

    fold_older_layout(destination)

    interactions, source = DayCommit(run=OLD, mapping="m", kept=3), DayAccounting(run=OLD, read=5, wanted=5)
    assert destination.days.all() == {
        DAY: DayState(
            day=DAY,
            datasets={"interactions": interactions, "users": DayCommit(run=NEW, mapping="m", kept=1)},
            sources={"source": source, "users": DayAccounting(run=NEW, read=2, wanted=2)},
        ),
        NEXT_DAY: DayState(day=NEXT_DAY, datasets={"interactions": interactions}, sources={"source": source}),
    }


def test_what_is_there_already_stays(destination: Destination) -> None:
    put_days(destination)
    put(destination, f"days/day={DAY}.json", {"day": DAY, "datasets": {"interactions": {"run": NEW, "mapping": "n"}}})

    for _ in range(2):
        fold_older_layout(destination)

    assert {day: one.run for day, one in commits(destination, "interactions").items()} == {DAY: NEW, NEXT_DAY: OLD}


def test_the_csvs_of_older_versions_are_the_latest_export(destination: Destination) -> None:
    counts = {"rows": 1, "kept": 1, "duplicates": 0, "bytes": 9, "sha256": "0", "days": [DAY]}
    single = {"dataset": "users", "columns": ["A"], "run": OLD, **counts}
    folder = {"dataset": "items", "columns": ["A"], "run": NEW, "path": f"exports/items/{NEW}/", **counts}
    put(destination, "exports/users.manifest.json", single)
    put(destination, "exports/items.manifest.json", folder)

    fold_older_layout(destination)

    latest = destination.exports.latest()
    assert latest is not None
    assert {name: (one.path, one.schema, one.run) for name, one in latest.datasets.items()} == {
        "users": ("exports/users.csv", "schemas/users.avsc", OLD),
        "items": (f"exports/items/{NEW}/", "schemas/items.avsc", NEW),
    }
    assert not (Path(destination.uri) / "exports/latest").exists()


def test_a_damaged_object_is_named_before_anything_is_written(destination: Destination) -> None:
    put_days(destination)
    destination.store.write(f"filtered_interactions/day={NEXT_DAY}/_commit.json", b"{")

    with pytest.raises(DamagedFile, match=r"day=2026-10-02/_commit\.json is damaged: .*; materialize filtered_inter"):
        fold_older_layout(destination)

    assert destination.days.all() == {}


def test_an_empty_destination_stays_empty(destination: Destination) -> None:
    fold_older_layout(destination)

    assert list(destination.store.files()) == []


def test_objects_of_older_versions_are_unneeded_once_there_are_newer_ones(destination: Destination) -> None:
    put_days(destination)
    put_export(destination, manifest(OLD, path="exports/users.csv"))
    assert [key for key in older_objects(destination) if "users.csv" in key] == []

    put_export(destination, manifest(NEW))

    assert set(older_objects(destination)) >= {
        "exports/users.csv", "exports/users.manifest.json", "schemas/users.avsc",
        f"filtered_interactions/day={DAY}/_commit.json", f"rejects/day={DAY}/_users_commit.json",
    }  # fmt: skip
