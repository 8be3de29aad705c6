"""The asset `event_profile`: what it writes, and what the UI shows of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from personalize_assets.catalog.event_profile import EventProfile
from personalize_assets.config import Config, load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration.metadata import event_profile_metadata
from personalize_assets.pipeline.catalog import catalog_days, profile_days
from personalize_assets.pipeline.dataset_group import DatasetGroup

DAY = date(2026, 10, 1)
CLICKS = [{"event": "Clicked", "user": f"u{n}", "properties": {"sku": f"s{n % 3}"}} for n in range(6)]
ORDERS = [{"event": "Ordered", "user": "u0", "properties": {"products": [{"sku": "s0"}, {"sku": "s9"}]}}] * 3
UNNAMED = [{"type": "identify", "user": "u0", "traits": {"email": "a@b.example"}}] * 2


def config(folder: Path, events: Iterable[dict[str, Any]], mask: str = "[]") -> Config:
    raw = folder / "raw/day=2026-10-01"
    raw.mkdir(parents=True)
    (raw / "a.json").write_text("".join(json.dumps(event) + "\n" for event in events))
    file = folder / "personalize.yaml"
    file.write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: shop}\n"
        f"mask: {mask}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
    )
    return load_config(file, {})


def profile(folder: Path, events: Iterable[dict[str, Any]], mask: str = "[]") -> EventProfile:
    group = DatasetGroup(config(folder, events, mask))
    catalog_days(group, [DAY])
    return profile_days(group, [DAY])["2026-10-01"]


def test_a_day_that_is_not_catalogued_has_no_profile(tmp_path: Path) -> None:
    group = DatasetGroup(config(tmp_path, CLICKS))

    with pytest.raises(PersonalizeAssetsError, match="materialize raw_event_catalog for that day first"):
        profile_days(group, [DAY])


def test_the_tables_of_the_ui_say_the_same(tmp_path: Path) -> None:
    metadata = event_profile_metadata(profile(tmp_path, [*CLICKS, *ORDERS, *UNNAMED]), "somewhere")

    assert [record.data for record in metadata["events"].records] == [
        {"event": "Clicked", "events": 6, "share %": 54.5, "items": "properties.sku (6)"},
        {"event": "Ordered", "events": 3, "share %": 27.3, "items": "each.sku (3)"},
        {"event": "(without a name)", "events": 2, "share %": 18.2, "items": "none"},
    ]
    assert [record.data["path"] for record in metadata["item_fields"].records] == ["properties.sku", "each.sku"]
    assert '"email": "a@b.example"' in metadata["samples"].value
    assert (metadata["sampled_events"], metadata["kinds_of_events"]) == (11, 3)


def test_the_asset_writes_the_profile_and_no_job_runs_it(tmp_path: Path) -> None:
    definitions = build_definitions(config(tmp_path, CLICKS))
    instance = dg.DagsterInstance.ephemeral()

    done = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        partition_key="2026-10-01",
        asset_selection=[dg.AssetKey("raw_event_catalog"), dg.AssetKey("event_profile")],
    )

    assert done.success
    written = json.loads((tmp_path / "out/catalog/profile/day=2026-10-01.json").read_text())
    assert written["sampled_events"] == 6
    jobs = definitions.get_repository_def().get_all_jobs()
    in_jobs = [job.name for job in jobs if dg.AssetKey("event_profile") in job.asset_layer.executable_asset_keys]
    assert [name for name in in_jobs if not name.startswith("__")] == []
