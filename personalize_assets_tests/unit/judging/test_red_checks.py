"""Which checks are red on what is current."""

from __future__ import annotations

from pathlib import Path

from personalize_assets.engines import make_engine
from personalize_assets.judging.red_checks import red_checks
from personalize_assets.local_run.stages import Stages
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.dagster_runs import put_raw, small_config
from personalize_assets_tests.helpers.small_group import FIRST

GOOD = '{"user": "u1", "item": "i1", "time": 1790812801}\n'
WRONG = '{"userId": "u1", "item": "i1", "time": 1790812801}\n'


def exported(folder: Path, events: str) -> DatasetGroup:
    put_raw(folder, events)
    group = DatasetGroup(small_config(folder, checks="warn"))
    stages = Stages(group, make_engine("arrow", group.config), lambda progress: None)
    stages.catalog([FIRST], resume=False)
    stages.convert([FIRST], resume=False)
    stages.export(["interactions_csv"])
    return group


def test_what_personalize_would_refuse_comes_first_with_the_likely_causes(tmp_path: Path) -> None:
    group = exported(tmp_path, WRONG)

    found = red_checks(group, group.destination.days.all())

    assert [(check.asset, check.name) for check in found if check.is_error] == [
        ("interactions_csv", "at_least_1000_interactions_are_unique"),
        ("interactions_csv", "at_least_25_users_have_two_interactions"),
    ]
    assert [check.is_error for check in found] == sorted((check.is_error for check in found), reverse=True)
    assert str(found[0]) == (
        "interactions_csv: at_least_1000_interactions_are_unique: found 0, allowed is at least 1,000"
    )
    cause = (
        "USER_ID: path `user` is in no wanted event; events have `userId`; 1 of 1 rows are rejects (missing:USER_ID)"
    )
    assert found[0].finding.causes == (cause,)
    [daily] = [check for check in found if check.asset == "filtered_interactions"]
    assert (daily.name, daily.finding.causes) == ("few_rows_are_rejected", (cause,))


def test_a_csv_that_was_changed_is_red(tmp_path: Path) -> None:
    group = exported(tmp_path, GOOD)
    (tmp_path / "out/exports/latest/interactions.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\n")

    found = {check.name: check.is_error for check in red_checks(group, group.destination.days.all())}

    assert found["the_file_is_the_one_of_its_manifest"]


def test_a_dataset_without_a_csv_has_the_checks_of_its_days_alone(tmp_path: Path) -> None:
    group = exported(tmp_path, WRONG)
    (tmp_path / "out/exports/latest.json").unlink()

    assert {check.asset for check in red_checks(group, group.destination.days.all())} == {"filtered_interactions"}
