"""A dataset group for one test, without Dagster: raw files in, the stages on a real engine, exports out."""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from personalize_assets.config import load_config
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    ExportReport,
    ExportSpec,
    decode_report,
    decode_spec,
    encode,
)
from personalize_assets.engines import Engine
from personalize_assets.layouts import layout
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import ConvertedDays, commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import ExportOutcome, commit_export, plan_export
from personalize_assets.storage.object_store import open_store
from personalize_assets_tests.helpers.stored import latest_csv

NO_CONTEXT: Any = None
"""Engines that run in this process make no use of Dagster's context."""

FIRST, SECOND, THIRD = (date(2026, 10, day) for day in (1, 2, 3))
EVERYTHING = ("users", "items", "interactions_csv", "users_csv", "items_csv")

DATASETS: dict[str, Any] = {
    "interactions": {
        "where": {"event": ["Clicked", "Ordered"]},
        "each": "products",
        "dedupe_by": "id",
        "columns": {"USER_ID": "user", "ITEM_ID": ["each.sku", "sku"], "EVENT_TYPE": "event", "TIMESTAMP": "at"},
    },
    "users": {
        "where": {"type": "identify"},
        "columns": {
            "USER_ID": "user",
            "CITY": {"path": "city", "categorical": True},
            "SINCE": {"path": "at", "type": "timestamp", "keep": "first"},
            "SPENT": {"path": "spent", "type": "float"},
        },
    },
    "items": {
        "where": {"event": ["Clicked", "Ordered"]},
        "each": "products",
        "columns": {"ITEM_ID": ["each.sku", "sku"], "PRICE": {"path": ["each.price", "price"], "type": "float"}},
    },
}


def run_convert(engine: Engine, spec: ConvertSpec) -> ConvertReport:
    """Run a spec as on an engine far away: what is sent there and what comes back is JSON."""
    report = decode_report(encode(engine.run(NO_CONTEXT, decode_spec(encode(spec)))))
    assert isinstance(report, ConvertReport)
    return report


def run_export(engine: Engine, spec: ExportSpec) -> ExportReport:
    """As ``run_convert``."""
    report = decode_report(encode(engine.run(NO_CONTEXT, decode_spec(encode(spec)))))
    assert isinstance(report, ExportReport)
    return report


def convert(group: DatasetGroup, engine: Engine, days: Sequence[date], *names: str) -> ConvertedDays:
    """Catalog, convert and commit days; by default of all datasets."""
    catalog_days(group, days)
    spec = plan_convert(group, days, names or tuple(group.datasets))
    return commit_convert(group, days, spec, run_convert(engine, spec))


def export(group: DatasetGroup, engine: Engine, *names: str) -> ExportOutcome:
    """Export and commit assets; by default all tables and CSVs of the group."""
    tables = [name for name, dataset in group.datasets.items() if not dataset.is_events]
    planned = plan_export(group, names or (*tables, *(f"{name}_csv" for name in group.datasets)))
    return commit_export(group, planned, run_export(engine, planned.spec))


class Group:
    """A dataset group for one test, and an engine.

    ``changes`` may have ``layout``, ``single_file`` and ``datasets``.
    """

    def __init__(self, engine: Engine, folder: Path, source: str, destination: str, **changes: Any) -> None:
        self.engine = engine
        self.layout = layout(changes.get("layout", "hive"), FIRST)
        self.raw = open_store(source)
        config = {
            "source": {"uri": source, "layout": self.layout.name, "start_date": "2026-10-01"},
            "destination": {"uri": destination, "single_file": changes.get("single_file", True)},
            "dataset_group": {"name": "test"},
            "datasets": changes.get("datasets", DATASETS),
        }
        file = folder / "personalize.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        self.group = DatasetGroup(load_config(file, os.environ))
        self.destination = self.group.destination
        self.out = self.destination.store

    def arrives(self, day: date, *lines: dict[str, Any] | str, name: str = "a.json") -> None:
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        self.raw.write(self.layout.key(day, name), text.encode())

    def convert(self, days: Sequence[date], *names: str) -> ConvertedDays:
        return convert(self.group, self.engine, days, *names)

    def export(self, *names: str) -> ExportOutcome:
        return export(self.group, self.engine, *names)

    def csv(self, name: str) -> str:
        return (latest_csv(self.destination, name) or b"there is no such file").decode()

    def listed(self, prefix: str = "") -> list[str]:
        """The keys of the destination, without those of the link to the latest export."""
        found = (file.key for file in self.out.files(prefix))
        return sorted(key for key in found if key != "_lock" and not key.startswith("exports/latest/"))


def click(id: str, user: str | None, sku: str | None, at: int, **more: Any) -> dict[str, Any]:
    return {"id": id, "event": "Clicked", "user": user, "sku": sku, "at": 1790812800 + at, **more}


def identify(user: str, at: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{user}-{at}", "type": "identify", "user": user, "at": 1790812800 + at, **more}


def story(group: Group) -> None:
    """Two days of events: repeats across days, an order of two products, broken, unusable and unwanted ones."""
    order = {"id": "o", "event": "Ordered", "user": "u1", "at": 1790812860}
    order["products"] = [{"sku": "i2", "price": 2}, {"sku": "i1", "price": 1.5}]
    group.arrives(
        FIRST,
        click("c1", "u2", "i1", 30),
        order,
        '{"event": "Clicked", broken',
        click("c2", None, "i1", 40),
        identify("u1", 5, city="Ulm"),
        {"event": "Viewed"},
    )
    group.arrives(SECOND, click("c1", "u2", "i1", 30), click("c3", "u3", "i3", 90_000, price=3), name="b.json")
    group.arrives(SECOND, identify("u1", 86_500, spent=2.5), identify("u2", 86_400, city="Köln"))


INTERACTIONS = """\
USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP
u2,i1,Clicked,1790812830
u1,i1,Ordered,1790812860
u1,i2,Ordered,1790812860
u3,i3,Clicked,1790902800
"""
USERS = "USER_ID,CITY,SINCE,SPENT\nu1,Ulm,1790812805,2.5\nu2,Köln,1790899200,\n"
ITEMS = "ITEM_ID,PRICE\ni1,1.5\ni2,2\ni3,3\n"


def exports(group: Group) -> dict[str, str]:
    return {name: group.csv(name) for name in ("interactions", "users", "items")}
