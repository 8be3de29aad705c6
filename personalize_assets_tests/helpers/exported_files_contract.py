"""Tests of exported files that hold for folders and buckets."""

import hashlib
import json
import re
from collections.abc import Sequence

import pytest

from personalize_assets.conversion.kept import PartReport
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.exported_files import ExportedFiles, IncompleteExport, join_single_file, keep_folder
from personalize_assets.storage.manifests import ExportedFile, ExportManifest
from personalize_assets.storage.object_store import StoreError

OLD, NEW = "20261001T000000-aaaaaa", "20261002T000000-bbbbbb"


HEADER = b"A,B\n"


def keys(destination: Destination) -> list[str]:
    return sorted(file.key for file in destination.store.files())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def written(destination: Destination, folder: str, *texts: bytes) -> list[PartReport]:
    """CSVs as an engine writes and reports them."""
    parts = []
    for number, text in enumerate(texts):
        destination.store.write(f"{folder}/{number:05d}.csv", text)
        uri = destination.uri_of(f"{folder}/{number:05d}.csv")
        rows = text.count(b"\n")
        parts.append(PartReport(part=number, rows=rows, csv=uri, csv_bytes=len(text), csv_sha256=digest(text)))
    return parts


def put_manifest(destination: Destination, run: str, files: ExportedFiles) -> ExportManifest:
    manifest = ExportManifest(
        dataset="users", columns=("A", "B"), rows=1, kept=1, duplicates=0, run=run, days=(), **files._asdict()
    )
    destination.put_manifest("users", manifest)
    return manifest


def export_folder(destination: Destination, run: str, *texts: bytes) -> ExportManifest:
    folder = destination.csv_folder("users", run)
    files = keep_folder(destination, folder, HEADER, written(destination, folder, *texts))
    return put_manifest(destination, run, files)


def export_file(destination: Destination, run: str, *texts: bytes) -> ExportManifest:
    parts = written(destination, destination.parts_folder("users", run), *texts)
    return put_manifest(destination, run, join_single_file(destination, "users", HEADER, parts))


class ExportedFilesContract:
    """What holds for CSVs in a folder and in a bucket; a subclass gives the fixture ``destination``."""

    def test_a_folders_manifest_lists_its_files_in_order_with_bytes_and_digest(self, destination: Destination) -> None:
        first, second = HEADER + b"1,2\n", HEADER + b"3,44\n"

        folder = destination.csv_folder("users", NEW)
        files = keep_folder(destination, folder, HEADER, written(destination, folder, first, second))

        assert files == ExportedFiles(
            path=f"exports/users/{NEW}/",
            bytes=17,
            sha256=digest(f"{digest(first)}\n{digest(second)}\n".encode()),
            files=(
                ExportedFile(f"exports/users/{NEW}/00000.csv", 2, 8, digest(first)),
                ExportedFile(f"exports/users/{NEW}/00001.csv", 2, 9, digest(second)),
            ),
        )

    def test_a_single_files_manifest_lists_that_one(self, destination: Destination) -> None:
        whole = HEADER + b"1,2\n3,4\n"

        parts = written(destination, destination.parts_folder("users", NEW), b"1,2\n", b"3,4\n")
        assert join_single_file(destination, "users", HEADER, parts) == ExportedFiles(
            "exports/users.csv", 12, digest(whole), (ExportedFile("exports/users.csv", 2, 12, digest(whole)),)
        )
        assert destination.store.read("exports/users.csv") == whole
        assert keys(destination) == ["exports/users.csv"]

    def test_a_csv_that_cannot_be_joined_leaves_the_former_one_and_the_parts(self, destination: Destination) -> None:
        join_single_file(destination, "users", b"former\n", [])
        parts = written(destination, "_parts/x", b"1,2\n", b"3,4\n")
        destination.store.delete(["_parts/x/00001.csv"])

        with pytest.raises(StoreError, match=re.escape("_parts/x/00001.csv")):
            join_single_file(destination, "users", HEADER, parts)

        assert destination.store.read("exports/users.csv") == b"former\n"
        assert keys(destination) == ["_parts/x/00000.csv", "exports/users.csv"]

    def test_a_folder_without_any_row_is_one_file_with_the_header(self, destination: Destination) -> None:
        found = keep_folder(destination, f"exports/users/{NEW}", HEADER, [PartReport(part=0)])

        assert found.files == (ExportedFile(f"exports/users/{NEW}/00000.csv", 0, 4, digest(HEADER)),)
        assert destination.store.read(f"exports/users/{NEW}/00000.csv") == HEADER

    def test_a_new_run_has_a_folder_of_its_own_and_the_old_one_is_deleted(self, destination: Destination) -> None:
        export_folder(destination, OLD, HEADER + b"1,2\n", HEADER + b"3,4\n")

        export_folder(destination, NEW, HEADER + b"5,6\n")

        assert keys(destination) == ["exports/users.manifest.json", f"exports/users/{NEW}/00000.csv"]

    def test_a_folder_replaces_a_single_file_and_the_other_way_round(self, destination: Destination) -> None:
        export_file(destination, OLD, b"1,2\n")
        export_folder(destination, NEW, HEADER + b"1,2\n")
        assert keys(destination) == ["exports/users.manifest.json", f"exports/users/{NEW}/00000.csv"]

        export_file(destination, NEW, b"1,2\n")
        assert keys(destination) == ["exports/users.csv", "exports/users.manifest.json"]

    def test_another_datasets_exports_stay(self, destination: Destination) -> None:
        destination.store.write("exports/items.csv", HEADER)
        destination.store.write(f"exports/items/{OLD}/00000.csv", HEADER)

        export_folder(destination, NEW, HEADER + b"1,2\n")

        assert {"exports/items.csv", f"exports/items/{OLD}/00000.csv"} < set(keys(destination))

    def test_a_reader_who_follows_the_manifest_finds_what_it_lists_at_every_moment(
        self, destination: Destination, monkeypatch: pytest.MonkeyPatch
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

    def test_a_manifest_that_cannot_be_written_leaves_the_former_folder_current(
        self, destination: Destination, monkeypatch: pytest.MonkeyPatch
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

    def test_a_new_export_replaces_a_damaged_manifest(self, destination: Destination) -> None:
        destination.store.write("exports/users.manifest.json", b"{")

        manifest = export_folder(destination, NEW, HEADER + b"1,2\n")

        assert destination.manifest("users") == manifest

    def test_a_file_of_another_size_than_reported_replaces_nothing(self, destination: Destination) -> None:
        parts = written(destination, f"exports/users/{NEW}", HEADER + b"1,2\n")
        destination.store.write(f"exports/users/{NEW}/00000.csv", HEADER)

        with pytest.raises(IncompleteExport) as error:
            keep_folder(destination, f"exports/users/{NEW}", HEADER, parts)

        assert str(error.value) == (
            f"{destination.uri}/exports/users/{NEW}/00000.csv has 4 bytes, but the engine's report says that it wrote "
            "8 bytes; the former export stays the current one: run the export again"
        )

    def test_a_missing_file_replaces_nothing(self, destination: Destination) -> None:
        parts = written(destination, f"exports/users/{NEW}", HEADER + b"1,2\n", HEADER + b"3,4\n")
        destination.store.delete([f"exports/users/{NEW}/00001.csv"])

        with pytest.raises(
            IncompleteExport, match=r"/00001\.csv does not exist, but the engine's report says that it wrote"
        ):
            keep_folder(destination, f"exports/users/{NEW}", HEADER, parts)

    def test_a_file_that_the_report_does_not_name_is_not_left_for_personalize(self, destination: Destination) -> None:
        parts = written(destination, f"exports/users/{NEW}", HEADER + b"1,2\n", HEADER + b"1,2\n")

        keep_folder(destination, f"exports/users/{NEW}", HEADER, parts[:1])

        assert keys(destination) == [f"exports/users/{NEW}/00000.csv"]
