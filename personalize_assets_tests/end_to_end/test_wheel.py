"""The package as `pip install` leaves it, in an empty folder: from a sample to CSVs, Dagster's assets and the UI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.dagster_services import free_port, is_listening
from personalize_assets_tests.helpers.samples import EXPORTS, export_hashes
from personalize_assets_tests.helpers.wheel import Environment, installed

ASSETS = {"query": "{assetNodes {assetKey {path}}}"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return installed(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def project(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample of Segment, as `init` leaves it."""
    folder = tmp_path_factory.mktemp("project")
    made = environment.run(folder, "personalize-assets", "init", "--sample", "segment")
    assert made.returncode == 0, made.stderr
    return folder


def test_the_sample_of_the_wheel_gives_the_same_csvs(environment: Environment, project: Path) -> None:
    done = environment.run(project, "personalize-assets", "run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert export_hashes(project / "data") == EXPORTS["segment"]
    assert (project / "data/report.html").read_text().startswith("<!doctype html>")


def test_dagster_loads_the_assets_of_the_project(environment: Environment, project: Path) -> None:
    listed = environment.run(project, "dagster", "definitions", "validate")
    assets = environment.run(project, "dagster", "asset", "list", "-f", "definitions.py")

    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "filtered_interactions" in assets.stdout.split(), assets.stdout + assets.stderr


def test_the_ui_shows_the_assets_of_the_project_until_ctrl_c(environment: Environment, project: Path) -> None:
    port = free_port()
    # Only the command itself is interrupted here: it has to end what it started.
    log = (project / "log").open("w")
    running = subprocess.Popen(
        [environment.program("personalize-assets"), "dev", "--port", str(port)],
        env=environment.variables(project),
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=log,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not is_listening(port):
            assert running.poll() is None, (project / "log").read_text()[-5000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", json.dumps(ASSETS).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            nodes = json.load(answer)["data"]["assetNodes"]

        running.send_signal(signal.SIGINT)
        running.wait(60)
    finally:
        log.close()
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)

    assert ["filtered_interactions"] in [node["assetKey"]["path"] for node in nodes]
    assert running.returncode == 130
    assert (project / "log").read_text().splitlines()[-1].startswith("Stopped. The history of runs is kept")
    assert not is_listening(port)
    assert (project / ".dagster/workshop/dagster.yaml").is_file()


def test_every_sample_is_in_the_wheel(environment: Environment, tmp_path: Path) -> None:
    made = environment.run(tmp_path, "personalize-assets", "init", "--sample", "snowplow", "shop")

    assert made.returncode == 0, made.stderr
    assert any(file.is_file() for file in (tmp_path / "shop" / "snowplow").rglob("*"))


def test_without_a_project_the_error_names_init(environment: Environment, tmp_path: Path) -> None:
    done = environment.run(tmp_path, "personalize-assets", "run")

    assert (done.returncode, done.stderr) == (
        1,
        "Error: personalize.yaml: no such file; name your config with --config or PERSONALIZE_CONFIG, or write one: "
        "personalize-assets init\n",
    )
