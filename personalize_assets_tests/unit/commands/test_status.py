"""Exit codes of `status`, and what it prints as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import EVENT, put_raw, small_config


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project in the working folder."""
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path, checks="warn")


def test_an_empty_destination_is_exit_code_0() -> None:
    result = invoke("status", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["days"]["count"] == 0


def test_what_personalize_would_refuse_is_exit_code_3(tmp_path: Path) -> None:
    put_raw(tmp_path, EVENT)
    invoke("run")

    assert invoke("status").exit_code == 3
