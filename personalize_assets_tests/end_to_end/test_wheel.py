"""The package as `pip install` leaves it, in an empty folder: from a sample to the CSVs and Dagster's assets."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets_tests.helpers.samples import EXPORTS, export_hashes
from personalize_assets_tests.helpers.wheel import Environment, installed


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
