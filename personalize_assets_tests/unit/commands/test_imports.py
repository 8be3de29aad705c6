"""Arguments of `import`; integration/local_run/ imports."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from personalize_assets.commands.imports import import_
from personalize_assets.config.imports import MODES
from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import small_config


def test_the_modes_are_those_of_the_config() -> None:
    (mode,) = (option for option in import_.params if option.name == "mode")

    assert isinstance(mode.type, click.Choice)
    assert tuple(mode.type.choices) == MODES


def test_a_dataset_that_the_config_has_not_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERSONALIZE__IMPORT__ROLE", "arn:aws:iam::123456789012:role/r")
    small_config(tmp_path, destination={"uri": "s3://bucket/out"})

    result = invoke("import", "--datasets", "users")

    assert result.exit_code == 1
    assert "users is not among the datasets of this config (interactions); correct --datasets" in result.stderr
