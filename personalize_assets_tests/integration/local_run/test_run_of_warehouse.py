"""`personalize-assets run` of a warehouse: what it unloads first, and what it prints."""

from __future__ import annotations

import os
import signal
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from personalize_assets.cli import main
from personalize_assets.pipeline import unload
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.redshift_data_emulator import RedshiftDataEmulator, Statement
from personalize_assets_tests.helpers.stored import latest_csv
from personalize_assets_tests.helpers.warehouse import CSV, SECOND, config, fill, order


@pytest.fixture(autouse=True)
def _three_days(redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop in the night after its second day."""
    fill(redshift)
    monkeypatch.setattr(unload, "_today", lambda: date(2026, 10, 3))


def run(folder: Path, *arguments: str) -> Result:
    config(folder)
    return CliRunner().invoke(main, ["run", "--config", str(folder / "personalize.yaml"), *arguments])


def stages(output: str) -> list[str]:
    """The lines of the stages, without durations."""
    return [line.rpartition(" (")[0] for line in output.splitlines() if line.endswith(" s)")]


def unloaded(redshift: RedshiftDataEmulator) -> list[str]:
    """Table and day of each UNLOAD."""
    return [" ".join(one.name.split()[2:4]) for one in redshift.unloads()]


def test_a_run_unloads_every_day_that_is_over_and_exports_exactly_its_rows(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert result.exit_code == 3, result.output  # four interactions are too few for Personalize
    assert stages(result.output)[:3] == [
        "unload   2 days, 2026-10-01 to 2026-10-02",
        "catalog  2 days, 2026-10-01 to 2026-10-02",
        "convert  2 days, 2026-10-01 to 2026-10-02",
    ]
    csv = latest_csv(DatasetGroup(config(tmp_path)).destination, "interactions")
    assert csv is not None
    assert csv.decode() == CSV


def test_the_next_run_unloads_only_what_is_not_final_and_finds_nothing_new(
    tmp_path: Path, redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)

    result = run(tmp_path)

    assert "Nothing is new in 2 days since the last run" in result.output
    assert len(redshift.unloads()) == 4


def test_days_that_are_named_are_unloaded_again(tmp_path: Path, redshift: RedshiftDataEmulator) -> None:
    run(tmp_path)

    run(tmp_path, "--days", "2026-10-02")

    assert unloaded(redshift)[4:] == ["product_viewed 2026-10-02", "order_completed 2026-10-02"]


def test_days_that_are_named_to_resume_are_not_unloaded_again(tmp_path: Path, redshift: RedshiftDataEmulator) -> None:
    run(tmp_path)

    run(tmp_path, "--days", "2026-10-02", "--resume")

    assert len(redshift.unloads()) == 4


def test_today_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "--days", "2026-10-03")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: no day to convert: found 2026-10-03 to 2026-10-03, wanted days from source.start_date (2026-10-01) to "
        "yesterday, the last day that is over (2026-10-02); correct --days or source.start_date\n"
    )


def test_a_source_that_begins_today_has_no_day_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unload, "_today", lambda: date(2026, 10, 1))

    result = run(tmp_path)

    assert result.stderr == (
        "Error: no day to unload: source.start_date is 2026-10-01, and 2026-09-30 is the last day that is over (UTC); "
        "wait, or correct source.start_date\n"
    )


def test_cut_texts_are_named_as_the_cause_of_rejects(tmp_path: Path, redshift: RedshiftDataEmulator) -> None:
    redshift.insert("website.order_completed", order("x", SECOND, "02:00:00", '[{"sku": "' + "x" * 502))

    result = run(tmp_path)

    assert "1 not_json:products" in result.output
    assert (
        "source.parse: 1 of 1 texts at `products` that are no JSON have 512 characters: the warehouse cuts texts at "
        "the width of their column"
    ) in result.output


def test_a_failed_statement_ends_the_run_with_its_text(tmp_path: Path, redshift: RedshiftDataEmulator) -> None:
    redshift.denied = {"order_completed"}

    result = run(tmp_path)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: unload: order_completed of 2026-10-01: statement ")
    assert "permission denied for relation order_completed; run: GRANT SELECT ON that table" in result.stderr


@pytest.mark.parametrize("home", [False, True])
def test_ctrl_c_cancels_the_statements(
    tmp_path: Path, redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch, home: bool
) -> None:
    def interrupt(statement: Statement) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    if home:  # each stage is a run of Dagster then
        (tmp_path / "home").mkdir()
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    redshift.hold = True
    redshift.on_start = interrupt
    monkeypatch.setattr(unload, "_FIRST_POLL", 0.01)

    result = run(tmp_path)

    assert result.exit_code == 130, result.output
    assert {one.status for one in redshift.statements} == {"ABORTED"}


def test_with_a_home_of_dagster_the_unload_is_a_run_that_it_keeps(
    tmp_path: Path, redshift: RedshiftDataEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))

    result = run(tmp_path)

    assert result.exit_code == 3, result.output
    assert "unload   2 days, 2026-10-01 to 2026-10-02" in result.output
    assert len(redshift.unloads()) == 4


def test_days_without_any_row_are_no_failure_of_the_unload(tmp_path: Path, redshift: RedshiftDataEmulator) -> None:
    redshift.run("DELETE FROM website.product_viewed")
    redshift.run("DELETE FROM website.order_completed")

    result = run(tmp_path)

    assert stages(result.output)[0] == "unload   2 days, 2026-10-01 to 2026-10-02"
    assert result.exit_code == 3, result.output
