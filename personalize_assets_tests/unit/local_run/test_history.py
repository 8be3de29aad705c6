"""One folder of Dagster's history for each dataset group."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.local_run.history import history_folder, main
from personalize_assets_tests.helpers.dagster_runs import small_config


def test_two_groups_have_two_folders_whose_settings_may_be_edited(tmp_path: Path) -> None:
    shop, media = history_folder("shop", tmp_path), history_folder("media/eu", tmp_path)
    (shop / "dagster.yaml").write_text("telemetry: {enabled: true}\n")

    assert (shop, media) == (tmp_path / "shop", tmp_path / "media_eu")
    assert history_folder("shop", tmp_path) == shop
    assert (shop / "dagster.yaml").read_text() == "telemetry: {enabled: true}\n"
    assert (media / "dagster.yaml").read_text().startswith("telemetry: {enabled: false}\n")


def test_the_folder_of_a_config_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_config(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert main(["personalize.yaml"]) == 0

    assert capsys.readouterr().out == f"{tmp_path}/.dagster/shop\n"
