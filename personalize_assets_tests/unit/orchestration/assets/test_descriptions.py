"""The texts of the UI: each has its grain, when it changes, and what uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.conversion.dataset_types import DATASETS
from personalize_assets.engines.arrow import ArrowEngine
from personalize_assets.orchestration.assets import descriptions
from personalize_assets_tests.helpers.dagster_runs import small_config

TEXTS = {
    "raw_events": descriptions.RAW_EVENTS,
    "raw_event_catalog": descriptions.CATALOG,
    "event_profile": descriptions.EVENT_PROFILE,
    **{name: descriptions.daily(name) for name in DATASETS},
    "table": descriptions.TABLE,
    "csv": descriptions.CSV,
    "schema": descriptions.SCHEMA,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_description_has_the_grain_when_it_changes_and_what_uses_it(name: str) -> None:
    marks = [line.split("**")[1] for line in TEXTS[name].splitlines() if line.startswith("- **")]

    assert marks == ["Grain", "Changes", "Used by"]


def test_one_row_of_a_dataset_has_a_name() -> None:
    assert [descriptions.singular(name) for name in DATASETS] == [
        "interaction", "user", "item", "action", "action interaction",
    ]  # fmt: skip


def test_the_code_location_shows_source_destination_engine_and_checks(tmp_path: Path) -> None:
    assert descriptions.code_location(small_config(tmp_path), ArrowEngine()) == {
        "dataset group": "shop",
        "domain": "custom",
        "source": f"{tmp_path}/raw (layout hive, from 2026-10-01)",
        "destination": f"{tmp_path}/out",
        "engine": "arrow",
        "checks": "strict",
    }
