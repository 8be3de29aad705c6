"""Nothing is new only if neither settings, raw files nor the destination have changed since the last run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.local_run import unchanged
from personalize_assets.local_run.unchanged import mark_done, nothing_new, settings_digest
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.small_group import CLICK, FIRST, SECOND, convert_here, put_events, small_group


def after_a_run(folder: Path, **changes: Any) -> DatasetGroup:
    """A group whose first day was just run."""
    group = small_group(folder, **changes)
    put_events(group, FIRST, CLICK)
    convert_here(group, FIRST)
    mark(group)
    return group


def mark(group: DatasetGroup) -> None:
    mark_done(
        group, settings_digest(group), {day: catalog.content for day, catalog in catalog_days(group, [FIRST]).items()}
    )


def is_new(group: DatasetGroup) -> bool:
    return not nothing_new(group, settings_digest(group), group.files_by_day())


def test_without_a_run_everything_is_new(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    put_events(group, FIRST, CLICK)

    assert is_new(group)


def test_nothing_is_new_after_a_run_however_often_it_is_asked(tmp_path: Path) -> None:
    group = after_a_run(tmp_path)

    assert not is_new(group)
    assert not is_new(small_group(tmp_path))


def test_a_report_that_was_written_again_leaves_nothing_new(tmp_path: Path) -> None:
    group = after_a_run(tmp_path)

    group.destination.put_report("<!doctype html>")

    assert not is_new(group)


def rewritten(group: DatasetGroup) -> None:
    os.utime(f"{group.sources['source'].store.uri}/day=2026-10-01/a.json", (1, 1))


CHANGES: dict[str, Callable[[DatasetGroup], Any]] = {
    "a file of a new day": lambda group: put_events(group, SECOND, CLICK),
    "a further file of the day": lambda group: put_events(group, FIRST, CLICK, name="b.json"),
    "other events in the file": lambda group: put_events(group, FIRST, CLICK, CLICK),
    "the file written again": rewritten,
    "a conversion elsewhere": lambda group: convert_here(group, FIRST),
    "a daily file is gone": lambda group: group.destination.store.delete(
        file.key for file in group.destination.store.files("filtered_interactions/") if file.key.endswith(".parquet")
    ),
    "a file in exports/ was edited": lambda group: group.destination.store.write("exports/items.csv", b"edited"),
    "the mark is damaged": lambda group: group.destination.store.write("_run.json", b"{"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_has_changed_is_new(change: Callable[[DatasetGroup], Any], tmp_path: Path) -> None:
    group = after_a_run(tmp_path)

    change(group)

    assert is_new(group)


@pytest.mark.parametrize(
    "settings",
    [
        {"engine": "local"},
        {"checks": "warn"},
        {"mask": ["city"]},
        {"destination": {"uri": "out", "single_file": False}},
        {"datasets": {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}}}},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_every_other_setting_leads_to_work(settings: dict[str, Any], tmp_path: Path) -> None:
    after_a_run(tmp_path)

    assert is_new(small_group(tmp_path, **settings))


def test_another_version_of_the_package_leads_to_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = after_a_run(tmp_path)

    monkeypatch.setattr(unchanged, "version", lambda name: "99.0")

    assert is_new(group)


def test_another_key_of_hashed_columns_leads_to_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"USER_ID": {"path": "user", "hash": True}, "ITEM_ID": "sku", "TIMESTAMP": "at"}
    monkeypatch.setenv("PERSONALIZE_HASH_KEY", "k" * 40)
    group = after_a_run(tmp_path, datasets={"interactions": {"columns": columns}})
    same = is_new(group)

    monkeypatch.setenv("PERSONALIZE_HASH_KEY", "l" * 40)

    assert (same, is_new(group)) == (False, True)


def test_another_list_of_suppressed_users_leads_to_work(tmp_path: Path) -> None:
    listed = tmp_path / "deleted.csv"
    listed.write_text("USER_ID\na\nb\n")
    group = after_a_run(tmp_path, suppress="deleted.csv")
    listed.write_text("USER_ID\nb\na\n")
    same = is_new(group)

    listed.write_text("USER_ID\na\n")

    assert (same, is_new(group)) == (False, True)


def test_a_run_of_other_days_says_nothing_about_these(tmp_path: Path) -> None:
    group = after_a_run(tmp_path)

    assert not nothing_new(group, settings_digest(group), group.files_of([FIRST, SECOND]))
    assert not nothing_new(group, settings_digest(group), group.files_of([SECOND]))


def test_another_layout_or_format_of_what_is_written_is_another_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = small_group(tmp_path)
    found = [settings_digest(group)]
    for name, value in (("storage.destination._FORMAT", 99), ("local_run.unchanged.LAYOUT", 99)):
        monkeypatch.setattr(f"personalize_assets.{name}", value)
        found.append(settings_digest(group))

    assert len(set(found)) == 3
