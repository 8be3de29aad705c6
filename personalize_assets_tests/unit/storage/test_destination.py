"""The destination: commits put files in force, old ones go after, and what is broken is named."""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.storage.destination import DamagedFile, Destination, fingerprint, new_run_id
from personalize_assets.storage.object_store import StoreError

DAY = "2026-10-01"
OLD, NEW = "20261001T000000-aaaaaa", "20261002T000000-bbbbbb"


@pytest.fixture(params=["folder", "s3"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """An empty destination: each behaviour holds for both kinds."""
    if request.param == "s3":
        return Destination(f"s3://{request.getfixturevalue('bucket')}/out")
    return Destination(str(tmp_path / "out"))


def put(destination: Destination, *keys: str) -> None:
    """Files as an engine writes them."""
    for key in keys:
        destination.store.write(key, b"x")


def keys(destination: Destination, prefix: str = "") -> list[str]:
    return sorted(file.key for file in destination.store.files(prefix))


def names(run: str, folder: str = "filtered_interactions") -> tuple[str, str]:
    """A Parquet file and a reject file of a run."""
    return f"{folder}/day={DAY}/{run}-00000.parquet", f"rejects/day={DAY}/interactions-{run}-00000.jsonl"


def commit(run: str, folder: str = "filtered_interactions", **more: Any) -> dict[str, Any]:
    parquet, rejects = names(run, folder)
    return {"run": run, "files": [parquet], "reject_files": [rejects], **more}


# -- days ----------------------------------------------------------------------------------------------------------


def test_a_day_without_a_commit_is_not_there_whatever_files_it_has(destination: Destination) -> None:
    put(destination, *names(NEW))

    assert destination.daily_commits("interactions") == {}


def test_a_destination_that_nobody_has_written_to_has_no_days(tmp_path: Path) -> None:
    assert Destination(str(tmp_path / "nothing")).daily_commits("interactions") == {}


def test_a_commit_puts_a_day_in_force_and_deletes_what_was(destination: Destination) -> None:
    put(destination, *names(OLD))
    destination.commit_day("filtered_interactions", DAY, commit(OLD))
    put(destination, *names(NEW))

    destination.commit_day("filtered_interactions", DAY, commit(NEW))

    assert destination.daily_commits("interactions") == {DAY: commit(NEW)}
    assert keys(destination) == sorted([f"filtered_interactions/day={DAY}/_commit.json", *names(NEW)])


def test_files_that_are_not_committed_leave_the_former_day_in_force(destination: Destination) -> None:
    put(destination, *names(OLD))
    destination.commit_day("filtered_interactions", DAY, commit(OLD))

    put(destination, *names(NEW))  # and then the run died

    assert destination.daily_commits("interactions") == {DAY: commit(OLD)}
    assert set(names(OLD)) < set(keys(destination))


def test_the_old_files_go_only_after_the_new_commit_is_put(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(destination, *names(OLD), *names(NEW))
    destination.commit_day("filtered_interactions", DAY, commit(OLD))
    steps: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(destination.store, "write", lambda key, _data: steps.append(("write", [key])))
    monkeypatch.setattr(destination.store, "delete", lambda keys: steps.append(("delete", list(keys))))

    destination.commit_day("filtered_interactions", DAY, commit(NEW))

    assert steps == [("write", [f"filtered_interactions/day={DAY}/_commit.json"]), ("delete", sorted(names(OLD)))]


def test_a_commit_that_cannot_be_put_leaves_the_former_day_in_force(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(destination, *names(OLD), *names(NEW))
    destination.commit_day("filtered_interactions", DAY, commit(OLD))

    def refuse(key: str, data: bytes) -> None:
        raise StoreError("no")

    with monkeypatch.context() as patch:
        patch.setattr(destination.store, "write", refuse)
        with pytest.raises(StoreError):
            destination.commit_day("filtered_interactions", DAY, commit(NEW))

    assert destination.daily_commits("interactions") == {DAY: commit(OLD)}
    assert set(names(OLD)) < set(keys(destination))


def test_the_same_commit_twice_keeps_its_files(destination: Destination) -> None:
    put(destination, *names(NEW))
    for _ in range(2):
        destination.commit_day("filtered_interactions", DAY, commit(NEW))

    assert set(names(NEW)) < set(keys(destination))


def test_two_datasets_of_a_day_do_not_touch_each_others_files(destination: Destination) -> None:
    users = {
        "run": OLD,
        "files": [f"user_traits/day={DAY}/{OLD}-00000.parquet"],
        "reject_files": [f"rejects/day={DAY}/users-{OLD}-00000.jsonl"],
    }
    put(destination, *names(OLD), *users["files"], *users["reject_files"], *names(NEW))
    destination.commit_day("filtered_interactions", DAY, commit(OLD))
    destination.commit_day("user_traits", DAY, users)

    destination.commit_day("filtered_interactions", DAY, commit(NEW))

    assert destination.daily_commits("users") == {DAY: users}
    assert {*users["files"], *users["reject_files"], *names(NEW)} < set(keys(destination))


def test_the_books_of_two_sources_lie_beside_each_other(destination: Destination) -> None:
    for source, read in (("source", 3), ("users", 5)):
        destination.commit_day("rejects", DAY, {"read": read, "malformed": {}, "reject_files": []}, part=source)

    assert destination.source_books(DAY, "source")["read"] == 3
    assert destination.source_books(DAY, "users")["read"] == 5
    assert destination.source_books(DAY, "items") == {"malformed": {}}


def test_no_commit_looks_like_data_to_a_reader_of_its_folder(destination: Destination) -> None:
    destination.commit_day("filtered_interactions", DAY, {})
    destination.commit_day("rejects", DAY, {}, part="source")
    destination.commit_table("users", {})

    assert all(key.rpartition("/")[2].startswith("_") for key in keys(destination))


def test_days_come_oldest_first_and_other_folders_are_passed_over(destination: Destination) -> None:
    for day in ("2026-10-10", "2026-10-02", "2026-10-01"):
        destination.commit_day("filtered_interactions", day, {"kept": int(day[-2:])})
    put(destination, "filtered_interactions/notes/_commit.json", "filtered_interactions/day=never/file")

    found = destination.daily_commits("interactions")

    assert list(found.items()) == [
        ("2026-10-01", {"kept": 1}),
        ("2026-10-02", {"kept": 2}),
        ("2026-10-10", {"kept": 10}),
    ]


# -- leftovers -----------------------------------------------------------------------------------------------------


def aged(root: Path, key: str, hours: float) -> None:
    file = root / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    os.utime(file, (time.time() - hours * 3600,) * 2)


def test_what_a_dead_run_left_of_a_day_goes_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    dead, running = "20260930T000000-dddddd", "20261003T000000-eeeeee"
    for run, hours in ((dead, 25), (running, 23), (NEW, 25)):
        for key in names(run):
            aged(tmp_path, key, hours)
    aged(tmp_path, f"rejects/day={DAY}/my notes.txt", 1000)
    destination.commit_day("filtered_interactions", DAY, commit(NEW))

    destination.sweep_day(DAY)

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
    books = f"rejects/day={DAY}/source-{OLD}-00000.jsonl"
    for key in (*names(OLD), books):
        aged(tmp_path, key, 1000)
    destination.commit_day("filtered_interactions", DAY, commit(OLD))
    destination.commit_day("rejects", DAY, {"reject_files": [books]}, part="source")
    destination.commit_day("user_traits", DAY, {"files": [], "reject_files": []})

    destination.sweep_day(DAY)

    assert {*names(OLD), books} < set(keys(destination))


def test_nothing_is_swept_where_a_commit_cannot_be_read(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    for key in names(OLD):
        aged(tmp_path, key, 1000)
    (tmp_path / f"filtered_interactions/day={DAY}/_commit.json").write_text('{"files": [')

    destination.sweep_day(DAY)

    assert set(names(OLD)) < set(keys(destination))


def test_the_parts_of_a_dead_export_go_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    aged(tmp_path, f"_parts/users-{OLD}/00000.csv", 25)
    aged(tmp_path, f"_parts/items-{NEW}/00000.csv", 1)

    destination.put_csv("interactions", b"A\n", [])

    assert keys(destination) == [f"_parts/items-{NEW}/00000.csv", "exports/interactions.csv"]


def test_the_files_of_a_dead_table_run_go_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    for run, hours in ((OLD, 25), (NEW, 25)):
        aged(tmp_path, f"users/{run}-00000.parquet", hours)

    destination.commit_table("users", {"files": [f"users/{NEW}-00000.parquet"]})

    assert keys(destination) == [f"users/{NEW}-00000.parquet", "users/_commit.json"]


# -- tables and exports --------------------------------------------------------------------------------------------


def test_a_table_is_replaced_and_its_old_files_go(destination: Destination) -> None:
    for run in (OLD, NEW):
        put(destination, f"users/{run}-00000.parquet")
        destination.commit_table("users", {"run": run, "files": [f"users/{run}-00000.parquet"]})

    assert destination.table_commit("users") == {"run": NEW, "files": [f"users/{NEW}-00000.parquet"]}
    assert keys(destination) == [f"users/{NEW}-00000.parquet", "users/_commit.json"]


def test_a_csv_is_joined_from_its_parts_and_they_go(destination: Destination) -> None:
    parts = [f"_parts/interactions-{NEW}/{number:05d}.csv" for number in range(2)]
    destination.store.write(parts[0], b"1\n")
    destination.store.write(parts[1], b"2\n")

    assert destination.put_csv("interactions", b"A\n", parts).bytes == 6
    assert destination.store.read("exports/interactions.csv") == b"A\n1\n2\n"
    assert keys(destination) == ["exports/interactions.csv"]


def test_a_csv_that_cannot_be_joined_leaves_the_former_one_and_the_parts(destination: Destination) -> None:
    destination.put_csv("interactions", b"former\n", [])
    put(destination, "_parts/x/00000.csv")

    with pytest.raises(StoreError, match=re.escape("_parts/x/00001.csv")):
        destination.put_csv("interactions", b"A\n", ["_parts/x/00000.csv", "_parts/x/00001.csv"])

    assert destination.store.read("exports/interactions.csv") == b"former\n"
    assert keys(destination) == ["_parts/x/00000.csv", "exports/interactions.csv"]


def test_manifest_schema_and_catalog_lie_where_the_design_says(destination: Destination) -> None:
    from datetime import date

    destination.put_manifest("users", {"rows": 1, "note": "ü"})
    destination.put_schema("users", {"type": "record"})
    destination.put_catalog(date(2026, 10, 1), b'{"files": []}')

    assert keys(destination) == ["catalog/day=2026-10-01.json", "exports/users.manifest.json", "schemas/users.avsc"]
    assert destination.manifest("users") == {"rows": 1, "note": "ü"}
    assert destination.store.read("exports/users.manifest.json") == '{\n "rows": 1,\n "note": "ü"\n}\n'.encode()
    assert destination.catalog(date(2026, 10, 1)) == {"files": []}


def test_a_key_and_its_uri_lead_to_each_other(destination: Destination) -> None:
    uri = destination.uri_of("users/a b%20.parquet")

    assert uri == f"{destination.uri}/users/a b%20.parquet"
    assert destination.key_of(uri) == "users/a b%20.parquet"


# -- damage --------------------------------------------------------------------------------------------------------


def test_half_a_commit_is_named_with_what_to_make_again(destination: Destination) -> None:
    destination.store.write(f"filtered_interactions/day={DAY}/_commit.json", b'{"files": [')

    with pytest.raises(DamagedFile) as error:
        destination.daily_commits("interactions")

    assert str(error.value) == (
        f"{destination.uri}/filtered_interactions/day=2026-10-01/_commit.json is damaged: expected a JSON object, "
        "found Expecting value: line 1 column 12 (char 11); materialize filtered_interactions again to replace it"
    )


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", "Expecting value: line 1 column 1 (char 0)"), (b"[]", "a list"), (b"\xff{}", "'utf-8' codec can't decode")],
)
def test_what_is_no_json_object_is_damaged(destination: Destination, data: bytes, found: str) -> None:
    destination.store.write("users/_commit.json", data)

    with pytest.raises(DamagedFile, match=re.escape(f"found {found}") + ".*; materialize users again"):
        destination.table_commit("users")


def test_a_new_commit_mends_a_damaged_one(destination: Destination) -> None:
    destination.store.write(f"filtered_interactions/day={DAY}/_commit.json", b'{"files": [')

    destination.commit_day("filtered_interactions", DAY, commit(NEW))

    assert destination.daily_commits("interactions") == {DAY: commit(NEW)}


# -- names ---------------------------------------------------------------------------------------------------------


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


def test_small_files_are_json_that_people_can_read(destination: Destination) -> None:
    destination.commit_table("users", {"rows": 1})

    assert json.loads(destination.store.read("users/_commit.json") or b"") == {"rows": 1}
    assert (destination.store.read("users/_commit.json") or b"").endswith(b"}\n")
