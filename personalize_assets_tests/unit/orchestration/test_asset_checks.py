"""Rules, findings and the accounting as asset checks and their results."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from personalize_assets.orchestration.asset_checks import (
    accounted,
    accounting_spec,
    exported,
    rule_result,
    rule_spec,
)
from personalize_assets.pipeline.export import ExportCounts
from personalize_assets.quality.accounting import ACCOUNTED
from personalize_assets.quality.rule import OURS, Finding, Rule
from personalize_assets.storage.manifests import DayAccounting, DayCommit

KEY = dg.AssetKey("filtered_interactions")
ACCOUNTING = DayAccounting(run="r", read=10, wanted=6, not_wanted=3, malformed={"malformed_json": 1})
COMMIT = DayCommit(run="r", mapping="m", rows=7, kept=5, rejected={"missing:USER_ID": 2})


def rule(*, is_error: bool) -> Rule[None]:
    return Rule("rows_are_few", lambda facts: Finding(True, 1, "1"), "Few rows.", "drop some.", OURS, is_error)


def values(result: dg.AssetCheckResult) -> dict[str, Any]:
    return {name: value.value for name, value in result.metadata.items()}


# Rules


@pytest.mark.parametrize(
    ("is_error", "strict", "blocks"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_check_blocks_if_personalize_would_refuse_the_data_and_the_config_is_strict(
    is_error: bool, strict: bool, blocks: bool
) -> None:
    one = rule(is_error=is_error)

    assert rule_spec(one, KEY, strict=strict).blocking is blocks
    severity = rule_result(one, Finding(False, 2, "1"), KEY, strict=strict).severity
    assert severity is (dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN)


def test_a_check_describes_what_holds_what_to_do_and_the_source_of_its_limit() -> None:
    spec = rule_spec(rule(is_error=True), KEY, strict=True)

    assert (spec.name, spec.asset_key) == ("rows_are_few", KEY)
    assert spec.description == "Few rows. When red: drop some. Source: our own experience."


def test_a_result_has_what_was_observed_what_is_allowed_and_the_rows_at_fault() -> None:
    finding = Finding(False, 2, "at most 1", [{"day": "2026-10-01", "rows": 2}, {"day": None}])

    result = rule_result(rule(is_error=True), finding, KEY, strict=True)

    assert (result.passed, result.check_name, result.asset_key) == (False, "rows_are_few", KEY)
    table = result.metadata["rows"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data for record in table.records] == [{"day": "2026-10-01", "rows": 2}, {"day": "", "rows": ""}]
    assert {name: value for name, value in values(result).items() if name != "rows"} == {
        "observed": 2, "allowed": "at most 1",
    }  # fmt: skip


def test_a_result_without_rows_at_fault_has_no_table() -> None:
    assert values(rule_result(rule(is_error=False), Finding(True, "none", "none"), KEY, strict=True)) == {
        "observed": "none", "allowed": "none",
    }  # fmt: skip


# Accounting


def test_the_checks_of_the_accounting_block_always() -> None:
    spec = accounting_spec(ACCOUNTED, KEY)

    assert (spec.name, spec.blocking) == ("every_event_is_accounted_for", True)


def test_an_accounting_that_balances_passes() -> None:
    result = accounted(KEY, {"2026-10-01": ACCOUNTING}, {"2026-10-01": COMMIT})

    assert result.passed
    assert values(result) == {"days": 1, "events_read": 10, "rows": 7, "unbalanced": "none"}


def test_a_lost_event_fails_and_its_day_is_named() -> None:
    lost = DayAccounting(run="r", read=11, wanted=6, not_wanted=3, malformed={"malformed_json": 1})

    result = accounted(
        KEY, {"2026-10-01": ACCOUNTING, "2026-10-02": lost}, {"2026-10-01": COMMIT, "2026-10-02": COMMIT}
    )

    assert not result.passed
    assert (
        values(result)["unbalanced"]
        == "2026-10-02: 11 events read, but 6 wanted + 3 not wanted + 1 malformed + 0 unreadable"
    )


def test_a_row_that_is_neither_kept_nor_rejected_fails() -> None:
    lost = DayCommit(run="r", mapping="m", rows=7, kept=4, rejected={"missing:USER_ID": 2})

    result = accounted(KEY, {"2026-10-01": ACCOUNTING}, {"2026-10-01": lost})

    assert not result.passed
    assert values(result)["unbalanced"] == "2026-10-01: 7 rows, but 4 kept + 2 rejected"


@pytest.mark.parametrize(("rows", "passed"), [(8, True), (7, False), (9, False)])
def test_kept_rows_are_exported_or_duplicates(rows: int, passed: bool) -> None:
    assert exported(KEY, ExportCounts(kept=10, rows=rows, duplicates=2, bytes=0)).passed is passed
