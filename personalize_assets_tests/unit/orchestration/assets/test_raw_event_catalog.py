"""raw_event_catalog: one catalog a day, and its numbers on the day's partition."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from personalize_assets.conversion import progress
from personalize_assets_tests.helpers.dagster_runs import EVENT, latest_metadata, materialize, put_raw, small_config


def test_each_day_of_a_range_has_a_catalog_and_its_own_numbers(tmp_path: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()
    put_raw(tmp_path, EVENT)
    put_raw(tmp_path, EVENT, name="b.json")
    put_raw(tmp_path, EVENT, day="2026-10-02")

    result = materialize(small_config(tmp_path), instance, ["raw_event_catalog"], ("2026-10-01", "2026-10-02"))

    assert result.success
    days = ("2026-10-01", "2026-10-02")
    written = [json.loads((tmp_path / f"out/catalog/day={day}.json").read_text()) for day in days]
    assert [[file["key"] for file in catalog["files"]] for catalog in written] == [
        ["day=2026-10-01/a.json", "day=2026-10-01/b.json"], ["day=2026-10-02/a.json"],
    ]  # fmt: skip
    assert [latest_metadata(instance, "raw_event_catalog", day)["files"] for day in days] == [2, 1]


def test_the_log_of_the_run_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    put_raw(tmp_path, EVENT)
    instance = dg.DagsterInstance.ephemeral()

    result = materialize(small_config(tmp_path), instance, ["raw_event_catalog"], ("2026-10-01", "2026-10-01"))

    logged = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert "catalog: 1 of 1 files after 0 s" in logged


def test_keys_that_do_not_fit_and_empty_files_make_checks_red(tmp_path: Path) -> None:
    put_raw(tmp_path, EVENT)
    (tmp_path / "raw/day=2026-10-01/empty").touch()
    (tmp_path / "raw/day=2026-10-01/part").mkdir()
    (tmp_path / "raw/day=2026-10-01/part/a.json").touch()

    result = materialize(
        small_config(tmp_path), dg.DagsterInstance.ephemeral(), ["raw_event_catalog"], ("2026-10-01", "2026-10-01")
    )

    assert result.success
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert {name: check.passed for name, check in checks.items()} == {
        "every_key_fits_the_layout": False, "no_raw_file_is_archived": True, "no_raw_file_is_empty": False,
    }  # fmt: skip
    rows = checks["every_key_fits_the_layout"].metadata["rows"]
    assert isinstance(rows, dg.TableMetadataValue)
    assert [record.data for record in rows.records] == [
        {"day": "2026-10-01", "keys": 1, "examples": "day=2026-10-01/part/a.json"}
    ]
    assert {check.severity for check in checks.values()} == {dg.AssetCheckSeverity.WARN}
