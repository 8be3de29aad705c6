"""The files around the package agree with each other and with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from personalize_assets_tests.helpers.installed_packages import normal_name, packages_of
from personalize_assets_tests.helpers.samples import REPO

PIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?==[A-Za-z0-9.+!]+")


@pytest.fixture
def pyproject() -> dict[str, Any]:
    return tomllib.loads((REPO / "pyproject.toml").read_text())


def tracked() -> Iterator[tuple[str, bytes]]:
    """What git has, or would take: every file but the ignored, by its path."""
    if shutil.which("git") is None or not (REPO / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.split("\0"):
        if name and (REPO / name).is_file():
            yield name, (REPO / name).read_bytes()


def test_every_way_to_start_dagster_loads_the_same_module(pyproject: dict[str, Any]) -> None:
    (location,) = yaml.safe_load((REPO / "workspace.yaml").read_text())["load_from"]
    project = pyproject["tool"]["dg"]["project"]
    dagster = pyproject["tool"]["dagster"]

    assert {
        location["python_module"]["module_name"],
        project["code_location_target_module"],
        dagster["module_name"],
    } == {"personalize_assets.definitions"}
    assert {
        location["python_module"]["location_name"],
        project["code_location_name"],
        dagster["code_location_name"],
        project["root_module"],
    } == {"personalize_assets"}


def test_constraints_are_names_and_exact_versions_in_order() -> None:
    lines = (REPO / "constraints.txt").read_text().splitlines()

    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert len({normal_name(line) for line in lines}) == len(lines)


def test_constraints_pin_every_direct_dependency(pyproject: dict[str, Any]) -> None:
    project = pyproject["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    asked = {normal_name(line) for line in [*project["dependencies"], *extras]}
    pinned = {normal_name(line) for line in (REPO / "constraints.txt").read_text().splitlines()}

    assert asked - pinned == set()
    assert pinned & {"personalize-assets", "pip", "setuptools"} == set()


def test_constraints_pin_what_the_dependencies_bring_along() -> None:
    pinned = {normal_name(line) for line in (REPO / "constraints.txt").read_text().splitlines()}
    found = packages_of("personalize-assets[dev,bench]")

    assert len(found) > 100
    assert found - pinned - {"personalize-assets", "pip", "setuptools"} == set()


def test_every_phony_target_of_the_makefile_is_there_and_in_its_help() -> None:
    makefile = (REPO / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = set(re.findall(r"^([a-z0-9.-]+):.*## \S", makefile, re.MULTILINE))

    assert phony
    assert set(phony[1].split()) == explained - {".venv"}


def test_ci_is_executable_stops_at_errors_and_names_no_host() -> None:
    script = REPO / ".ci" / "run"
    text = script.read_text()

    assert script.stat().st_mode & 0o111 == 0o111
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text
    assert "://" not in text


def test_hooks_run_the_tools_of_the_project_and_download_nothing() -> None:
    repos = yaml.safe_load((REPO / ".pre-commit-config.yaml").read_text())["repos"]

    assert [repo["repo"] for repo in repos] == ["local"]
    assert all(hook["entry"].startswith(".venv/bin/") for repo in repos for hook in repo["hooks"])


def test_no_file_holds_a_path_of_the_machine_it_was_made_on() -> None:
    places = re.compile(rb"(?<![\w.])/(work|root|home)/[a-z]")
    found = [name for name, data in tracked() if places.search(data)]

    assert found == []


def test_nothing_secret_or_made_is_tracked() -> None:
    unwanted = re.compile(r"(^|/)(\.env|__pycache__|\.dagster|\.venv|data|dist|build)(/|$)|\.pyc$")
    found = [name for name, _ in tracked() if unwanted.search(name)]

    assert found == []
