"""A dataset group in a folder, converted in this process and without Spark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec
from personalize_assets.conversion.spread import in_turn
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import ConvertedDays, commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)
NOW = 1_790_812_800  # 2026-10-01T00:00:00Z
CLICK = {"event": "Clicked", "user": "u1", "sku": "i1", "at": NOW}
IDENTIFY = {"event": "Identified", "user": "u1", "city": "Ulm", "at": NOW}


def small_group(folder: Path, **changes: Any) -> DatasetGroup:
    """A group of interactions and users below a folder; ``changes`` replace keys of its config."""
    config = {
        "source": {"uri": "raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": "out"},
        "dataset_group": {"name": "shop"},
        "datasets": {
            "interactions": {
                "where": {"event": "Clicked"},
                "columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"},
            },
            "users": {
                "where": {"event": "Identified"},
                "columns": {"USER_ID": "user", "CITY": {"path": "city", "categorical": True}},
            },
        },
        **changes,
    }
    (folder / "raw").mkdir(exist_ok=True)
    (folder / "personalize.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return DatasetGroup(load_config(folder / "personalize.yaml", {}))


def put_events(group: DatasetGroup, day: date, *events: dict[str, Any] | str, name: str = "a.json") -> None:
    """Write a raw file of one event per line; text is written as it is."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    group.sources["source"].store.write(f"day={day}/{name}", "".join(line + "\n" for line in lines).encode())


def run_here(spec: ConvertSpec) -> ConvertReport:
    """The report of a conversion whose tasks run one after another."""
    report = job.run(spec, in_turn, 1)
    assert isinstance(report, ConvertReport)
    return report


def export_here(spec: ExportSpec) -> ExportReport:
    """The report of an export whose tasks run one after another."""
    report = job.run(spec, in_turn, 1)
    assert isinstance(report, ExportReport)
    return report


def convert_here(group: DatasetGroup, *days: date, names: Sequence[str] = ()) -> ConvertedDays:
    """Catalog, convert and commit days; by default of all datasets."""
    catalog_days(group, days)
    spec = plan_convert(group, days, names or tuple(group.datasets))
    return commit_convert(group, days, spec, run_here(spec))
