"""The key of hashed columns: set, and the same for everything that is exported together."""

from pathlib import Path

import pytest

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.hashing import KEY
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.hash_keys import check_key, check_same_key, first_mark, mark_of
from personalize_assets.storage.destination import Destination, fingerprint
from personalize_assets.storage.manifests import DayCommit, TableCommit
from personalize_assets_tests.helpers.stored import put_day, put_table

HASHED = Dataset("users", (Column("USER_ID", ("id",), hash=True),), {})
PLAIN = Dataset("items", (Column("ITEM_ID", ("sku",)),), {})


def commit(mark: str | None) -> DayCommit:
    return DayCommit(run="r", mapping=fingerprint(HASHED), key_mark=mark)


def test_a_key_is_needed_only_for_hashed_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)

    check_key({"items": PLAIN})
    with pytest.raises(PersonalizeAssetsError, match=f"^datasets.users: {KEY} is not set"):
        check_key({"items": PLAIN, "users": HASHED})


def test_keys_are_told_apart_by_their_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = []
    for key in ("correct horse battery", "correct horse battery", "incorrect horse battery"):
        monkeypatch.setenv(KEY, key)
        marks.append(mark_of(HASHED))

    assert marks[0] == marks[1] != marks[2]
    assert "horse" not in str(marks)
    assert mark_of(PLAIN) is None


def test_the_mark_of_commits_is_the_first_that_any_has() -> None:
    assert first_mark([commit(None), commit("a")]) == "a"
    assert first_mark([commit(None)]) is None


def check(destination: Destination, assets: list[str]) -> None:
    tables = {"users": destination.tables.current("users")}
    check_same_key({"users": HASHED}, destination.days.all(), tables, assets)


def test_days_of_two_keys_are_refused(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    put_day(destination, "2026-10-01", {"users": commit("a")})
    check(destination, ["users"])

    put_day(destination, "2026-10-02", {"users": commit("b")})

    with pytest.raises(PersonalizeAssetsError) as error:
        check(destination, ["users"])
    assert str(error.value) == (
        f"user_traits of 2026-10-01 and user_traits of 2026-10-02 were hashed with different values of {KEY}; with one "
        "key, materialize all days again, and then users and items, or use `personalize-assets run --force`"
    )


def test_a_table_of_another_key_is_refused_only_if_it_is_exported_as_it_is(tmp_path: Path) -> None:
    destination = Destination(str(tmp_path))
    put_day(destination, "2026-10-01", {"users": commit("a")})
    table = TableCommit(
        run="r", days=(), mapping=fingerprint(HASHED), files=(), rows=0, kept=0, duplicates=0, key_mark="b"
    )
    put_table(destination, "users", table)

    check(destination, ["users", "users_csv"])
    with pytest.raises(PersonalizeAssetsError, match=r"^user_traits of 2026-10-01 and users were hashed with"):
        check(destination, ["users_csv"])
