"""The image without Docker: what the Dockerfile installs, and the code server that its command starts."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from personalize_assets_tests.helpers.dagster_services import Service, free_port
from personalize_assets_tests.helpers.dockerfile import command, health_check, install, runs_here
from personalize_assets_tests.helpers.samples import EXPORTS, REPO, SAMPLE_DATA, export_hashes

pytestmark = pytest.mark.skipif(not runs_here(), reason="another Python than the image's")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("image"))


@pytest.fixture
def variables(environment: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a container: nothing of this repository can be imported."""
    (tmp_path / "sample_data").symlink_to(SAMPLE_DATA)
    config = tmp_path / "personalize.yaml"
    config.write_text((SAMPLE_DATA / "segment.yaml").read_text().replace("uri: segment", "uri: sample_data/segment"))
    return {
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": "",
        "PERSONALIZE_CONFIG": str(config),
        "PERSONALIZE__DESTINATION__URI": str(tmp_path / "out"),
    }


def run(variables: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def test_the_command_of_the_image_starts_a_code_server_that_is_healthy(
    environment: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    port = str(free_port())
    started = [port if word == "4266" else word for word in command()]
    asked = [port if word == "4266" else word for word in health_check()]
    server = Service([environment / "bin" / started[0], *started[1:]], variables, tmp_path / "log", cwd=tmp_path)
    try:
        server.wait_until(lambda: run(variables, tmp_path, *asked).returncode == 0)
    finally:
        server.stop()


def test_the_image_runs_the_command_line_with_the_versions_of_the_constraints(
    variables: dict[str, str], tmp_path: Path
) -> None:
    done = run(variables, tmp_path, "personalize-assets", "run", "--config", variables["PERSONALIZE_CONFIG"])
    listed = run(variables, tmp_path, "python", "-c", _VERSIONS)

    assert done.returncode == 0, done.stdout + done.stderr
    assert export_hashes(tmp_path / "out") == EXPORTS["segment"]
    assert listed.returncode == 0, listed.stderr
    pinned = {line.lower().replace("_", "-") for line in (REPO / "constraints.txt").read_text().split()}
    version = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"]
    assert set(listed.stdout.split()) - pinned == {f"personalize-assets=={version}"}


def test_the_image_has_what_dagster_needs_as_a_worker_and_no_pip(environment: Path) -> None:
    (packages,) = environment.glob("lib/python*/site-packages")

    assert {"dagster_aws", "dagster_k8s", "dagster_postgres", "dagster_webserver"} <= {
        each.name for each in packages.iterdir()
    }
    assert not (packages / "pip").exists()
    assert not (environment / "bin/pip").exists()


_VERSIONS = """\
from importlib.metadata import distributions
for each in distributions():
    print(each.name.lower().replace("_", "-") + "==" + each.version)
"""
