"""The daily datasets, materialized by a day, by a range of days, and alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey

from personalize_assets.config import Config, load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.generate import generate
from personalize_assets_tests.helpers.dagster_runs import failure, latest_metadata, materialize

DAYS = ["2026-10-01", "2026-10-02", "2026-10-03"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a small site's events."""
    folder = tmp_path_factory.mktemp("site") / "raw"
    generate(folder, layout="segment", days=3, users=40, seed=7, start=date(2026, 10, 1))
    return folder


@pytest.fixture
def config(site: Path, tmp_path: Path) -> Config:
    env = {"PERSONALIZE__SOURCE__URI": str(site), "PERSONALIZE__DESTINATION__URI": str(tmp_path / "out")}
    return load_config(env=env)


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def test_a_single_day_makes_only_that_days_partitions(config: Config, instance: dg.DagsterInstance) -> None:
    daily = ["raw_event_catalog", "filtered_interactions", "user_traits", "item_details"]

    result = (
        build_definitions(config)
        .resolve_job_def("convert")
        .execute_in_process(instance=instance, partition_key=DAYS[1])
    )

    assert result.success
    assert all(instance.get_materialized_partitions(AssetKey(name)) == {DAYS[1]} for name in daily)


def test_a_range_of_days_is_one_run_and_each_day_has_its_own_numbers(
    config: Config, instance: dg.DagsterInstance
) -> None:
    result = materialize(config, instance, ["raw_event_catalog", "filtered_interactions"], (DAYS[0], DAYS[2]))

    assert result.success
    out = Path(config.destination.uri)
    states = {day: json.loads((out / f"days/day={day}.json").read_text()) for day in DAYS}
    kept = {day: state["datasets"]["interactions"]["kept"] for day, state in states.items()}
    assert {day: latest_metadata(instance, "filtered_interactions", day)["kept"] for day in DAYS} == kept
    assert len(set(kept.values())) == 3
    assert not (out / "user_traits").exists()


def test_a_day_that_is_not_catalogued_fails_with_what_to_do(config: Config, instance: dg.DagsterInstance) -> None:
    result = materialize(config, instance, ["filtered_interactions"], (DAYS[0], DAYS[0]))

    assert not result.success
    assert failure(result) == (
        f"{config.destination.uri}/catalog/day=2026-10-01.json does not exist: the files of 2026-10-01 are not "
        "catalogued; materialize raw_event_catalog for that day first, or use `personalize-assets run --days "
        "2026-10-01`"
    )
