"""A shop whose data a test makes good or bad, run through Dagster from raw files to the results of the checks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from msgspec import structs

from personalize_assets.config import load_config
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import ExportReport, Report, Spec
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.stored_structs import encode
from personalize_assets_tests.helpers.groups import NO_CONTEXT
from personalize_assets_tests.helpers.stored import commits, put_day

TODAY = datetime.now(UTC).date()
DAYS = [TODAY - timedelta(days=back) for back in (8, 7, 6, 5)]
EVENING = int(datetime(DAYS[0].year, DAYS[0].month, DAYS[0].day, 18, tzinfo=UTC).timestamp())
USE_CASES = ["Most viewed", "Best sellers"]

DATASETS: dict[str, Any] = {
    "interactions": {
        "where": {"kind": "event"},
        "dedupe_by": "id",
        "columns": {
            "USER_ID": "user",
            "ITEM_ID": "item",
            "EVENT_TYPE": "type",
            "TIMESTAMP": "time",
            "COLOUR": {"path": "colour", "categorical": True},
        },
    },
    "users": {
        "where": {"kind": "user"},
        "columns": {"USER_ID": "user", "TIER": {"path": "tier", "categorical": True}},
    },
    "items": {
        "where": {"kind": "item"},
        "columns": {
            "ITEM_ID": "item",
            "PRICE": {"path": "price", "type": "float"},
            "CATEGORY_L1": {"path": "category", "categorical": True},
            "PRODUCT_DESCRIPTION": "text",
        },
    },
}

ACTIONS: dict[str, Any] = {
    "actions": {
        "where": {"kind": "offer"},
        "columns": {
            "ACTION_ID": "offer",
            "GROUP": {"path": "group", "categorical": True},
            "VALUE": {"path": "value", "type": "long"},
        },
    },
    "action_interactions": {
        "where": {"kind": "answer"},
        "dedupe_by": "id",
        "columns": {
            "USER_ID": "user",
            "ACTION_ID": "offer",
            "EVENT_TYPE": "type",
            "TIMESTAMP": "time",
            "CHANNEL": {"path": "channel", "categorical": True},
        },
    },
}


def event(number: int, **changes: Any) -> dict[str, Any]:
    """One of many interactions, spread over 1,050 users and 200 items."""
    return {
        "kind": "event",
        "id": f"e{number}",
        "user": f"u{number % 1050}",
        "item": f"i{number % 200}",
        "type": "Purchase" if number % 10 == 0 else "View",
        "time": EVENING - number,
        "colour": ("red", "green")[number % 2],
        **changes,
    }


def user(name: str, **changes: Any) -> dict[str, Any]:
    return {"kind": "user", "user": name, "tier": "gold", "time": EVENING, **changes}


def item(name: str, **changes: Any) -> dict[str, Any]:
    fields = {"price": 9.5, "category": "shoes", "text": "Light, and made to last."}
    return {"kind": "item", "item": name, "time": EVENING, **fields, **changes}


def offer(name: str, **changes: Any) -> dict[str, Any]:
    """An action."""
    return {"kind": "offer", "offer": name, "group": "cards", "value": 5, "time": EVENING, **changes}


def answer(number: int, **changes: Any) -> dict[str, Any]:
    """One of many interactions with actions, spread over 30 users and 10 offers."""
    return {
        "kind": "answer",
        "id": f"a{number}",
        "user": f"u{number % 30}",
        "offer": f"o{number % 10}",
        "type": ("Viewed", "Not Taken", "Taken")[number % 3],
        "time": EVENING - number,
        "channel": ("mail", "web")[number % 2],
        **changes,
    }


Change = Callable[[ExportReport], ExportReport]


def unchanged(report: ExportReport) -> ExportReport:
    """The report as it is."""
    return report


class Shop:
    """A dataset group in a folder. ``checks`` as in the config; ``engine`` is that of the test.

    With actions it is a custom group, as only these have them.
    """

    def __init__(self, folder: Path, engine: Engine, checks: str = "strict", *, with_actions: bool = False) -> None:
        shop = {"name": "shop", "domain": "ECOMMERCE", "use_cases": USE_CASES}
        config = {
            "source": {"uri": "raw", "layout": "hive", "start_date": DAYS[0].isoformat()},
            "destination": {"uri": "out"},
            "checks": checks,
            "dataset_group": {"name": "shop", "domain": "custom"} if with_actions else shop,
            "datasets": {**DATASETS, **ACTIONS} if with_actions else DATASETS,
            "suppress": "deleted.csv",
        }
        self.suppress(folder)
        file = folder / "personalize.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        self.folder = folder
        self.config = load_config(file, os.environ)
        self.group = DatasetGroup(self.config)
        self.instance = dg.DagsterInstance.ephemeral()
        self._engine = engine

    def arrives(self, lines: Iterable[dict[str, Any] | str], day: int = 0) -> None:
        folder = self.folder / "raw" / f"day={DAYS[day]}"
        folder.mkdir(parents=True, exist_ok=True)
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        (folder / "a.json").write_text("".join(f"{text}\n" for text in texts))

    @staticmethod
    def suppress(folder: Path, *users: str) -> None:
        """Replace the list of users who are not exported."""
        (folder / "deleted.csv").write_text("".join(f"{line}\n" for line in ("USER_ID", *users)))

    def convert(self) -> dg.ExecuteInProcessResult:
        return self._materialize(
            ["raw_event_catalog", *(DAILY[name] for name in self.group.datasets)],
            {
                "dagster/asset_partition_range_start": DAYS[0].isoformat(),
                "dagster/asset_partition_range_end": DAYS[-1].isoformat(),
            },
        )

    def forget(self, name: str, day: int) -> None:
        """Leave a day as a run of the other datasets alone would have."""
        days = self.group.destination.days
        state = days.one(DAYS[day].isoformat())
        assert state is not None
        others = {other: commit for other, commit in state.datasets.items() if other != name}
        self.group.destination.store.write(days.key(state.day), encode(structs.replace(state, datasets=others)))

    def export(self, *names: str, change: Change = unchanged) -> dg.ExecuteInProcessResult:
        datasets = self.group.datasets
        tables = [name for name, dataset in datasets.items() if not dataset.is_events]
        return self._materialize(list(names or (*tables, *(f"{name}_csv" for name in datasets))), {}, change)

    def export_checks(self) -> dg.ExecuteInProcessResult:
        """The checks of the files alone, as from the page of an export."""
        files = build_definitions(self.config).asset_checks or ()
        return self._check(dg.AssetSelection.checks(*files))

    def check_alone(self, *names: str) -> dg.ExecuteInProcessResult:
        """All checks of assets, without the assets, as by the button "Execute all"."""
        return self._check(dg.AssetSelection.checks_for_assets(*(dg.AssetKey(name) for name in names)))

    def _check(self, selection: dg.AssetSelection) -> dg.ExecuteInProcessResult:
        definitions = build_definitions(self.config)
        job = dg.define_asset_job("files", selection)
        with_job = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
        return with_job.resolve_job_def("files").execute_in_process(instance=self.instance, raise_on_error=False)

    def _materialize(
        self,
        names: list[str],
        tags: dict[str, str],
        change: Change = unchanged,
    ) -> dg.ExecuteInProcessResult:
        real = self._engine

        class Changing(Engine):
            def run(
                self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
            ) -> Report:
                report = real.run(NO_CONTEXT, spec)
                return change(report) if isinstance(report, ExportReport) else report

        definitions = build_definitions(self.config)
        changed = dg.Definitions(
            assets=definitions.assets,
            asset_checks=definitions.asset_checks,
            resources={"engine": Changing()},
            executor=dg.in_process_executor,
        )
        return changed.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            tags=tags,
            asset_selection=[dg.AssetKey(name) for name in names],
            raise_on_error=False,
        )

    def rewrite(self, dataset: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
        """Change rows of the Parquet file of the first day to what no conversion would write."""
        day = DAYS[0].isoformat()
        commit = commits(self.group.destination, dataset)[day]
        (key,) = commit.files
        file = self.folder / "out" / key
        table = pq.read_table(file)
        rows = table.to_pylist()
        change(rows)
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
        # As in a commit of an older version, so that changed times are found.
        put_day(self.group.destination, day, {dataset: structs.replace(commit, months={})})

    def refused(self, run: str) -> list[str]:
        """The keys of what a run made and did not become current."""
        folder = self.group.destination.exports.refused_folder(run)
        return [file.key for file in self.group.destination.store.files(f"{folder}/")]

    def csv(self, dataset: str) -> Path:
        manifest = self.group.destination.exports.manifest(dataset)
        return self.folder / "out" / (manifest.path if manifest else "no export")


def results(*runs: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """The results of the checks, by asset and name."""
    return {
        (check.asset_key.to_user_string(), check.check_name): check
        for run in runs
        for check in run.get_asset_check_evaluations()
    }


def displayed(check: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """What the UI displays of a result: observed, allowed, and the rows at fault."""
    values = {name: value.value for name, value in check.metadata.items() if name != "rows"}
    rows = check.metadata.get("rows")
    if isinstance(rows, dg.TableMetadataValue):
        values["rows"] = [record.data for record in rows.records]
    return values
