"""Arguments of `rejects`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.pipeline import rejects as stored_rejects
from personalize_assets.pipeline.rejects import Filter, Rejects
from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Filter, int]]:
    """Filters and limits, for which there is no reject."""
    found: list[tuple[Filter, int]] = []

    def find_rejects(group: Any, wanted: Filter, limit: int) -> Rejects:
        found.append((wanted, limit))
        return Rejects("shop", 0, 0, (), ())

    monkeypatch.setattr(stored_rejects, "find_rejects", find_rejects)
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)
    return found


def test_without_options_all_rejects_are_meant(calls: list[tuple[Filter, int]]) -> None:
    result = invoke("rejects")

    assert (result.exit_code, result.stdout) == (0, "No such rejects in 0 converted days of shop\n")
    assert calls == [(Filter(None, None, None), 3)]


def test_options_are_a_filter(calls: list[tuple[Filter, int]]) -> None:
    result = invoke(
        "rejects", "--day", "2026-10-01..2026-10-02", "--reason", "missing", "--dataset", "interactions",
        "--limit", "0", "--json",
    )  # fmt: skip

    assert json.loads(result.stdout)["total"] == 0
    assert calls == [(Filter(("2026-10-01", "2026-10-02"), "missing", "interactions"), 0)]


def test_a_dataset_that_is_none_is_a_wrong_argument(calls: list[tuple[Filter, int]]) -> None:
    assert (invoke("rejects", "--dataset", "clicks").exit_code, calls) == (2, [])


def test_a_dataset_that_the_group_has_not_is_a_wrong_argument(calls: list[tuple[Filter, int]]) -> None:
    result = invoke("rejects", "--dataset", "actions")

    assert (result.exit_code, calls) == (2, [])
    assert "Error: dataset group shop has no actions; its datasets are interactions\n" in result.stderr


def test_a_reason_that_is_none_is_a_wrong_argument(calls: list[tuple[Filter, int]]) -> None:
    result = invoke("rejects", "--reason", "mising:USER_ID")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Invalid value for --reason: 'mising:USER_ID' is no reason of rejects; did you mean missing? " in (
        result.stderr
    )


def test_a_reason_that_no_reject_has_is_said(calls: list[tuple[Filter, int]]) -> None:
    result = invoke("rejects", "--reason", "too_long:USER_ID")

    assert (result.exit_code, result.stdout) == (0, "No such rejects in 0 converted days of shop\n")
