"""Exports as they lie there: one file or a folder of files, one in force at a time, and a manifest that says which."""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.engines import Engine
from personalize_assets.engines.local import LocalEngine
from personalize_assets.storage.csv_files import put_folder, put_single_file
from personalize_assets.storage.destination import Destination, IncompleteExport
from personalize_assets.storage.object_store import StoreError
from personalize_assets_tests.helpers.groups import (
    EVERYTHING,
    FIRST,
    INTERACTIONS,
    ITEMS,
    SECOND,
    USERS,
    Group,
    click,
    exports,
    story,
)

OLD, NEW = "20261001T000000-aaaaaa", "20261002T000000-bbbbbb"
HEADER = b"A,B\n"


@pytest.fixture(params=["folder", "s3"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """An empty destination: each behaviour holds for both kinds."""
    if request.param == "s3":
        return Destination(f"s3://{request.getfixturevalue('bucket')}/out")
    return Destination(str(tmp_path / "out"))


def keys(destination: Destination) -> list[str]:
    return sorted(file.key for file in destination.store.files())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def written(destination: Destination, folder: str, *texts: bytes) -> list[dict[str, Any]]:
    """CSVs as an engine writes and reports them."""
    parts = []
    for number, text in enumerate(texts):
        destination.store.write(f"{folder}/{number:05d}.csv", text)
        uri = destination.uri_of(f"{folder}/{number:05d}.csv")
        part = {"rows": text.count(b"\n"), "csv": uri, "csv_bytes": len(text), "csv_sha256": digest(text)}
        parts.append({"part": number, **part})
    return parts


def export_folder(destination: Destination, run: str, *texts: bytes) -> dict[str, Any]:
    folder = destination.csv_folder("users", run)
    manifest = put_folder(destination, folder, HEADER, written(destination, folder, *texts))
    destination.put_manifest("users", manifest)
    return manifest


def export_file(destination: Destination, run: str, *texts: bytes) -> dict[str, Any]:
    parts = written(destination, destination.parts_folder("users", run), *texts)
    manifest = put_single_file(destination, "users", HEADER, parts)
    destination.put_manifest("users", manifest)
    return manifest


# -- what the manifest says ----------------------------------------------------------------------------------------


def test_a_folders_manifest_lists_its_files_in_order_with_bytes_and_digest(destination: Destination) -> None:
    first, second = HEADER + b"1,2\n", HEADER + b"3,44\n"

    manifest = export_folder(destination, NEW, first, second)

    assert manifest == {
        "bytes": 17,
        "sha256": digest(f"{digest(first)}\n{digest(second)}\n".encode()),
        "path": f"exports/users/{NEW}/",
        "files": [
            {"key": f"exports/users/{NEW}/00000.csv", "rows": 2, "bytes": 8, "sha256": digest(first)},
            {"key": f"exports/users/{NEW}/00001.csv", "rows": 2, "bytes": 9, "sha256": digest(second)},
        ],
    }


def test_a_single_files_manifest_lists_that_one(destination: Destination) -> None:
    whole = HEADER + b"1,2\n3,4\n"

    assert export_file(destination, NEW, b"1,2\n", b"3,4\n") == {
        "bytes": 12,
        "sha256": digest(whole),
        "path": "exports/users.csv",
        "files": [{"key": "exports/users.csv", "rows": 2, "bytes": 12, "sha256": digest(whole)}],
    }


def test_a_folder_without_any_row_is_one_file_with_the_header(destination: Destination) -> None:
    empty = {"part": 0, "rows": 0, "csv": None, "csv_bytes": 0, "csv_sha256": None}

    manifest = put_folder(destination, f"exports/users/{NEW}", HEADER, [empty])

    assert manifest["files"] == [
        {"key": f"exports/users/{NEW}/00000.csv", "rows": 0, "bytes": 4, "sha256": digest(HEADER)}
    ]
    assert destination.store.read(f"exports/users/{NEW}/00000.csv") == HEADER


# -- one in force at a time ----------------------------------------------------------------------------------------


def test_a_new_run_has_a_folder_of_its_own_and_the_old_one_goes(destination: Destination) -> None:
    export_folder(destination, OLD, HEADER + b"1,2\n", HEADER + b"3,4\n")

    export_folder(destination, NEW, HEADER + b"5,6\n")

    assert keys(destination) == ["exports/users.manifest.json", f"exports/users/{NEW}/00000.csv"]


def test_a_folder_replaces_a_single_file_and_the_other_way_round(destination: Destination) -> None:
    export_file(destination, OLD, b"1,2\n")
    export_folder(destination, NEW, HEADER + b"1,2\n")
    assert keys(destination) == ["exports/users.manifest.json", f"exports/users/{NEW}/00000.csv"]

    export_file(destination, NEW, b"1,2\n")
    assert keys(destination) == ["exports/users.csv", "exports/users.manifest.json"]


def test_another_datasets_exports_stay(destination: Destination) -> None:
    destination.store.write("exports/items.csv", HEADER)
    destination.store.write(f"exports/items/{OLD}/00000.csv", HEADER)

    export_folder(destination, NEW, HEADER + b"1,2\n")

    assert {"exports/items.csv", f"exports/items/{OLD}/00000.csv"} < set(keys(destination))


def test_whoever_follows_the_manifest_finds_what_it_lists_at_every_moment(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[str] = []

    def look(done: str) -> None:
        manifest = json.loads(destination.store.read("exports/users.manifest.json") or b"{}")
        for file in manifest["files"]:
            assert digest(destination.store.read(file["key"]) or b"") == file["sha256"], done
        listed = {file["key"] for file in manifest["files"]}
        beside = {file.key for file in destination.store.files(manifest["path"])}
        assert beside == listed, "a folder that is handed to Personalize must hold one run's files and no others"
        moments.append(done)

    export_folder(destination, OLD, HEADER + b"1,2\n", HEADER + b"3,4\n")
    write, delete = destination.store.write, destination.store.delete

    def looking_write(key: str, data: bytes) -> None:
        write(key, data)
        look(f"write {key}")

    def looking_delete(of: Sequence[str]) -> None:
        for key in of:
            delete([key])
            look(f"delete {key}")

    monkeypatch.setattr(destination.store, "write", looking_write)
    monkeypatch.setattr(destination.store, "delete", looking_delete)
    export_folder(destination, NEW, HEADER + b"5,6\n", HEADER + b"7,8\n")

    assert moments == [
        f"write exports/users/{NEW}/00000.csv",
        f"write exports/users/{NEW}/00001.csv",
        "write exports/users.manifest.json",
        "delete exports/users.csv",
        f"delete exports/users/{OLD}/00000.csv",
        f"delete exports/users/{OLD}/00001.csv",
    ]


def test_a_manifest_that_cannot_be_put_leaves_the_former_folder_in_force(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_folder(destination, OLD, HEADER + b"1,2\n")
    former = destination.manifest("users")
    write = destination.store.write

    def refuse(key: str, data: bytes) -> None:
        if key.endswith("manifest.json"):
            raise StoreError("no")
        write(key, data)

    monkeypatch.setattr(destination.store, "write", refuse)
    with pytest.raises(StoreError):
        export_folder(destination, NEW, HEADER + b"5,6\n")

    assert destination.manifest("users") == former
    assert destination.store.read(f"exports/users/{OLD}/00000.csv") == HEADER + b"1,2\n"


def test_a_new_export_mends_a_damaged_manifest(destination: Destination) -> None:
    destination.store.write("exports/users.manifest.json", b"{")

    manifest = export_folder(destination, NEW, HEADER + b"1,2\n")

    assert destination.manifest("users") == manifest


def test_the_folder_of_a_dead_run_goes_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    dead, running = "20260930T000000-dddddd", "20261003T000000-eeeeee"
    for run, hours in ((dead, 25), (running, 23)):
        written(destination, f"exports/users/{run}", HEADER)
        os.utime(tmp_path / f"exports/users/{run}/00000.csv", (time.time() - hours * 3600,) * 2)

    export_folder(destination, NEW, HEADER + b"1,2\n")

    assert destination.store.folders("exports/users/") == [NEW, running]


# -- a report that is not true -------------------------------------------------------------------------------------


def test_a_file_of_another_size_than_reported_puts_nothing_in_force(destination: Destination) -> None:
    parts = written(destination, f"exports/users/{NEW}", HEADER + b"1,2\n")
    destination.store.write(f"exports/users/{NEW}/00000.csv", HEADER)

    with pytest.raises(IncompleteExport) as error:
        put_folder(destination, f"exports/users/{NEW}", HEADER, parts)

    assert str(error.value) == (
        f"{destination.uri}/exports/users/{NEW}/00000.csv holds 4 bytes, but the engine's report says that it wrote 8 "
        "bytes; nothing was put in force: run the export again"
    )


def test_a_file_that_is_not_there_puts_nothing_in_force(destination: Destination) -> None:
    parts = written(destination, f"exports/users/{NEW}", HEADER + b"1,2\n", HEADER + b"3,4\n")
    destination.store.delete([f"exports/users/{NEW}/00001.csv"])

    with pytest.raises(IncompleteExport, match=r"/00001\.csv is not there, but the engine's report says that it wrote"):
        put_folder(destination, f"exports/users/{NEW}", HEADER, parts)


def test_a_file_that_the_report_does_not_name_is_not_left_for_personalize(destination: Destination) -> None:
    parts = written(destination, f"exports/users/{NEW}", HEADER + b"1,2\n", HEADER + b"1,2\n")

    put_folder(destination, f"exports/users/{NEW}", HEADER, parts[:1])

    assert keys(destination) == [f"exports/users/{NEW}/00000.csv"]


# -- with an engine ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_the_files_of_a_folder_hold_the_rows_of_the_single_file_in_its_order(
    engine: Engine, tmp_path: Path, bucket: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sail cuts a part as soon as there are so many rows; Spark writes as many as it sorts in.
    monkeypatch.setattr("personalize_assets.conversion.export.part_writer._ROWS_A_PART", 1)
    place = str(tmp_path / "out") if kind == "folder" else f"s3://{bucket}/out put"
    single, folder = (
        Group(engine, tmp_path, str(tmp_path / "raw"), place, single_file=single_file) for single_file in (True, False)
    )
    single.arrives(FIRST, *(click(str(n), f"user {n % 977}", f"i{n % 1009}", n * 7919 % 86_400) for n in range(20_000)))
    single.convert([FIRST], "interactions")
    single.export("interactions_csv")
    whole = single.csv("interactions")

    manifest = folder.export("interactions_csv")["interactions_csv"]

    texts = [(folder.out.read(file["key"]) or b"").decode() for file in manifest["files"]]
    header = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n"
    assert all(text.startswith(header) for text in texts)
    assert header + "".join(text.removeprefix(header) for text in texts) == whole
    assert [digest(text.encode()) for text in texts] == [file["sha256"] for file in manifest["files"]]
    assert [text.count("\n") - 1 for text in texts] == [file["rows"] for file in manifest["files"]]
    assert len(texts) > 1 or isinstance(engine, LocalEngine)
    files = [file["key"] for file in manifest["files"]]
    assert folder.listed("exports/") == ["exports/interactions.manifest.json", *files]
    assert folder.listed("_parts/") == []


def test_every_dataset_is_exported_as_a_folder(engine: Engine, tmp_path: Path) -> None:
    group = Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"), single_file=False)
    story(group)
    group.convert([FIRST, SECOND])

    made = group.export(*EVERYTHING)

    for name, text in {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}.items():
        (file,) = made[f"{name}_csv"]["files"]
        assert (group.out.read(file["key"]) or b"").decode() == text
        assert made[f"{name}_csv"]["rows"] == text.count("\n") - 1
    assert set(exports(group).values()) == {"there is no such file"}
