"""`make dev` with `automation: on`: a new file in the folder leads to an export without a click."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.dagster_services import Service, automated_config, drop, free_port


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Service]:
    assert shutil.which("make"), "this test needs make: apt install make"
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = {"DAGSTER_HOME": str(home), "PERSONALIZE_CONFIG": str(automated_config(tmp_path, export="eager"))}
    service = Service(["make", "dev", f"PORT={free_port()}"], env, tmp_path / "dev.log")
    yield service
    service.stop()


def test_a_dropped_file_leads_to_a_new_interactions_csv_without_a_click(dev: Service, tmp_path: Path) -> None:
    csv = tmp_path / "out/exports/latest/interactions.csv"

    drop(tmp_path, "a.json", user="ann")

    dev.wait_until(csv.exists)
    assert csv.read_text() == "USER_ID,ITEM_ID,TIMESTAMP\nann,i,1790812800\n"
