"""`make dev` with `automation: on`: files in the folder lead to an export without a click."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from personalize_assets_tests.helpers.dagster_services import Service, automated_config, drop, free_port, today

HEADER = "USER_ID,ITEM_ID,TIMESTAMP\n"


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Service]:
    """The UI and the daemon, over a source that has a file of each of the two days before today."""
    assert shutil.which("make"), "this test needs make: apt install make"
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    config = automated_config(tmp_path, export="eager", first=today() - timedelta(days=2))
    for back, user in ((2, "ann"), (1, "bob")):
        drop(tmp_path, "a.json", user, today() - timedelta(days=back))
    env = {"DAGSTER_HOME": str(home), "PERSONALIZE_CONFIG": str(config)}
    service = Service(["make", "dev", f"PORT={free_port()}"], env, tmp_path / "dev.log")
    yield service
    service.stop()


def test_the_days_of_a_history_are_one_run_and_a_dropped_file_leads_to_a_new_csv(dev: Service, tmp_path: Path) -> None:
    csv = tmp_path / "out/exports/latest/interactions.csv"

    dev.wait_until(csv.exists)
    assert csv.read_text() == f"{HEADER}ann,i,1790812800\nbob,i,1790812800\n"
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name="convert"))
    assert run.tags["dagster/asset_partition_range_start"] == str(today() - timedelta(days=2))

    drop(tmp_path, "a.json", "cid")

    dev.wait_until(lambda: "cid" in csv.read_text())
    assert csv.read_text() == f"{HEADER}ann,i,1790812800\nbob,i,1790812800\ncid,i,1790812800\n"
