"""The files of exports: one file or a folder of files, one current at a time, and a manifest that says which."""

import os
import time
from pathlib import Path

import pytest

from personalize_assets.storage.destination import Destination
from personalize_assets.storage.exported_files import join_single_file, keep_folder
from personalize_assets_tests.helpers.exported_files_contract import (
    HEADER,
    NEW,
    OLD,
    ExportedFilesContract,
    export_folder,
    keys,
    written,
)


class TestExportedFilesInAFolder(ExportedFilesContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return Destination(str(tmp_path / "out"))


def test_the_parts_of_a_dead_export_are_deleted_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    for run, hours in ((OLD, 25), (NEW, 1)):
        written(destination, f"_parts/items-{run}", b"1,2\n")
        os.utime(tmp_path / f"_parts/items-{run}/00000.csv", (time.time() - hours * 3600,) * 2)

    join_single_file(destination, "interactions", b"A\n", [])

    assert keys(destination) == [f"_parts/items-{NEW}/00000.csv", "exports/interactions.csv"]


def test_the_folder_of_a_dead_run_is_deleted_after_24_hours(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    dead, running = "20260930T000000-dddddd", "20261003T000000-eeeeee"
    for run, hours in ((dead, 25), (running, 23)):
        written(destination, f"exports/users/{run}", HEADER)
        os.utime(tmp_path / f"exports/users/{run}/00000.csv", (time.time() - hours * 3600,) * 2)

    export_folder(destination, NEW, HEADER + b"1,2\n")

    assert destination.store.folders("exports/users/") == [NEW, running]


def test_other_users_of_the_machine_cannot_read_a_csv_that_a_task_wrote(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    folder = destination.csv_folder("users", NEW)
    parts = written(destination, folder, HEADER + b"1,2\n")
    (tmp_path / folder / "00000.csv").chmod(0o644)

    keep_folder(destination, folder, HEADER, parts)

    assert oct((tmp_path / folder / "00000.csv").stat().st_mode & 0o777) == "0o640"
