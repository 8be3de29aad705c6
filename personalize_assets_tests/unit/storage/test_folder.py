"""Folders as object stores."""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from personalize_assets.storage.folder import LEADS_OUT, NOT_A_FILE, FolderStore
from personalize_assets.storage.object_store import ObjectStore, StoreError, TransientStoreError
from personalize_assets_tests.helpers.store_contract import ObjectStoreContract, listed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


class TestFolderStore(ObjectStoreContract):
    @pytest.fixture
    def store(self, folder: Path) -> ObjectStore:
        return FolderStore(str(folder))


def test_a_folder_that_is_not_there_holds_nothing_but_does_not_pass(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path / "nothing"))

    assert (list(store.files()), store.folders(), store.read("a")) == ([], [], None)
    with pytest.raises(StoreError) as error:
        store.check_exists()
    assert str(error.value) == f"{tmp_path}/nothing is not a folder; create it, or correct the uri in the config"


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreError, match=r"/file is a file and not a folder; correct the uri in the config"):
        FolderStore(str(tmp_path / "file")).check_exists()


def test_the_first_write_makes_the_folder(tmp_path: Path) -> None:
    FolderStore(str(tmp_path / "new" / "store")).write("a/b", b"x")

    assert (tmp_path / "new/store/a/b").read_bytes() == b"x"


def test_a_folder_reached_through_a_link_is_that_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    store = FolderStore(str(tmp_path / "link"))
    store.write("a/b", b"x")

    assert listed(store) == {"a/b": 1}
    assert (folder / "a/b").read_bytes() == b"x"


def test_a_linked_folder_inside_is_listed_and_one_that_leads_back_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1").write_bytes(b"x")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(folder / "nothing")

    assert listed(FolderStore(str(folder))) == {"linked/1": 1}


def test_a_file_that_vanishes_while_it_is_listed_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(b"x")
    scandir = os.scandir

    @contextmanager
    def vanishing(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(path) as entries:
            found = list(entries)
        (folder / "b").unlink()
        yield iter(found)

    monkeypatch.setattr(os, "scandir", vanishing)
    assert list(listed(FolderStore(str(folder)))) == ["a", "c"]


def test_a_folder_that_may_not_be_listed_is_an_error_and_not_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    store = FolderStore(str(folder))
    denied_text = "Permission denied; give the user who runs this access to it, or correct the uri in the config"
    for listing in (lambda: list(store.files()), store.folders):
        with pytest.raises(StoreError) as error:
            listing()
        assert str(error.value).replace("/ cannot", " cannot") == f"{folder} cannot be read: {denied_text}"


def test_a_place_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "exports").write_text("a file where a folder must be")

    with pytest.raises(StoreError) as error:
        FolderStore(str(folder)).write("exports/a.csv", b"x")

    assert str(error.value) == (
        f"{folder}/exports cannot be written: File exists; give the user who runs this access to it, or correct the "
        "uri in the config"
    )


def test_a_full_disk_is_reported_and_leaves_the_former_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(str(folder))
    store.write("a", b"former")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as error:
        store.write("a", b"new")

    assert str(error.value) == f"{folder} cannot be written: No space left on device; free some space there"
    assert listed(store) == {"a": 6}


def test_a_reader_meets_the_old_file_or_the_new_one(folder: Path) -> None:
    store = FolderStore(str(folder))
    versions = [bytes([letter]) * 300_000 for letter in b"abc"]
    store.write("a", versions[0])
    stop = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not stop.is_set():
            seen.add(store.read("a") or b"nothing")

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(30):
        store.write("a", versions[turn % 3])
    stop.set()
    reader.join()
    assert seen <= set(versions)


def aged(folder: Path, hours_by_name: dict[str, int]) -> None:
    """Files that were last written so many hours ago."""
    for name, hours in hours_by_name.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - 3600 * hours,) * 2)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_what_a_killed_process_left_of_a_file_is_deleted_a_day_after(folder: Path) -> None:
    aged(folder, {".all.csv.0badcafe": 25, ".all.csv.12345678": 23, "a/._commit.json.0badcafe": 48})

    left = FolderStore(str(folder)).delete_unfinished()

    assert (bool(left), names(folder)) == (False, [".all.csv.12345678"])


def test_files_of_other_names_are_not_taken_for_unfinished_ones(folder: Path) -> None:
    others = ["all.csv", ".other.1", ".0badcafe", "all.csv.0badcafe", ".all.csv.0BADCAFE", ".all.csv.0badcafe0"]
    aged(folder, dict.fromkeys(others, 48))

    FolderStore(str(folder)).delete_unfinished()

    assert names(folder) == sorted(others)


def test_unfinished_files_of_other_keys_stay(folder: Path) -> None:
    aged(folder, {"a/.x.0badcafe": 48, "a/.y.0badcafe": 48, "b/.x.0badcafe": 48, "c/.x.0badcafe": 48})

    FolderStore(str(folder)).delete_unfinished(["a/x", "b/"])

    assert names(folder) == ["a/.y.0badcafe", "c/.x.0badcafe"]


def test_a_link_that_was_never_brought_into_its_place_is_deleted_and_what_it_leads_to_stays(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "file").write_bytes(b"x")
    (folder / ".latest.0badcafe").symlink_to("run")
    os.utime(folder / ".latest.0badcafe", (0, 0), follow_symlinks=False)

    FolderStore(str(folder)).delete_unfinished()

    assert sorted(path.name for path in folder.iterdir()) == ["run"]
    assert names(folder) == ["run/file"]


def test_a_write_leaves_only_names_that_are_found_when_it_is_killed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(str(folder))
    monkeypatch.setattr(Path, "replace", lambda *_: None)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    store.write("a/b.json", b"half")
    store.link("latest", "a")
    monkeypatch.undo()
    for path in (*(folder / "a").iterdir(), *folder.glob(".latest*")):
        os.utime(path, (0, 0), follow_symlinks=False)

    store.delete_unfinished()

    assert list(folder.iterdir()) == []


def test_what_cannot_be_deleted_is_counted_with_the_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(folder, {"a": 0, "b": 0, "c": 0})
    unlink = Path.unlink

    def refuse(path: Path) -> None:
        if path.name != "b":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        unlink(path)

    monkeypatch.setattr(Path, "unlink", refuse)

    left = FolderStore(str(folder)).try_delete(["a", "b", "c"])

    assert left.files == 2
    assert left.reason.startswith(f"{folder}/a cannot be deleted: Permission denied; ")
    assert names(folder) == ["a", "c"]


def test_a_folder_that_is_emptied_goes_but_the_store_stays(folder: Path) -> None:
    store = FolderStore(str(folder))
    store.write("a/b/c", b"x")

    store.delete(["a/b/c"])

    assert list(folder.iterdir()) == []


# -- what is no regular file, and what leads out of the folder ---------------------------------------------------------


def test_a_pipe_and_a_socket_are_listed_with_why_they_are_not_read(folder: Path) -> None:
    (folder / "file").write_bytes(b"x")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        problems = {file.key: file.problem for file in FolderStore(str(folder)).files()}

    assert problems == {"file": "", "pipe": NOT_A_FILE, "socket": NOT_A_FILE}


def test_a_pipe_is_refused_at_once_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    for first_bytes in (None, 10):
        with pytest.raises(StoreError) as error:
            FolderStore(str(folder)).read("pipe", first_bytes)
        assert str(error.value) == (
            f"{folder}/pipe cannot be read: not a regular file; replace it by a regular file, or remove it"
        )


def test_links_that_lead_out_are_listed_with_why_and_not_followed_if_so_asked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/sub").mkdir(parents=True)
    (tmp_path / "elsewhere/sub/1").write_bytes(b"x")
    (folder / "own").mkdir()
    (folder / "own/2").write_bytes(b"yz")
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    (folder / "file").symlink_to(tmp_path / "elsewhere/sub/1")
    (folder / "inside").symlink_to(folder / "own")
    store = FolderStore(str(folder), follow_links=False)

    assert {file.key: (file.bytes, file.problem) for file in store.files()} == {
        "file": (1, LEADS_OUT),
        "inside/2": (2, ""),
        "out/": (0, LEADS_OUT),
        "own/2": (2, ""),
    }
    # Also where a listing begins below the link.
    assert [(file.key, file.problem) for file in store.files("out/sub/")] == [("out/sub/", LEADS_OUT)]
    assert listed(FolderStore(str(folder))) == {"file": 1, "inside/2": 2, "out/sub/1": 1, "own/2": 2}


@pytest.mark.parametrize("key", ["../victim.txt", "a/../../victim.txt", "/victim.txt", "a/./b", "a\0b"])
def test_a_key_that_leads_out_of_the_folder_is_refused_whatever_is_done(folder: Path, tmp_path: Path, key: str) -> None:
    (tmp_path / "victim.txt").write_bytes(b"mine")
    store = FolderStore(str(folder))
    store.write("there", b"x")

    ways: list[Callable[[], object]] = [
        lambda: store.read(key),
        lambda: store.read_version(key),
        lambda: store.write(key, b"x"),
        lambda: store.delete([key]),
        lambda: store.copy(key, "there"),
        lambda: store.copy("there", key),
        lambda: store.join("all", b"", [key]),
        lambda: store.join(key, b"", []),
        lambda: store.folders(f"{key}/"),
        lambda: store.holds(f"{key}/"),
        lambda: list(store.files(f"{key}/")),
    ]
    for do in ways:
        with pytest.raises(StoreError, match="leads out of it"):
            do()
    assert (tmp_path / "victim.txt").read_bytes() == b"mine"
    assert listed(store) == {"there": 1}


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_usual_umask")
def test_other_users_of_the_machine_get_no_right_to_a_file(folder: Path) -> None:
    store = FolderStore(str(folder))
    store.write("written", b"x")
    store.join("joined", b"x", ["written"])
    store.copy("written", "copied")
    store.swap("swapped", b"x", None)

    assert {file.name: mode(file) for file in folder.iterdir()} == dict.fromkeys(
        ("written", "joined", "copied", "swapped", "_lock"), "0o640"
    )


@pytest.mark.usefixtures("_usual_umask")
def test_a_narrower_umask_takes_the_groups_rights_too(folder: Path) -> None:
    os.umask(0o077)

    FolderStore(str(folder)).write("a", b"x")

    assert mode(folder / "a") == "0o600"


@pytest.mark.usefixtures("_usual_umask")
def test_a_folder_is_made_without_rights_of_others_and_one_that_exists_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)

    FolderStore(str(tmp_path / "there")).write("a", b"x")
    FolderStore(str(tmp_path / "new/store")).write("a", b"x")

    assert [mode(tmp_path / name) for name in ("there", "new", "new/store")] == ["0o755", "0o755", "0o750"]


@pytest.mark.usefixtures("_usual_umask")
def test_a_file_that_a_task_wrote_is_made_private(folder: Path) -> None:
    (folder / "of-a-task").write_bytes(b"x")
    (folder / "private-already").write_bytes(b"x")
    (folder / "private-already").chmod(0o600)

    FolderStore(str(folder)).make_private(["of-a-task", "private-already"])

    assert [mode(folder / name) for name in ("of-a-task", "private-already")] == ["0o640", "0o600"]


def test_a_link_leads_to_the_last_name_at_every_moment(folder: Path) -> None:
    store = FolderStore(str(folder))
    store.write("exports/1/a.csv", b"first")
    store.write("exports/2/a.csv", b"second")

    for run, text in (("1", "first"), ("2", "second"), ("2", "second")):
        store.link("exports/latest", run)
        assert (folder / "exports/latest/a.csv").read_text() == text
    assert sorted(file.name for file in (folder / "exports").iterdir()) == ["1", "2", "latest"]


def test_a_file_system_without_links_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refused)
    (folder / "exports").mkdir(parents=True)

    FolderStore(str(folder)).link("exports/latest", "1")

    assert list((folder / "exports").iterdir()) == []


def test_a_lock_that_another_process_holds_too_long_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr("personalize_assets.storage.folder._LOCK_SECONDS", 0)

    with FileLock(folder / "_lock"), pytest.raises(TransientStoreError) as error:
        FolderStore(str(folder)).swap("a", b"x", None)

    assert str(error.value) == (
        f"{folder}/_lock was locked by another process for 0 seconds; if that process hangs, end it, and run again"
    )
