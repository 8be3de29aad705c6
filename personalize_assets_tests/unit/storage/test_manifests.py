"""Objects below a destination that older versions wrote: they are read with what they lack left out."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.spec import Crossed, ExportProfile, IdProfile
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import (
    CatalogField,
    CatalogFile,
    DayAccounting,
    DayCatalog,
    DayCommit,
    ExportManifest,
    TableCommit,
)

DAY = "2026-10-01"


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path))


def put(destination: Destination, key: str, value: Any) -> None:
    destination.store.write(key, json.dumps(value).encode())


def test_a_commit_without_content_profile_and_key_mark_is_read(destination: Destination) -> None:
    put(
        destination,
        f"user_traits/day={DAY}/_commit.json",
        {"run": "r", "mapping": "m", "rows": 2, "kept": 1, "rejected": {"bad": 1}, "files": ["f"], "reject_files": []},
    )

    assert destination.day_commit("users", DAY) == DayCommit(
        run="r", mapping="m", rows=2, kept=1, rejected={"bad": 1}, files=("f",)
    )


def test_the_accounting_of_a_day_without_rejects_is_read(destination: Destination) -> None:
    put(destination, f"rejects/day={DAY}/_source_commit.json", {"run": "r", "read": 3, "wanted": 3, "malformed": {}})

    assert destination.day_accounting("source", DAY) == DayAccounting(run="r", read=3, wanted=3)


def test_a_catalog_without_sources_and_content_is_read(destination: Destination) -> None:
    file = {"source": "source", "key": "k", "bytes": 1, "compression": "none", "framing": "lines"}
    fields = [{"path": "a.b", "types": ["string"], "nulls": 0.5}]
    put(
        destination,
        f"catalog/day={DAY}.json",
        {"day": DAY, "bytes": 1, "files": [file], "sampled_events": 2, "fields": fields},
    )

    assert destination.catalog(date(2026, 10, 1)) == DayCatalog(
        day=DAY,
        bytes=1,
        files=(CatalogFile("source", "k", 1, "none", "lines"),),
        sampled_events=2,
        fields=(CatalogField("a.b", ("string",), 0.5),),
    )


def test_a_table_commit_without_inputs_is_read(destination: Destination) -> None:
    put(
        destination,
        "users/_commit.json",
        {"run": "r", "days": [DAY], "mapping": "m", "files": ["f"], "rows": 1, "kept": 2, "duplicates": 1},
    )

    assert destination.table_commit("users") == TableCommit(
        run="r", days=(DAY,), mapping="m", files=("f",), rows=1, kept=2, duplicates=1
    )


def test_a_manifest_without_path_and_files_is_read_as_that_of_a_single_file(destination: Destination) -> None:
    counts = {"rows": 1, "kept": 2, "duplicates": 1, "bytes": 9, "sha256": "0"}
    put(
        destination,
        "exports/users.manifest.json",
        {"dataset": "users", "columns": ["A"], "run": "r", "days": [DAY], **counts},
    )
    destination.store.write("exports/users.csv", b"A\n")

    found = destination.manifest("users")

    assert found == ExportManifest(
        dataset="users", columns=("A",), rows=1, kept=2, duplicates=1, bytes=9, sha256="0", run="r", days=(DAY,)
    )
    assert (found.path, found.files) == ("", ())
    destination.put_manifest("users", found)
    assert destination.store.read("exports/users.csv") == b"A\n"


def test_keys_that_are_not_known_are_ignored(destination: Destination) -> None:
    put(destination, f"user_traits/day={DAY}/_commit.json", {"run": "r", "mapping": "m", "written_by": "2.0"})

    assert destination.day_commit("users", DAY) == DayCommit(run="r", mapping="m")


def test_the_profile_of_users_is_stored_without_what_only_interactions_have(destination: Destination) -> None:
    profile = ExportProfile(
        rows=1,
        nulls={"USER_ID": 0},
        max_chars={"USER_ID": 2},
        first={},
        last={},
        blamed={},
        categories={},
        ids={"USER_ID": IdProfile(distinct=1, estimated=False, with_two=0, histogram={"1": 1}, frequent={"u1": 1})},
        preview=({"USER_ID": "u1"},),
        crossed=Crossed(unknown=0, used=1, unused=0),
    )
    commit = TableCommit(
        run="r", days=(DAY,), mapping="m", files=(), rows=1, kept=1, duplicates=0, seconds=1.5, profile=profile
    )

    destination.commit_table("users", commit)

    stored = json.loads(destination.store.read("users/_commit.json") or b"")
    assert stored["profile"] == {
        "rows": 1,
        "nulls": {"USER_ID": 0},
        "max_chars": {"USER_ID": 2},
        "first": {},
        "last": {},
        "blamed": {},
        "categories": {},
        "ids": {
            "USER_ID": {
                "distinct": 1, "estimated": False, "with_two": 0, "histogram": {"1": 1}, "frequent": {"u1": 1},
            }
        },
        "preview": [{"USER_ID": "u1"}],
        "crossed": {"unknown": 0, "used": 1, "unused": 0},
    }  # fmt: skip
    assert destination.table_commit("users") == commit
