"""What cannot be deleted fails nothing, and gives one warning."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from personalize_assets.storage.cleanup import remove, remove_unfinished, warned_once
from personalize_assets.storage.folder import FolderStore
from personalize_assets.storage.object_store import NOTHING_LEFT, StoreError, Undeleted

DENIED = "s3://b/x: access denied (no); the role or user that runs this needs s3:DeleteObject"


class Refusing(FolderStore):
    """A store that deletes no file whose key begins with ``keep``."""

    def try_delete(self, keys: Iterable[str]) -> Undeleted:
        kept = [key for key in keys if key.startswith("keep")]
        return Undeleted(len(kept), DENIED) if kept else NOTHING_LEFT


@pytest.fixture
def store(tmp_path: Path) -> Refusing:
    return Refusing(str(tmp_path))


def test_what_stays_is_counted_into_one_warning_with_the_right_that_is_missing(store: Refusing) -> None:
    warnings: list[str] = []

    with warned_once(warnings.append):
        done = [remove(store, keys) for keys in (["keep-1", "a"], ["b"], ["keep-2", "keep-3"])]
        assert warnings == []

    assert done == [False, True, False]
    assert warnings == [
        f"3 files that nothing needs any more could not be deleted: {DENIED}. "
        "The results are complete; what stays takes room, and later runs try again"
    ]


def test_without_anything_left_there_is_no_warning(store: Refusing) -> None:
    warnings: list[str] = []

    with warned_once(warnings.append):
        assert remove(store, ["a"])
        assert remove_unfinished(store, ["a"])

    assert warnings == []


def test_the_warning_comes_also_if_the_run_fails(store: Refusing) -> None:
    warnings: list[str] = []

    def fail() -> None:
        with warned_once(warnings.append):
            remove(store, ["keep"])
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    assert [warning.partition(" that")[0] for warning in warnings] == ["1 file"]


def test_a_store_that_cannot_even_be_listed_fails_nothing(store: Refusing, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Undeleted:
        raise StoreError("s3://b: access denied")

    monkeypatch.setattr(Refusing, "delete_unfinished", refuse)
    warnings: list[str] = []

    with warned_once(warnings.append):
        assert not remove_unfinished(store, [""])

    assert "could not be deleted: s3://b: access denied." in warnings[0]


def test_outside_of_a_run_the_warning_goes_to_the_log(store: Refusing, caplog: pytest.LogCaptureFixture) -> None:
    remove(store, ["keep"])

    assert caplog.messages == [f"1 files could not be deleted: {DENIED}"]
