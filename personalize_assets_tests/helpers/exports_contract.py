"""Tests of tables, exports and what they leave that hold for folders and buckets."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from personalize_assets.conversion.kept import Checkpoint, EntityCheckpoints, PartReport, Reduced
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.exported_files import (
    ExportedFiles,
    IncompleteExport,
    check_complete,
    copy_to_folder,
    join_to_file,
    take_over,
)
from personalize_assets.storage.manifests import (
    ExportedFile,
    ExportManifest,
    ExportSet,
    KeptFiles,
    RefusedExport,
    TableCommit,
)
from personalize_assets.storage.object_store import StoreError
from personalize_assets.storage.stored_structs import DamagedFile
from personalize_assets_tests.helpers.days_contract import DAY, NEW, OLD, keys, put
from personalize_assets_tests.helpers.stored import put_export, put_table

HEADER = b"A,B\n"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def table(run: str) -> TableCommit:
    """The commit of a table with one file."""
    files = (f"users/{run}-00000.parquet",)
    return TableCommit(run=run, days=(DAY,), inputs="i", mapping="m", files=files, rows=1, kept=1, duplicates=0)


def manifest(run: str, dataset: str = "users", **more: Any) -> ExportManifest:
    path = f"exports/{run}/{dataset}.csv"
    counts: dict[str, Any] = {"rows": 0, "kept": 0, "duplicates": 0, "bytes": 4, "sha256": "", "path": path}
    return ExportManifest(dataset=dataset, columns=("A", "B"), run=run, days=(DAY,), **(counts | more))


def written(destination: Destination, folder: str, *texts: bytes) -> list[PartReport]:
    """CSVs as an engine writes and reports them."""
    parts = []
    for number, text in enumerate(texts):
        destination.store.write(f"{folder}/{number:05d}.csv", text)
        uri = destination.uri_of(f"{folder}/{number:05d}.csv")
        rows = text.count(b"\n")
        parts.append(PartReport(part=number, rows=rows, csv=uri, csv_bytes=len(text), csv_sha256=digest(text)))
    return parts


class TablesContract:
    """What holds for tables; a subclass gives the fixture ``destination``."""

    def test_a_table_is_replaced_and_its_former_files_are_listed(self, destination: Destination) -> None:
        for run in (OLD, NEW):
            put(destination, f"users/{run}-00000.parquet")
            put_table(destination, "users", table(run))

        current = destination.tables.current("users")
        assert current is not None
        assert (current.run, [replaced.files for replaced in current.replaced]) == (NEW, [table(OLD).files])
        assert keys(destination) == [
            f"users/{OLD}-00000.parquet", f"users/{NEW}-00000.parquet", "users/_commit.json",
        ]  # fmt: skip

    def test_a_table_that_another_run_has_replaced_stays(self, destination: Destination) -> None:
        before = destination.tables.find("users")
        put_table(destination, "users", table(NEW))

        assert not destination.tables.swap("users", table(OLD), before)
        assert destination.tables.current("users") == table(NEW)

    def test_a_shorter_list_of_replaced_files_is_written_only_over_the_object_that_was_read(
        self, destination: Destination
    ) -> None:
        put_table(destination, "users", table(OLD))
        put_table(destination, "users", table(NEW))
        found = destination.tables.find("users")
        assert found.stored is not None
        assert isinstance(found.object, TableCommit)

        assert destination.tables.forget_replaced("users", found.stored, table(NEW))
        assert not destination.tables.forget_replaced("users", found.stored, table(OLD))
        assert destination.tables.current("users") == table(NEW)

    def test_a_damaged_table_is_named_and_the_next_commit_replaces_it(self, destination: Destination) -> None:
        destination.store.write("users/_commit.json", b'{"run": "r", "days": "2026-10-01"}')

        with pytest.raises(
            DamagedFile,
            match=re.escape("Expected `array`, got `str` - at `$.days`") + ".*; materialize users again to replace it",
        ):
            destination.tables.current("users")
        put_table(destination, "users", table(NEW))

        assert destination.tables.current("users") == table(NEW)

    def test_no_commit_of_a_table_looks_like_data_to_a_reader_of_its_folder(self, destination: Destination) -> None:
        assert destination.tables.key("users").rpartition("/")[2].startswith("_")

    def test_the_prefix_of_a_runs_files_is_that_of_its_commit(self, destination: Destination) -> None:
        assert table(NEW).files[0].startswith(destination.tables.prefix("users", NEW))


class ExportsContract:
    """What holds for exports; a subclass gives the fixture ``destination``."""

    def test_an_export_is_current_when_the_latest_object_names_it(self, destination: Destination) -> None:
        assert destination.exports.latest() is None
        assert destination.exports.manifest("users") is None

        made = put_export(destination, manifest(NEW))

        assert destination.exports.latest() == made
        assert destination.exports.manifest("users") == manifest(NEW)
        assert destination.exports.manifest("items") is None
        stored = json.loads(destination.store.read("exports/latest.json") or b"")
        assert (stored["run"], stored["datasets"]["users"]["path"]) == (NEW, f"exports/{NEW}/users.csv")

    def test_an_export_knows_those_before_it(self, destination: Destination) -> None:
        for run in (OLD, "20261001T120000-cccccc", NEW):
            made = put_export(destination, manifest(run))

        assert made.former == ("20261001T120000-cccccc", OLD)

    def test_an_export_that_another_run_was_faster_than_changes_nothing(self, destination: Destination) -> None:
        before = destination.exports.find_latest()
        put_export(destination, manifest(NEW))
        late = ExportSet(run=OLD, made="", datasets={"users": manifest(OLD)})

        assert not destination.exports.publish(late, before)
        assert destination.exports.manifest("users") == manifest(NEW)

    def test_a_damaged_object_is_named_and_the_next_export_replaces_it(self, destination: Destination) -> None:
        destination.store.write("exports/latest.json", b"{")

        with pytest.raises(
            DamagedFile, match=r"exports/latest\.json is damaged: expected the manifest of an export .*; delete it, and"
        ):
            destination.exports.latest()
        put_export(destination, manifest(NEW))

        assert destination.exports.manifest("users") == manifest(NEW)

    def test_an_export_that_names_files_outside_is_damaged(self, destination: Destination) -> None:
        put_export(destination, manifest(NEW))
        data = destination.store.read("exports/latest.json") or b""
        destination.store.write("exports/latest.json", data.replace(b'"exports/2026', b'"../2026'))

        with pytest.raises(DamagedFile, match="leads out of"):
            destination.exports.manifest("users")

    def test_schemas_and_manifest_are_stored_beside_the_csvs(self, destination: Destination) -> None:
        key = destination.exports.put_schema(f"exports/{NEW}", "users", {"type": "record"})
        made = ExportSet(run=NEW, made="", datasets={"users": manifest(NEW, schema=key)})
        destination.exports.put_manifest(made)

        assert keys(destination) == [f"exports/{NEW}/manifest.json", f"exports/{NEW}/users.avsc"]
        assert destination.exports.schema(made.datasets["users"]) == b'{\n "type": "record"\n}\n'
        assert destination.exports.schema(manifest(NEW)) is None

    def test_what_is_refused_is_stored_aside_with_the_reasons(self, destination: Destination) -> None:
        refused = RefusedExport(run=NEW, made="", findings={"users": ("no rows",)}, datasets={"users": manifest(NEW)})
        destination.exports.put_refused(refused)

        stored = json.loads(destination.store.read(f"exports/refused/{NEW}/refused.json") or b"")
        assert stored["findings"] == {"users": ["no rows"]}
        assert destination.exports.runs("exports/refused") == [NEW]
        assert destination.exports.runs() == []


class ExportedFilesContract:
    """What holds for CSVs; a subclass gives the fixture ``destination``."""

    def test_parts_become_one_file(self, destination: Destination) -> None:
        whole = HEADER + b"1,2\n3,4\n"
        parts = written(destination, "_parts/users", b"1,2\n", b"3,4\n")

        assert join_to_file(destination, f"exports/{NEW}/users", HEADER, parts) == ExportedFiles(
            f"exports/{NEW}/users.csv", 12, digest(whole),
            (ExportedFile(f"exports/{NEW}/users.csv", 2, 12, digest(whole)),),
        )  # fmt: skip
        assert destination.store.read(f"exports/{NEW}/users.csv") == whole
        assert keys(destination, "_parts/") == ["_parts/users/00000.csv", "_parts/users/00001.csv"]

    def test_a_csv_whose_parts_cannot_be_read_is_not_written(self, destination: Destination) -> None:
        parts = written(destination, "_parts/x", b"1,2\n", b"3,4\n")
        destination.store.delete(["_parts/x/00001.csv"])

        with pytest.raises(StoreError, match=re.escape("_parts/x/00001.csv")):
            join_to_file(destination, f"exports/{NEW}/users", HEADER, parts)

        assert keys(destination) == ["_parts/x/00000.csv"]

    def test_files_of_a_folder_are_listed_in_order_with_bytes_and_digest(self, destination: Destination) -> None:
        first, second = HEADER + b"1,2\n", HEADER + b"3,44\n"
        parts = written(destination, "_parts/users", first, second)

        files = copy_to_folder(destination, f"exports/{NEW}/users", HEADER, parts)

        assert files == ExportedFiles(
            path=f"exports/{NEW}/users/",
            bytes=17,
            sha256=digest(f"{digest(first)}\n{digest(second)}\n".encode()),
            files=(
                ExportedFile(f"exports/{NEW}/users/00000.csv", 2, 8, digest(first)),
                ExportedFile(f"exports/{NEW}/users/00001.csv", 2, 9, digest(second)),
            ),
        )
        assert destination.store.read(f"exports/{NEW}/users/00001.csv") == second

    def test_a_folder_without_any_row_is_one_file_with_the_header(self, destination: Destination) -> None:
        found = copy_to_folder(destination, f"exports/{NEW}/users", HEADER, [PartReport(part=0)])

        assert found.files == (ExportedFile(f"exports/{NEW}/users/00000.csv", 0, 4, digest(HEADER)),)
        assert destination.store.read(f"exports/{NEW}/users/00000.csv") == HEADER

    def test_a_file_of_another_size_than_reported_is_no_export(self, destination: Destination) -> None:
        parts = written(destination, "_parts/users", HEADER + b"1,2\n")
        destination.store.write("_parts/users/00000.csv", HEADER)

        with pytest.raises(IncompleteExport) as error:
            copy_to_folder(destination, f"exports/{NEW}/users", HEADER, parts)

        assert str(error.value) == (
            f"{destination.uri}/exports/{NEW}/users/00000.csv has 4 bytes, but the engine's report says that it wrote "
            "8 bytes; the former export stays the current one: run the export again"
        )

    @pytest.mark.parametrize("lost", [True, False])
    def test_an_export_is_complete_if_all_its_files_have_their_sizes(
        self, destination: Destination, lost: bool
    ) -> None:
        files = join_to_file(destination, f"exports/{NEW}/users", HEADER, [])
        made = ExportSet(run=NEW, made="", datasets={"users": manifest(NEW, files=files.files)})
        if not lost:
            check_complete(destination, made)
            return
        destination.store.delete([files.path])
        with pytest.raises(IncompleteExport, match=r"users\.csv does not exist, but the engine's report says"):
            check_complete(destination, made)

    @pytest.mark.parametrize("is_folder", [True, False])
    def test_what_is_not_made_anew_is_taken_over_from_the_former_export(
        self, destination: Destination, is_folder: bool
    ) -> None:
        put_files = copy_to_folder if is_folder else join_to_file
        parts = written(destination, "_parts/users", b"1,2\n", b"3,4\n")
        files = put_files(destination, f"exports/{OLD}/users", HEADER, parts)
        schema = destination.exports.put_schema(f"exports/{OLD}", "users", {})
        own = manifest(OLD, schema=schema, **{**files._asdict(), "rows": 2})
        former = ExportSet(run=OLD, made="", datasets={"users": own})

        taken = take_over(destination, former, ["users", "items"], NEW)["users"]

        assert (taken.run, taken.sha256, taken.rows) == (OLD, own.sha256, 2)
        assert taken.path == own.path.replace(OLD, NEW)
        assert taken.schema == f"exports/{NEW}/users.avsc"
        for before, after in zip(own.files, taken.files, strict=True):
            assert after.key == before.key.replace(OLD, NEW)
            assert destination.store.read(after.key) == destination.store.read(before.key)

    def test_the_csv_of_an_older_version_is_taken_over(self, destination: Destination) -> None:
        destination.store.write("exports/users.csv", HEADER)
        own = manifest(OLD, path="exports/users.csv")

        taken = take_over(destination, ExportSet(run=OLD, made="", datasets={"users": own}), ["users"], NEW)["users"]

        assert taken.path == f"exports/{NEW}/users.csv"
        assert destination.store.read(taken.path) == HEADER

    def test_nothing_is_taken_over_without_a_former_export(self, destination: Destination) -> None:
        assert take_over(destination, None, ["users"], NEW) == {}


def kept(destination: Destination, run: str, *names: str) -> EntityCheckpoints:
    """What an export leaves: files of a run, which exist."""
    of_run = [f"{destination.kept.folder('users', run)}/{name}" for name in names]
    put(destination, *of_run)
    files = tuple(Reduced(destination.uri_of(key), 1, ("u",)) for key in of_run)
    return EntityCheckpoints(made="m", months=(Checkpoint(until="2026-10", inputs="i", files=files),))


def age(destination: Destination, *runs: str) -> None:
    """Let it be 25 hours since the files of runs were found to be unused."""
    key = "_kept/users/kept.json"
    found = json.loads(destination.store.read(key) or b"")
    dropped = {key: at - 25 * 3600 * any(run in key for run in runs) for key, at in found["dropped"].items()}
    destination.store.write(key, json.dumps({**found, "dropped": dropped}).encode())


_A_DAY = 24 * 3600


class KeptContract:
    """What holds for what an export leaves for the next one; a subclass gives the fixture ``destination``."""

    def test_what_an_export_leaves_is_there_for_the_next_one(self, destination: Destination) -> None:
        assert destination.kept.current("users") is None
        left = kept(destination, NEW, "a", "b")

        destination.kept.put("users", left, _A_DAY)

        assert destination.kept.current("users") == KeptFiles(kept=left)

    @pytest.mark.parametrize("lost", ["_kept/users/20261002T000000-bbbbbb/b", "_kept/users/kept.json"])
    def test_nothing_is_left_if_any_of_its_files_is_gone(self, destination: Destination, lost: str) -> None:
        destination.kept.put("users", kept(destination, NEW, "a", "b"), _A_DAY)

        destination.store.delete([lost])

        assert destination.kept.current("users") is None

    def test_what_is_damaged_is_not_used_and_is_replaced(self, destination: Destination) -> None:
        destination.store.write("_kept/users/kept.json", b"{")
        assert destination.kept.current("users") is None

        destination.kept.put("users", kept(destination, NEW, "a"), _A_DAY)

        assert destination.kept.current("users") is not None

    def test_files_that_are_used_no_more_are_to_be_deleted_a_day_later(self, destination: Destination) -> None:
        destination.kept.put("users", kept(destination, OLD, "a", "b"), _A_DAY)
        put(destination, f"_kept/users/{OLD}/of-a-run-that-died", "_kept/users/of-the-user")

        assert destination.kept.put("users", kept(destination, NEW, "a"), _A_DAY) == []

        age(destination, OLD)
        assert destination.kept.put("users", kept(destination, NEW, "a"), _A_DAY) == [
            f"_kept/users/{OLD}/{name}" for name in ("a", "b", "of-a-run-that-died")
        ]

    def test_everything_is_exported_again_once_it_is_forgotten(self, destination: Destination) -> None:
        destination.kept.put("users", kept(destination, NEW, "a"), _A_DAY)

        destination.kept.forget("users")

        assert destination.kept.current("users") is None
