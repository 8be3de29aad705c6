"""Arguments and exit codes of `run`; what it does is tested in integration/commands/ and end_to_end/."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run import run as local_run
from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What ``run`` is called with, instead of a run that succeeds: days, resume, and the days that one run converts."""
    found: list[Any] = []

    def run_all(config: Any, days: list[date] | None, *, resume: bool, force: bool, display: Any) -> bool:
        found.append((days, resume, force, config.automation.max_days_per_run))
        return True

    monkeypatch.setattr(local_run, "run_all", run_all)
    monkeypatch.chdir(tmp_path)
    return found


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run_all(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(local_run, "run_all", run_all)


@pytest.mark.parametrize(
    ("text", "days"),
    [("2026-10-01..2026-10-03", [1, 2, 3]), ("2026-10-02", [2]), ("2026-10-02..2026-10-02", [2])],
)
def test_days_are_a_range_or_a_day(text: str, days: list[int], calls: list[Any]) -> None:
    assert invoke("run", "--days", text).exit_code == 0

    assert calls[0][0] == [date(2026, 10, day) for day in days]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("yesterday", "'yesterday' is not a range of days; write it as 2026-10-01..2026-10-07"),
        ("2026-10-02..", "'2026-10-02..' has no last day; write both, as 2026-10-01..2026-10-07, or one day alone"),
        ("..2026-10-02", "'..2026-10-02' has no first day; write both, as 2026-10-01..2026-10-07, or one day alone"),
        ("..", "'..' has no first day; write both, as 2026-10-01..2026-10-07, or one day alone"),
        ("2026-10-02...2026-10-03", "'2026-10-02...2026-10-03' is not a range of days"),
        ("2026-10-02..2026-10-01", "'2026-10-02..2026-10-01' ends before it starts"),
    ],
)
def test_days_that_are_no_range_are_a_wrong_argument(text: str, problem: str) -> None:
    result = invoke("run", "--days", text)

    assert (result.exit_code, problem in result.stderr) == (2, True)


def test_without_options_every_day_is_converted_as_the_config_says(calls: list[Any]) -> None:
    invoke("run")

    assert calls == [(None, False, False, 31)]


def test_options_take_the_place_of_the_config(calls: list[Any]) -> None:
    invoke("run", "--resume", "--force", "--max-days-per-run", "2")

    assert calls == [(None, True, True, 2)]


def test_an_error_for_the_user_is_one_paragraph_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, PersonalizeAssetsError("raw: no such folder"))

    result = invoke("run")

    assert (result.exit_code, result.stderr) == (1, "Error: raw: no such folder\n")


def test_ctrl_c_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())

    result = invoke("run")

    assert (result.exit_code, result.stderr) == (
        130, "Stopped. What was current before is unchanged; run again to finish.\n",
    )  # fmt: skip


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError("a bug"))

    assert isinstance(invoke("run").exception, ZeroDivisionError)


def test_quiet_names_the_command_that_says_why_an_export_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_run, "run_all", lambda *_, **__: False)

    result = invoke("run", "-q")

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "Personalize would refuse what is exported; `personalize-assets status` says why\n"


def test_files_of_a_dataset_that_the_group_has_not_are_a_wrong_argument(tmp_path: Path) -> None:
    small_config(tmp_path)

    result = invoke("files", "actions", "--config", str(tmp_path / "personalize.yaml"))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: dataset group shop has no actions; its datasets are interactions\n" in result.stderr


@pytest.mark.parametrize("name", ["interactions", "rejects"])
def test_files_of_what_is_not_there_yet_are_none(tmp_path: Path, name: str) -> None:
    small_config(tmp_path)

    result = invoke("files", name, "--config", str(tmp_path / "personalize.yaml"))

    assert (result.exit_code, result.output) == (0, "")
