"""Stages as runs of Dagster, kept in the instance of ``DAGSTER_HOME``."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.dagster_stages import DagsterStages
from personalize_assets.orchestration import asset_checks, run_tags
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.dagster_runs import EVENT, put_raw, small_config
from personalize_assets_tests.helpers.small_group import FIRST


def stages(folder: Path) -> tuple[DagsterStages, DatasetGroup]:
    group = DatasetGroup(small_config(folder, checks="warn"))
    put_raw(folder, EVENT)
    return DagsterStages(group), group


def test_each_stage_is_a_run_of_the_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    runs, group = stages(tmp_path)

    contents = runs.catalog([FIRST], resume=False)
    runs.convert([FIRST], resume=True)
    runs.export(["interactions_csv"])
    runs.schemas(["interactions"])

    catalog = group.destination.catalogs([FIRST]).get(FIRST)
    assert catalog is not None
    assert contents == {"2026-10-01": catalog.content}
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        found = instance.get_runs()
    assert [run.status for run in found] == [dg.DagsterRunStatus.SUCCESS] * 4
    assert [run.tags.get(run_tags.RESUME) for run in found] == [None, None, "true", None]
    assert [run.tags.get(run_tags.UNSEEN) for run in found] == [None] * 4


def test_a_check_that_blocks_ends_the_stage_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, _ = stages(tmp_path)
    runs.catalog([FIRST], resume=False)
    monkeypatch.setattr(asset_checks, "unbalanced_days", lambda accounting, commits: ["2026-10-01: read 2 of 1"])

    with pytest.raises(
        PersonalizeAssetsError, match=r"^a check failed: filtered_interactions: every_event_is_accounted_for$"
    ):
        runs.convert([FIRST], resume=False)


def test_an_error_for_the_user_keeps_its_text(tmp_path: Path) -> None:
    runs, _ = stages(tmp_path)

    with pytest.raises(PersonalizeAssetsError, match=r"out/filtered_interactions has no converted day; materialize"):
        runs.export(["interactions_csv"])
