"""A warehouse's days in Dagster: unloaded, catalogued, converted and exported by real runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest

from personalize_assets.definitions import build_definitions
from personalize_assets.pipeline import unload
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator, Statement
from personalize_assets_tests.helpers.stored import latest_csv
from personalize_assets_tests.helpers.warehouse import CSV, SECOND, config, fill, order

DAYS = ("2026-10-01", "2026-10-02")
DAILY = ["warehouse_unload", "raw_event_catalog", "filtered_interactions"]


class Runs:
    """Runs of the shop's definitions in one instance."""

    def __init__(self, folder: Path) -> None:
        self.config = config(folder)
        self.instance = dg.DagsterInstance.ephemeral()
        self._job = build_definitions(self.config).resolve_implicit_global_asset_job_def()

    def run(self, *names: str, days: Sequence[str] = DAYS, **tags: str) -> dg.ExecuteInProcessResult:
        first, last = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
        return self._job.execute_in_process(
            instance=self.instance,
            tags={**({first: days[0], last: days[-1]} if days else {}), **tags},
            asset_selection=[dg.AssetKey(name) for name in names],
            raise_on_error=False,
        )


@pytest.fixture
def runs(redshift: RedshiftDataEmulator, tmp_path: Path) -> Runs:
    fill(redshift)
    return Runs(tmp_path)


def test_a_run_unloads_and_converts_the_days_and_an_export_has_exactly_their_rows(runs: Runs) -> None:
    assert runs.run(*DAILY).success
    assert runs.run("interactions_csv", days=()).success

    csv = latest_csv(DatasetGroup(runs.config).destination, "interactions")
    assert csv is not None
    assert csv.decode() == CSV


def test_the_metadata_of_a_day_have_its_rows_files_and_cut_texts(runs: Runs, redshift: RedshiftDataEmulator) -> None:
    cut = [order(f"x{n}", SECOND, "02:00:00", "[" + "x" * 511) for n in range(3)]
    redshift.insert("website.order_completed", *cut)

    result = runs.run("warehouse_unload")

    (second,) = [
        one for one in result.asset_materializations_for_node("warehouse_unload") if one.partition == "2026-10-02"
    ]
    shown = {
        name: second.metadata[name].value for name in ("dagster/partition_row_count", "files", "cut_texts", "unloaded")
    }
    assert shown == {
        "dagster/partition_row_count": 6,
        "files": 4,
        "cut_texts": 3,
        "unloaded": "s3://events/unloaded/day=2026-10-02/",
    }
    checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert {name: (check.passed, check.metadata["observed"].value) for name, check in checks.items()} == {
        "no_json_text_is_cut": (False, 3),
        "each_day_has_rows": (True, "0 of 2 days without a row"),
    }


def test_a_failed_statement_fails_the_run_with_its_text_and_is_not_retried(
    runs: Runs, redshift: RedshiftDataEmulator
) -> None:
    redshift.denied = {"product_viewed"}

    result = runs.run(*DAILY)

    assert not result.success
    failure = result.failure_data_for_node("warehouse_unload")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "permission denied for relation product_viewed; run: GRANT SELECT" in str(
        failure.user_failure_data.description
    )
    assert not result.asset_materializations_for_node("raw_event_catalog")


def test_a_run_that_is_cancelled_cancels_its_statements(
    runs: Runs, redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(statement: Statement) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    redshift.hold = True
    redshift.on_start = interrupt
    monkeypatch.setattr(unload, "_FIRST_POLL", 0.01)

    result = runs.run(*DAILY, days=("2026-10-01",))

    assert not result.success

    assert {one.status for one in redshift.statements} == {"ABORTED"}


def test_a_run_that_resumes_leaves_final_days_as_they_are(runs: Runs, redshift: RedshiftDataEmulator) -> None:
    runs.run("warehouse_unload")

    result = runs.run(*DAILY, **{"personalize_assets/resume": "true"})

    assert result.success
    assert len(redshift.unloads()) == 4


def test_a_run_that_was_started_by_hand_unloads_its_days_again(runs: Runs, redshift: RedshiftDataEmulator) -> None:
    runs.run("warehouse_unload")
    runs.run("warehouse_unload")

    assert len(redshift.unloads()) == 8


def test_the_catalog_of_a_day_that_is_not_unloaded_says_what_to_materialize(runs: Runs) -> None:
    result = runs.run("raw_event_catalog", days=("2026-10-01",))

    failure = result.failure_data_for_node("raw_event_catalog")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert str(failure.user_failure_data.description) == (
        "product_viewed of 2026-10-01 is not unloaded: materialize warehouse_unload for that day, or use "
        "`personalize-assets run --days 2026-10-01`"
    )
