"""The checks of the accounting, in real runs whose report was changed: a loss turns them red, and the run fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey
from msgspec import structs

from personalize_assets.config import Config, load_config
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import ConvertReport, ExportReport, Report, Spec
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED
from personalize_assets_tests.helpers.groups import NO_CONTEXT

Change = Callable[[Report], Report]


def tampering(engine: Engine, change: Change) -> Engine:
    """An engine whose reports are changed after the real job."""

    class Tampering(Engine):
        def run(
            self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
        ) -> Report:
            return change(engine.run(NO_CONTEXT, spec))

    return Tampering()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    raw = tmp_path / "raw" / "day=2026-10-01"
    raw.mkdir(parents=True)
    (raw / "a.json").write_text(
        '{"user": "u1", "item": "i1", "time": "2026-10-01T10:00:00Z"}\n'
        '{"user": "u1", "item": "i1", "time": "2026-10-01T10:00:00Z"}\n'
        '{"item": "i2", "time": "2026-10-01T10:00:00Z"}\n'
        "broken\n"
    )
    path = tmp_path / "personalize.yaml"
    path.write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "checks: warn\n"
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
    )
    return load_config(path, os.environ)


def run(
    config: Config, engine: Engine, change: Change, *names: str
) -> tuple[dg.ExecuteInProcessResult, dict[str, bool]]:
    definitions = build_definitions(config)
    result = dg.materialize(
        [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
        selection=[AssetKey(name) for name in names],
        partition_key="2026-10-01" if "raw_event_catalog" in names else None,
        resources={"engine": tampering(engine, change)},
        raise_on_error=False,
    )
    accounting = (ACCOUNTED.name, EXPORTED.name)
    checks = [check for check in result.get_asset_check_evaluations() if check.check_name in accounting]
    return result, {check.check_name: check.passed for check in checks}


def unchanged(report: Report) -> Report:
    return report


DAILY = ("raw_event_catalog", "filtered_interactions")


def test_the_accounting_of_a_run_balances(config: Config, engine: Engine) -> None:
    result, checks = run(config, engine, unchanged, *DAILY)
    assert (result.success, checks) == (True, {ACCOUNTED.name: True})

    result, checks = run(config, engine, unchanged, "interactions_csv")
    assert (result.success, checks) == (True, {EXPORTED.name: True})


def test_a_lost_event_turns_the_check_red_and_the_run_fails(config: Config, engine: Engine) -> None:
    def lose_an_event(report: Report) -> Report:
        assert isinstance(report, ConvertReport)
        day = report.days["2026-10-01"]
        counts = day.sources["source"]
        lost = structs.replace(day, sources={"source": structs.replace(counts, wanted=counts.wanted - 1)})
        return structs.replace(report, days={"2026-10-01": lost})

    result, checks = run(config, engine, lose_an_event, *DAILY)

    assert (result.success, checks) == (False, {ACCOUNTED.name: False})


def test_a_lost_row_turns_the_check_red_and_the_run_fails(config: Config, engine: Engine) -> None:
    run(config, engine, unchanged, *DAILY)

    def lose_a_row(report: Report) -> Report:
        assert isinstance(report, ExportReport)
        made = report.datasets["interactions"]
        return structs.replace(report, datasets={"interactions": structs.replace(made, copies=made.copies - 1)})

    result, checks = run(config, engine, lose_a_row, "interactions_csv")

    assert (result.success, checks) == (False, {EXPORTED.name: False})


def test_a_missing_daily_file_does_not_count_as_duplicates(config: Config, engine: Engine, tmp_path: Path) -> None:
    run(config, engine, unchanged, *DAILY)
    next((tmp_path / "out/filtered_interactions/day=2026-10-01").glob("*.parquet")).unlink()

    result, _ = run(config, engine, unchanged, "interactions_csv")

    assert not result.success
