"""The books: what the checks say of numbers that add up and of numbers that don't, and that a red one blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey

from personalize_assets.config import Config, load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.orchestration.accounting_checks import ACCOUNTED, EXPORTED, accounted, exported
from personalize_assets_tests.helpers.groups import NO_CONTEXT

KEY = AssetKey("filtered_interactions")
BOOKS = {"read": 10, "wanted": 6, "not_wanted": 3, "malformed": {"malformed_json": 1}}
COMMIT = {"rows": 7, "kept": 5, "rejected": {"missing:USER_ID": 2}}


def test_books_that_balance_pass() -> None:
    result = accounted(KEY, {"2026-10-01": BOOKS}, {"2026-10-01": COMMIT})

    assert result.passed
    assert result.metadata["events_read"].value == 10
    assert result.metadata["unbalanced"].value == "none"


def test_an_event_that_is_nowhere_fails_and_its_day_is_named() -> None:
    books = {"2026-10-01": BOOKS, "2026-10-02": {**BOOKS, "read": 11}}

    result = accounted(KEY, books, dict.fromkeys(books, COMMIT))

    assert not result.passed
    assert result.metadata["unbalanced"].value == (
        "2026-10-02: 11 events read, but 6 wanted + 3 not wanted + 1 malformed"
    )


def test_a_row_that_is_neither_kept_nor_rejected_fails() -> None:
    result = accounted(KEY, {"2026-10-01": BOOKS}, {"2026-10-01": {**COMMIT, "kept": 4}})

    assert not result.passed
    assert result.metadata["unbalanced"].value == "2026-10-01: 7 rows, but 4 kept + 2 rejected"


@pytest.mark.parametrize(("rows", "passed"), [(8, True), (7, False), (9, False)])
def test_kept_rows_are_exported_or_duplicates(rows: int, passed: bool) -> None:
    assert exported(KEY, {"kept": 10, "rows": rows, "duplicates": 2}).passed is passed


def tampering(engine: Engine, change: Callable[[dict[str, Any]], None]) -> Engine:
    """The real job, with its report changed before anybody sees it."""

    class Tampering(Engine):
        def run(self, context: dg.AssetExecutionContext, spec: dict[str, Any]) -> dict[str, Any]:
            report = engine.run(NO_CONTEXT, spec)
            change(report)
            return report

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
    return load_config(path)


def run(
    config: Config, engine: Engine, change: Callable[[dict[str, Any]], None], *names: str
) -> tuple[dg.ExecuteInProcessResult, dict[str, bool]]:
    definitions = build_definitions(config)
    result = dg.materialize(
        [asset for asset in definitions.assets or () if not isinstance(asset, dg.AssetSpec)],
        selection=[AssetKey(name) for name in names],
        partition_key="2026-10-01" if "raw_event_catalog" in names else None,
        resources={"engine": tampering(engine, change)},
        raise_on_error=False,
    )
    books = [check for check in result.get_asset_check_evaluations() if check.check_name in (ACCOUNTED, EXPORTED)]
    return result, {check.check_name: check.passed for check in books}


DAILY = ("raw_event_catalog", "filtered_interactions")


def test_a_run_as_it_is_closes_its_books(config: Config, engine: Engine) -> None:
    result, checks = run(config, engine, lambda _: None, *DAILY)
    assert (result.success, checks) == (True, {ACCOUNTED: True})

    result, checks = run(config, engine, lambda _: None, "interactions_csv")
    assert (result.success, checks) == (True, {EXPORTED: True})


def test_a_lost_event_turns_the_check_red_and_the_run_fails(config: Config, engine: Engine) -> None:
    def lose_an_event(report: dict[str, Any]) -> None:
        report["days"]["2026-10-01"]["sources"]["source"]["wanted"] -= 1

    result, checks = run(config, engine, lose_an_event, *DAILY)

    assert (result.success, checks) == (False, {ACCOUNTED: False})


def test_a_lost_row_turns_the_check_red_and_the_run_fails(config: Config, engine: Engine) -> None:
    run(config, engine, lambda _: None, *DAILY)

    def lose_a_row(report: dict[str, Any]) -> None:
        report["datasets"]["interactions"]["copies"] -= 1

    result, checks = run(config, engine, lose_a_row, "interactions_csv")

    assert (result.success, checks) == (False, {EXPORTED: False})


def test_a_daily_file_that_is_gone_does_not_pass_for_duplicates(config: Config, engine: Engine, tmp_path: Path) -> None:
    run(config, engine, lambda _: None, *DAILY)
    next((tmp_path / "out/filtered_interactions/day=2026-10-01").glob("*.parquet")).unlink()

    result, _ = run(config, engine, lambda _: None, "interactions_csv")

    assert not result.success
