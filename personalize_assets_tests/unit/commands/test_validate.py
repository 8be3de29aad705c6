"""Exit codes of `validate`, and what it prints as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import EVENT, put_raw, small_config


def test_a_source_that_gives_rows_is_exit_code_0(tmp_path: Path) -> None:
    small_config(tmp_path)
    put_raw(tmp_path, EVENT)

    result = invoke("validate", "--config", str(tmp_path / "personalize.yaml"))

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].split() == ["interactions", "1", "1", "1", "1", "0"]


def test_a_source_that_gives_none_is_exit_code_1_also_with_json(tmp_path: Path) -> None:
    small_config(tmp_path)
    put_raw(tmp_path, '{"user": "u1"}\n')

    result = invoke("validate", "--config", str(tmp_path / "personalize.yaml"), "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["datasets"]["interactions"]["rejected"] == {"missing:ITEM_ID": 1}
    assert result.stderr == "Error: nothing would come out: no row of the sample could be used\n"


def test_a_source_of_users_without_an_interaction_is_exit_code_1(tmp_path: Path) -> None:
    ids = {"USER_ID": "user", "ITEM_ID": "wrong", "TIMESTAMP": "time"}
    traits = {"USER_ID": "user", "AGE": {"path": "time", "type": "long"}}
    small_config(tmp_path, datasets={"interactions": {"columns": ids}, "users": {"columns": traits}})
    put_raw(tmp_path, EVENT)

    result = invoke("validate", "--config", str(tmp_path / "personalize.yaml"))

    assert result.exit_code == 1
    assert result.stderr == "Error: no interactions would come out: no row of the sample could be used\n"


def test_a_config_that_is_wrong_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "personalize.yaml").write_text("source: {}\n")

    result = invoke("validate", "--config", str(tmp_path / "personalize.yaml"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {tmp_path}/personalize.yaml: ")
