"""Arguments of `forget`; unit/local_run/test_forget.py forgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config


def test_without_a_file_of_users_the_command_is_wrong() -> None:
    result = invoke("forget")

    assert (result.exit_code, "Missing option '--user-ids'" in result.stderr) == (2, True)


def test_a_file_that_is_not_there_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_config(tmp_path)

    result = invoke("forget", "--user-ids", "absent.csv")

    assert result.exit_code == 1
    assert result.stderr == "Error: --user-ids absent.csv: cannot be read: No such file or directory\n"
