"""Tables and CSVs, materialized together and alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey

from personalize_assets.config import Config, load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.generate import generate
from personalize_assets.report import gathering, writing
from personalize_assets_tests.helpers.dagster_runs import (
    EVENT,
    failure,
    latest_metadata,
    materialize,
    put_raw,
    small_config,
)

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


def test_one_of_several_assets_can_be_made_alone(config: Config, instance: dg.DagsterInstance) -> None:
    materialize(config, instance, ["raw_event_catalog", "user_traits"], (DAYS[0], DAYS[2]))

    assert materialize(config, instance, ["users"]).success
    assert not (Path(config.destination.uri) / "exports").exists()

    assert materialize(config, instance, ["users_csv"]).success
    assert sorted(file.name for file in (Path(config.destination.uri) / "exports/latest").iterdir()) == [
        "manifest.json", "users.avsc", "users.csv",
    ]  # fmt: skip


def test_a_csv_shows_its_rows_and_the_duration_and_engine_of_its_run(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    config = small_config(tmp_path, checks="warn")
    put_raw(tmp_path, EVENT * 2)
    materialize(config, instance, ["raw_event_catalog", "filtered_interactions"], (DAYS[0], DAYS[0]))

    assert materialize(config, instance, ["interactions_csv"]).success

    metadata = latest_metadata(instance, "interactions_csv")
    numbers = {name: metadata[name] for name in ("dagster/row_count", "duplicates", "days", "engine", "parts")}
    assert numbers == {"dagster/row_count": 1, "duplicates": 1, "days": 1, "engine": "arrow", "parts": 1}
    assert metadata["parts_of_former_exports"] == 0
    assert metadata["seconds"] > 0
    path = (tmp_path / "out/exports/latest").resolve() / "interactions.csv"
    assert metadata["path"] == str(path)
    assert metadata["report"] == str(tmp_path / "out/report.html")


def test_the_report_of_an_export_does_not_read_all_days_again(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(tmp_path, checks="warn")
    put_raw(tmp_path, EVENT)
    materialize(config, instance, ["raw_event_catalog", "filtered_interactions"], (DAYS[0], DAYS[0]))
    monkeypatch.setattr(gathering, "converted_days", None)
    monkeypatch.setattr(writing, "converted_days", None)

    materialize(config, instance, ["interactions_csv"])

    assert latest_metadata(instance, "interactions_csv")["report"] == str(tmp_path / "out/report.html")


def test_a_report_that_cannot_be_written_is_a_warning_of_the_run(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    config = small_config(tmp_path, checks="warn")
    put_raw(tmp_path, EVENT)
    materialize(config, instance, ["raw_event_catalog", "filtered_interactions"], (DAYS[0], DAYS[0]))
    (tmp_path / "out/report.html").mkdir()

    result = materialize(config, instance, ["interactions_csv"])

    assert result.success
    assert "report" not in latest_metadata(instance, "interactions_csv")
    logged = [record.event_log_entry.user_message for record in instance.get_records_for_run(result.run_id).records]
    assert [line for line in logged if line.startswith("the report was not written: StoreError")] != []


def test_a_refused_csv_fails_the_run_after_its_checks_and_is_put_aside(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    config = small_config(tmp_path)
    put_raw(tmp_path, EVENT)
    materialize(config, instance, ["raw_event_catalog", "filtered_interactions"], (DAYS[0], DAYS[0]))

    result = materialize(config, instance, ["interactions_csv"])

    assert not result.success
    assert failure(result).startswith("interactions_csv was not replaced, because Personalize would refuse the new")
    red = {check.check_name for check in result.get_asset_check_evaluations() if not check.passed and check.blocking}
    assert red == {"at_least_1000_interactions_are_unique", "at_least_25_users_have_two_interactions"}
    assert [file.name for file in (tmp_path / "out/exports").iterdir()] == ["refused"]


def test_checks_of_an_export_that_does_not_exist_say_what_to_materialize(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    definitions = build_definitions(small_config(tmp_path))
    checks = dg.AssetSelection.checks_for_assets(AssetKey("interactions_csv")) - dg.AssetSelection.checks(
        *(definitions.asset_checks or ())
    )
    job = dg.define_asset_job("only_checks", checks)
    merged = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))

    result = merged.resolve_job_def("only_checks").execute_in_process(instance=instance, raise_on_error=False)

    assert failure(result) == ("interactions_csv does not exist, so there is nothing to check; materialize it first")
