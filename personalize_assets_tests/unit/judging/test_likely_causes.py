"""The raw files of the days at fault are looked at again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personalize_assets.engines import make_engine
from personalize_assets.judging import likely_causes as likely
from personalize_assets.judging.likely_causes import likely_causes
from personalize_assets.local_run.stages import Stages
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.causes import CauseFacts
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config
from personalize_assets_tests.helpers.small_group import FIRST, SECOND

WRONG = '{"userId": "u1", "item": "i1", "time": 1790812801}'


def converted(folder: Path) -> DatasetGroup:
    """Two days, of which the second has only events whose user is in another field."""
    put_raw(folder, '{"user": "u1", "item": "i1", "time": 1790812801}\n')
    put_raw(folder, f"{WRONG}\n" * 3, day="2026-10-02")
    group = DatasetGroup(small_config(folder, checks="warn"))
    stages = Stages(group, make_engine("arrow", group.config), lambda progress: None)
    stages.catalog([FIRST, SECOND], resume=False)
    stages.convert([FIRST, SECOND], resume=False)
    return group


def test_the_cause_is_looked_for_in_the_raw_files_of_all_converted_days(tmp_path: Path) -> None:
    assert likely_causes(converted(tmp_path), "interactions") == (
        "USER_ID: of 4 wanted events looked at `user` is in 1; of the others `userId` is in 3; 3 of 4 rows are rejects "
        "(missing:USER_ID)",
    )


def test_of_some_days_only_their_files_are_looked_at(tmp_path: Path) -> None:
    group = converted(tmp_path)
    states = group.destination.days.all()
    commits = {"2026-10-02": states["2026-10-02"].datasets["interactions"]}
    accounting = {"2026-10-02": next(iter(states["2026-10-02"].sources.values()))}

    assert likely_causes(group, "interactions", commits, accounting) == (
        "USER_ID: path `user` is in no wanted event; events have `userId`; 3 of 3 rows are rejects (missing:USER_ID)",
    )


def test_texts_that_a_warehouse_has_cut_are_found_in_the_rejects(tmp_path: Path) -> None:
    cut = json.dumps({"user": "u1", "item": "i1", "time": 1790812801, "products": "[" + "x" * 511})
    put_raw(tmp_path, f"{cut}\n" * 3)
    source = {"uri": "raw", "layout": "hive", "start_date": "2026-10-01", "parse": ["products"]}
    group = DatasetGroup(small_config(tmp_path, checks="warn", source=source))
    stages = Stages(group, make_engine("arrow", group.config), lambda progress: None)
    stages.catalog([FIRST], resume=False)
    stages.convert([FIRST], resume=False)

    assert likely_causes(group, "interactions")[1].startswith(
        "source.parse: 3 of 3 texts at `products` that are no JSON have 512 characters: the warehouse cuts texts"
    )


def test_raw_files_that_are_gone_leave_what_the_counts_show(tmp_path: Path) -> None:
    group = converted(tmp_path)
    for file in (tmp_path / "raw").rglob("*.json"):
        file.unlink()

    assert likely_causes(group, "interactions") == (
        "USER_ID: 3 of 4 rows are rejects (missing:USER_ID); rejects/ has them",
    )


def test_a_destination_that_cannot_be_read_is_the_cause_and_no_error(tmp_path: Path) -> None:
    group = converted(tmp_path)
    [day, _] = sorted((tmp_path / "out/days").iterdir())
    day.write_text("{")

    [cause] = likely_causes(group, "interactions")

    assert cause.startswith("the raw files could not be looked at for a cause: ")


def test_files_of_every_uri_of_the_source_are_looked_at(tmp_path: Path) -> None:
    for name, event in (("one", '{"user": "u1", "item": "i1", "time": 1790812801}'), ("two", WRONG)):
        (tmp_path / name / "day=2026-10-01").mkdir(parents=True)
        (tmp_path / name / "day=2026-10-01/a.json").write_text(f"{event}\n" * 3)
    uris = [str(tmp_path / "one"), str(tmp_path / "two")]
    source = {"uri": uris, "layout": "hive", "start_date": "2026-10-01"}
    group = DatasetGroup(small_config(tmp_path, checks="warn", source=source))
    stages = Stages(group, make_engine("arrow", group.config), lambda progress: None)
    stages.catalog([FIRST], resume=False)
    stages.convert([FIRST], resume=False)

    assert likely_causes(group, "interactions") == (
        "USER_ID: of 6 wanted events looked at `user` is in 3; of the others `userId` is in 3; 3 of 6 rows are rejects "
        "(missing:USER_ID)",
    )


def test_a_cause_that_cannot_be_looked_for_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = converted(tmp_path)

    def fails(facts: CauseFacts) -> list[str]:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(likely, "causes", fails)

    assert likely_causes(group, "interactions") == (
        "the raw files could not be looked at for a cause: ValueError: a fault of ours",
    )
