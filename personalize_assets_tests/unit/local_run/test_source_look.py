"""What `validate` finds in raw files of a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.source_look import DatasetLook, DayFiles, look_at_source
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.unread_keys import UnreadKeys
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config

GOOD = '{"user": "u1", "item": "i1", "time": 1790812801}\n'


def columns(**more: object) -> dict[str, object]:
    return {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time", **more}}}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_are_counted_by_day_and_keys_that_do_not_fit_are_named(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    put_raw(tmp_path, GOOD)
    put_raw(tmp_path, GOOD, "2026-10-02", "b.json")
    put_raw(tmp_path, GOOD * 2, "2026-10-02", "c.json")
    put_raw(tmp_path, GOOD, "2026-09-30")
    (tmp_path / "raw/old").mkdir()
    (tmp_path / "raw/old/x.json").write_text(GOOD)

    (source,) = look_at_source(DatasetGroup(config)).sources

    assert source.days == (DayFiles("2026-10-01", 1, len(GOOD)), DayFiles("2026-10-02", 2, 3 * len(GOOD)))
    assert source.unfit == UnreadKeys(1, ("old/x.json",))
    assert (source.early, source.problem) == (1, "")
    assert source.lines[0].startswith(f"Not read: {tmp_path}/raw has keys that do not fit the layout hive")


def test_events_are_mapped_as_a_run_maps_them(tmp_path: Path) -> None:
    datasets = columns(EVENT_VALUE={"path": "value", "type": "float"}, EVENT_TYPE={"constant": "view"})
    datasets["interactions"]["where"] = {"kind": ["view"]}  # type: ignore[index]
    config = small_config(tmp_path, datasets=datasets)
    events = [
        {"kind": "view", "user": "u", "item": "i", "time": 1790812801, "value": 1},
        {"kind": "view", "user": "u", "item": "i", "time": 1790812801, "value": "dear"},
        {"kind": "view", "item": "i", "time": 1790812801},
        {"kind": "view", "user": "u", "item": "i", "time": 4102444800},
        {"kind": "click", "user": "u", "item": "i", "time": 1790812801},
    ]
    put_raw(tmp_path, "\n".join(map(json.dumps, events)) + "\nbroken\n")

    check = look_at_source(DatasetGroup(config))
    found = check.datasets["interactions"]

    assert check.malformed == {"malformed_json": 1}
    assert (found.events, found.wanted, found.rows, found.kept) == (5, 4, 4, 2)
    assert found.rejected == {"bad_timestamp": 1, "missing:USER_ID": 1}
    assert found.dropped == {"bad_value:EVENT_VALUE": 1}


def test_of_what_cannot_be_read_a_run_writes_the_rejects(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    put_raw(tmp_path, GOOD + "broken\n")

    (cause,) = look_at_source(DatasetGroup(config)).datasets["interactions"].causes

    assert cause == "source: 1 of 2 events are malformed (malformed_json: 1); a run writes them to rejects/"


def test_a_typo_in_dedupe_by_is_a_warning(tmp_path: Path) -> None:
    datasets = columns()
    datasets["interactions"]["dedupe_by"] = "mesageId"  # type: ignore[index]
    config = small_config(tmp_path, datasets=datasets)
    put_raw(tmp_path, GOOD.replace("}", ', "messageId": "m1"}'))

    found = look_at_source(DatasetGroup(config))

    assert found.gives_rows
    assert found.datasets["interactions"].warnings == (
        "dedupe_by: path `mesageId` is in no wanted event; events have `messageId`; only rows that are equal in every "
        "column count as repeats",
    )


def test_nothing_is_written(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    put_raw(tmp_path, GOOD)
    before = files(tmp_path)

    look_at_source(DatasetGroup(config))

    assert files(tmp_path) == before


def test_a_dataset_that_gets_nothing_has_a_cause(tmp_path: Path) -> None:
    config = small_config(tmp_path, datasets=columns(USER_ID="user_id"))
    put_raw(tmp_path, GOOD)

    found = look_at_source(DatasetGroup(config))

    assert not found.gives_rows
    (cause,) = found.datasets["interactions"].causes
    assert cause.startswith("USER_ID: path `user_id` is in no wanted event; events have `user`")


def test_a_source_without_files_of_its_layout_has_a_problem_and_no_row(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    (tmp_path / "raw/x.json").write_text(GOOD)

    found = look_at_source(DatasetGroup(config))

    assert found.sources[0].problem.startswith(f"{tmp_path}/raw holds no raw files of layout 'hive'")
    assert found.sources[0].unfit == UnreadKeys(1, ("x.json",))
    assert found.sampled_days == ()
    assert found.datasets["interactions"] == DatasetLook(
        raw_files=0, events=0, wanted=0, rows=0, kept=0, rejected={}, dropped={}, causes=(), warnings=()
    )
    assert not found.gives_rows


@pytest.mark.parametrize(("empty", "is_enough"), [("users", True), ("interactions", False)])
def test_interactions_must_get_rows_and_users_may_get_none(tmp_path: Path, empty: str, is_enough: bool) -> None:
    datasets = {**columns(), "users": {"columns": {"USER_ID": "user", "AGE": {"path": "time", "type": "long"}}}}
    datasets[empty]["where"] = {"kind": ["none"]}  # type: ignore[index]
    config = small_config(tmp_path, datasets=datasets)
    put_raw(tmp_path, GOOD)

    found = look_at_source(DatasetGroup(config))

    assert (found.empty, found.gives_rows) == ((empty,), is_enough)


def test_a_source_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    (tmp_path / "raw").rmdir()

    with pytest.raises(PersonalizeAssetsError, match="raw is not a folder; create it"):
        look_at_source(DatasetGroup(config))


def test_of_many_days_seven_are_read_from_the_first_to_the_last(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    for day in range(1, 31):
        put_raw(tmp_path, GOOD, f"2026-10-{day:02}")

    found = look_at_source(DatasetGroup(config))

    assert found.sampled_days == tuple(f"2026-10-{day:02}" for day in (1, 5, 10, 15, 20, 25, 30))
    assert found.datasets["interactions"].events == 7
