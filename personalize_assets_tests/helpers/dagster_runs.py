"""A dataset group in a folder, its assets materialized in this process, and what the UI would show of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from personalize_assets.config import Config, load_config
from personalize_assets.definitions import build_definitions

EVENT = '{"user": "u1", "item": "i1", "time": 1790812801}\n'
"""One interaction of 2026-10-01."""


def small_config(folder: Path, **changes: Any) -> Config:
    """A config of interactions alone, whose raw files are in ``folder/raw`` from 2026-10-01 on."""
    (folder / "raw").mkdir(exist_ok=True)
    columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}
    config = {
        "source": {"uri": "raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": "out"},
        "dataset_group": {"name": "shop"},
        "datasets": {"interactions": {"columns": columns}},
        **changes,
    }
    file = folder / "personalize.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return load_config(file, os.environ)


def put_raw(folder: Path, text: str, day: str = "2026-10-01", name: str = "a.json") -> None:
    """Write a raw file of an arrival day."""
    file = folder / "raw" / f"day={day}" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def materialize(
    config: Config, instance: dg.DagsterInstance, names: Sequence[str], days: tuple[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    """Materialize assets in one run, over a range of arrival days if they have any. Errors are in the result."""
    ends = zip(("start", "end"), days, strict=True) if days else ()
    job = build_definitions(config).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        tags={f"dagster/asset_partition_range_{end}": day for end, day in ends},
        asset_selection=[dg.AssetKey(name) for name in names],
        raise_on_error=False,
    )


def latest_metadata(instance: dg.DagsterInstance, name: str, day: str | None = None) -> Mapping[str, Any]:
    """The metadata of the latest materialization of an asset, or of one of its days."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(name), asset_partitions=[day] if day else None), limit=1
    ).records
    assert records[0].asset_materialization is not None
    return {key: value.value for key, value in records[0].asset_materialization.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """The error of the one step that failed, as the UI shows it."""
    (event,) = [event for event in result.all_events if event.is_step_failure]
    error = event.step_failure_data.error
    assert error is not None
    return error.message.strip().removeprefix("dagster._core.definitions.events.Failure: ")
