"""The engine `spark` on a standalone cluster and over Spark Connect: its bytes, what it ships, and its errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.standalone import standalone_master
from personalize_assets_tests.helpers.samples import EXPORTS, REPO, SAMPLE_DATA, export_hashes
from personalize_assets_tests.helpers.spark_connect import connect_server

# Executors start in folders of their own, and find the package only in what the engine ships.
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "512m",
    "spark.cores.max": 2,
    "spark.pyspark.python": sys.executable,
}


@pytest.fixture(scope="module")
def master() -> Iterator[str]:
    with standalone_master(workers=2) as url:
        yield url


def run(sample: str, out: Path, settings: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """`personalize-assets run` of a sample, on the Spark of these settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PERSONALIZE", "PYSPARK"))}
    env["PERSONALIZE__SPARK_CONFIG"] = json.dumps(settings)
    env["PERSONALIZE__DESTINATION__URI"] = str(out)
    config = SAMPLE_DATA / f"{sample}.yaml"
    command = [sys.executable, "-m", "personalize_assets.cli", "run", "--config", str(config), "--engine", "spark"]
    return subprocess.run(command, cwd=REPO, env=env, capture_output=True, text=True, check=False)


def test_a_standalone_cluster_makes_the_same_bytes(master: str, tmp_path: Path) -> None:
    done = run("segment", tmp_path / "out", {**SETTINGS, "spark.master": master})

    assert done.returncode == 0, done.stderr
    assert export_hashes(tmp_path / "out") == EXPORTS["segment"]


def test_a_module_that_executors_lack_is_named_with_their_python(master: str, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    python = str(tmp_path / "bare" / "bin" / "python")

    done = run("segment", tmp_path / "out", {**SETTINGS, "spark.master": master, "spark.pyspark.python": python})

    assert done.returncode == 1
    assert "msgspec, numpy, pyarrow, isal, lz4, cramjam, fastavro cannot be imported by Python 3." in done.stderr
    assert "where tasks run; install them there" in done.stderr


def test_a_python_that_executors_do_not_have_is_named(master: str, tmp_path: Path) -> None:
    done = run("segment", tmp_path / "out", {**SETTINGS, "spark.master": master, "spark.pyspark.python": "/no/python"})

    assert done.returncode == 1
    assert "executors have no program /no/python; write the path of their Python 3." in done.stderr


def test_spark_connect_makes_the_same_bytes(tmp_path: Path) -> None:
    with connect_server(tmp_path) as remote:
        done = run("segment", tmp_path / "out", {"remote": remote})

    assert done.returncode == 0, done.stderr
    assert export_hashes(tmp_path / "out") == EXPORTS["segment"]
