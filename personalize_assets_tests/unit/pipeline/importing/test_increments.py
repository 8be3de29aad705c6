"""Files of increments, in a folder: what is written, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.importing import increments
from personalize_assets.pipeline.importing.increments import DamagedBase, Increment, write_increment
from personalize_assets.pipeline.importing.job_names import JobContent
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import ExportedFile, ExportManifest

CONTENT = JobContent("a" * 12, "b" * 12)
KEY = f"exports/increments/items/{'a' * 12}-{'b' * 12}/items.csv"


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path / "out"))


def put(destination: Destination, run: str, *files: bytes) -> ExportManifest:
    keys = [f"exports/{run}/{number}.csv" for number in range(len(files))]
    for key, data in zip(keys, files, strict=True):
        destination.store.write(key, data)
    return ExportManifest(
        dataset="items",
        columns=("ITEM_ID", "GENRE"),
        rows=0,
        kept=0,
        duplicates=0,
        bytes=sum(map(len, files)),
        sha256=hashlib.sha256(b"".join(files)).hexdigest(),
        path=f"exports/{run}/",
        files=tuple(ExportedFile(key, 0, len(data), "") for key, data in zip(keys, files, strict=True)),
        run=run,
        days=(),
    )


def test_new_and_changed_rows_are_written_below_a_header(destination: Destination) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\na,x\nb,y\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\nb,z\nc,\n")

    found = write_increment(destination, before, after, CONTENT)

    assert found == Increment(KEY, 2, 21, 0)
    assert destination.store.read(KEY) == b"ITEM_ID,GENRE\nb,z\nc,\n"
    assert [file.key for file in destination.store.files("_parts/")] == []


def test_the_files_of_a_folder_are_one_csv(destination: Destination) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\na,x\n", b"ITEM_ID,GENRE\nb,y\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\nb,y\nc,z\n")

    write_increment(destination, before, after, CONTENT)

    assert destination.store.read(KEY) == b"ITEM_ID,GENRE\nc,z\n"


@pytest.mark.parametrize("newer", [b"ITEM_ID,GENRE\na,x\n", b"ITEM_ID,GENRE\na,x\nc,z\n"])
def test_if_an_id_vanished_nothing_is_written(destination: Destination, newer: bytes) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\na,x\nb,y\n")

    found = write_increment(destination, before, put(destination, "2", newer), CONTENT)

    assert (found.key, found.vanished) == ("", 1)
    assert destination.store.read(KEY) is None


def test_more_than_an_increment_may_have_is_not_written(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increments, "MAX_INCREMENT_BYTES", 20)
    before = put(destination, "1", b"ITEM_ID,GENRE\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\nb,y\n")

    found = write_increment(destination, before, after, CONTENT)

    assert (found.key, found.rows, found.bytes) == ("", 2, 22)


def test_a_trial_writes_nothing(destination: Destination) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\n")

    assert write_increment(destination, before, after, CONTENT, dry=True).rows == 1
    assert destination.store.read(KEY) is None


def test_a_csv_that_was_changed_is_refused(destination: Destination) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\n")
    destination.store.write("exports/2/0.csv", b"ITEM_ID,GENRE\na,xyz\n")

    with pytest.raises(PersonalizeAssetsError, match=r"0\.csv has 20 bytes below the header .*, which says 18"):
        write_increment(destination, before, after, CONTENT)


def test_a_changed_csv_of_what_is_held_is_an_error_of_its_own(destination: Destination) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\na,x\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\nb,y\n")
    destination.store.write("exports/1/0.csv", b"ITEM_ID\na\n")

    with pytest.raises(DamagedBase, match=r"0\.csv has 10 bytes without the header of its manifest, which says 18"):
        write_increment(destination, before, after, CONTENT)


def test_fewer_rows_than_wanted_are_counted_and_not_written(destination: Destination) -> None:
    before = put(destination, "1", b"ITEM_ID,GENRE\n")
    after = put(destination, "2", b"ITEM_ID,GENRE\na,x\n")

    found = write_increment(destination, before, after, CONTENT, least=2)

    assert (found.key, found.rows) == ("", 1)
    assert destination.store.read(KEY) is None
