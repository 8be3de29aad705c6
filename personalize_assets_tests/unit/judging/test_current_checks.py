"""All checks of what is current."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from personalize_assets.judging import check_facts
from personalize_assets.judging.current_checks import current_checks
from personalize_assets.local_run.run import run_all
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.dagster_runs import EVENT, put_raw, small_config

NO_USER = '{"item": "i1", "time": 1790812801}\n'


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> DatasetGroup:
    """One day, most rows of which are rejects."""
    folder: Path = tmp_path_factory.mktemp("group")
    put_raw(folder, EVENT + NO_USER * 2)
    config = small_config(folder, checks="warn")
    run_all(config)
    return DatasetGroup(config)


def test_checks_that_passed_are_there_besides_those_that_are_red(group: DatasetGroup) -> None:
    found = current_checks(group, group.destination.days.all())

    assert Counter((check.asset, check.is_red) for check in found).keys() == {
        ("filtered_interactions", False),
        ("filtered_interactions", True),
        ("interactions_csv", False),
        ("interactions_csv", True),
    }


def test_by_records_alone_nothing_else_is_read(group: DatasetGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    csv = group.destination.store.uri + "/exports/latest/interactions.csv"
    Path(csv).write_text("USER_ID,ITEM_ID,TIMESTAMP\n")
    for name in ("scan_csv", "first_rejects", "likely_causes"):
        monkeypatch.setattr(check_facts, name, None)

    found = {
        check.rule.name: check for check in current_checks(group, group.destination.days.all(), only_recorded=True)
    }

    assert not found["the_file_is_the_one_of_its_manifest"].finding.is_checked
    assert not found["the_file_is_the_one_of_its_manifest"].is_red
    assert found["few_rows_are_rejected"].is_red
    assert found["few_rows_are_rejected"].finding.causes == ()
