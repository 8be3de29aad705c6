"""raw_event_catalog: one catalog a day, and its numbers on the day's partition."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg

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
