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
    DayState,
    Replaced,
    TableCommit,
)
from personalize_assets_tests.helpers.stored import accounting, commits, put_table

DAY = "2026-10-01"


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path))


def put(destination: Destination, key: str, value: Any) -> None:
    destination.store.write(key, json.dumps(value).encode())


def test_a_commit_without_content_profile_and_key_mark_is_read(destination: Destination) -> None:
    commit = {"run": "r", "mapping": "m", "rows": 2, "kept": 1, "rejected": {"bad": 1}, "files": ["f"]}
    put(destination, f"days/day={DAY}.json", {"day": DAY, "datasets": {"users": commit}})

    assert commits(destination, "users")[DAY] == DayCommit(
        run="r", mapping="m", rows=2, kept=1, rejected={"bad": 1}, files=("f",)
    )


def test_the_accounting_of_a_day_without_rejects_is_read(destination: Destination) -> None:
    counts = {"run": "r", "read": 3, "wanted": 3, "malformed": {}}
    put(destination, f"days/day={DAY}.json", {"day": DAY, "sources": {"source": counts}})

    assert accounting(destination, "source").get(DAY) == DayAccounting(run="r", read=3, wanted=3)


def test_a_catalog_without_sources_and_content_is_read(destination: Destination) -> None:
    file = {"source": "source", "key": "k", "bytes": 1, "compression": "none", "framing": "lines"}
    fields = [{"path": "a.b", "types": ["string"], "nulls": 0.5}]
    put(
        destination,
        f"catalog/day={DAY}.json",
        {"day": DAY, "bytes": 1, "files": [file], "sampled_events": 2, "fields": fields},
    )

    assert destination.catalogs([date(2026, 10, 1)])[date(2026, 10, 1)] == DayCatalog(
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

    assert destination.tables.current("users") == TableCommit(
        run="r", days=(DAY,), mapping="m", files=("f",), rows=1, kept=2, duplicates=1
    )


def test_keys_that_are_not_known_are_ignored(destination: Destination) -> None:
    commit = {"run": "r", "mapping": "m", "written_by": "2.0"}
    put(destination, f"days/day={DAY}.json", {"day": DAY, "datasets": {"users": commit}, "more": 1})

    assert commits(destination, "users")[DAY] == DayCommit(run="r", mapping="m")


def test_the_files_of_a_day_are_those_of_all_its_datasets_and_sources() -> None:
    state = DayState(
        day=DAY,
        datasets={"users": DayCommit(run="r", mapping="m", files=("a",), reject_files=("b",))},
        sources={"source": DayAccounting(run="r", reject_files=("c",))},
        replaced=(Replaced(files=("d",), at=0),),
    )

    assert (state.current_files(), state.all_files()) == ({"a", "b", "c"}, {"a", "b", "c", "d"})


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

    put_table(destination, "users", commit)

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
    assert destination.tables.current("users") == commit
