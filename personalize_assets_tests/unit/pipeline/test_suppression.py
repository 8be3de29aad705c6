"""Which ids the list stands for, and what it is compared with."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.suppression import as_exported, check_export, current_suppression, has_users
from personalize_assets.storage.manifests import ExportManifest
from personalize_assets_tests.helpers.small_group import small_group

KEY = "k" * 40
HASHED = {
    "interactions": {"columns": {"USER_ID": {"path": "user", "hash": True}, "ITEM_ID": "sku", "TIMESTAMP": "at"}},
    "items": {"columns": {"ITEM_ID": "sku", "GENRE": {"path": "genre", "categorical": True}}},
}


def hashed(text: str) -> str:
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def listing(folder: Path, *ids: str) -> DatasetGroup:
    (folder / "deleted.csv").write_text("".join(f"{line}\n" for line in ("USER_ID", *ids)))
    return small_group(folder, suppress="deleted.csv", datasets=HASHED)


def test_without_a_list_nobody_is_suppressed(tmp_path: Path) -> None:
    group = small_group(tmp_path)

    assert current_suppression(group, group.datasets.values()) == (None, "")


def test_a_list_is_not_read_for_datasets_without_users(tmp_path: Path) -> None:
    group = small_group(tmp_path, suppress="no-such-file.csv", datasets=HASHED)
    items = group.datasets["items"]

    assert not has_users(items)
    assert current_suppression(group, [items]) == (None, "")


def test_a_list_has_a_digest_for_datasets_with_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONALIZE_HASH_KEY", KEY)
    group = listing(tmp_path, "b", "a")
    found = current_suppression(group, group.datasets.values())

    assert found.digest == UserIds(["a", "b"]).digest()
    assert {name: found.digest_for(dataset) for name, dataset in group.datasets.items()} == {
        "interactions": found.digest, "items": "",
    }  # fmt: skip


def test_plain_ids_are_hashed_where_the_users_are_and_hashes_stay_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONALIZE_HASH_KEY", KEY)
    group = listing(tmp_path)

    found = as_exported(group, UserIds(["a", hashed("b")]))

    assert set(found.texts()) == {hashed("a"), hashed("b"), hashed(hashed("b"))}
    assert as_exported(small_group(tmp_path), UserIds(["a"])).texts() == ["a"]


def test_without_the_key_of_hashed_users_a_list_is_of_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERSONALIZE_HASH_KEY", raising=False)
    group = listing(tmp_path, "a")

    with pytest.raises(PersonalizeAssetsError, match="PERSONALIZE_HASH_KEY is not set"):
        current_suppression(group, group.datasets.values())


def test_an_export_of_another_list_is_not_to_be_imported(tmp_path: Path) -> None:
    (tmp_path / "deleted.csv").write_text("USER_ID\na\n")
    group = small_group(tmp_path, suppress="deleted.csv")
    made = ExportManifest(
        dataset="users", columns=("USER_ID",), rows=1, kept=1, duplicates=0, bytes=1, sha256="", run="r", days=(),
        path="exports/r/users.csv", suppress_list=UserIds(["a"]).digest(),
    )  # fmt: skip
    check_export(group, made)

    (tmp_path / "deleted.csv").write_text("USER_ID\na\nb\n")

    with pytest.raises(
        PersonalizeAssetsError, match=r"/out/exports/r/users\.csv was exported with another list of users"
    ):
        check_export(group, made)
