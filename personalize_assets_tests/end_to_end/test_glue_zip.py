"""The zip that is shipped to Glue runs without the rest of the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.config import load_config
from personalize_assets.conversion.spec import ConvertSpec, encode
from personalize_assets.engines.glue.bundle import library, script
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets_tests.helpers.samples import REPO

# Modules that Glue has, or that are named for it; what is imported beyond them fails.
BY_HAND = """
import importlib.abc, sys

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("dagster", "dagster_pipes", "boto3", "botocore", "pydantic", "click", "fastavro"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
sys.argv = ["convert.py", *sys.argv[1:]]
import re
import runpy
runpy.run_path(__import__("os").environ["SCRIPT"], run_name="__main__")
"""


def run_by_hand(python: str, spec: ConvertSpec, folder: Path, path: str) -> dict[str, Any]:
    """``convert.py --spec`` with the zip, in a Python where neither dagster nor boto3 can be imported."""
    (folder / "spec.json").write_bytes(encode(spec))
    (folder / library().name).write_bytes(library().content)
    (folder / script().name).write_bytes(script().content)
    done = subprocess.run(
        [python, "-c", BY_HAND, "--spec", str(folder / "spec.json")],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(folder / library().name), path])),
            "PYSPARK_PYTHON": python,
            "SCRIPT": str(folder / script().name),
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return report


@pytest.fixture
def python313() -> str:
    """A Python 3.13 with what Glue 6.0 has of its own; `make test-python313` sets it up."""
    python = REPO / ".venv-python313" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no .venv-python313: `make test-python313` makes it, where there is a python3.13")
    return str(python)


def one_file(folder: Path) -> ConvertSpec:
    """A spec that reads one event and makes its row."""
    raw = folder / "a.json"
    raw.write_text('{"user": "u", "item": "i", "at": 1790812800}\n{"user": null, "item": "i", "at": 1790812800}\n')
    (folder / "personalize.yaml").write_text(
        json.dumps(
            {
                "source": {"uri": "raw", "layout": "flat", "start_date": "2026-10-01"},
                "destination": {"uri": "out"},
                "dataset_group": {"name": "test"},
                "datasets": {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "at"}}},
            }
        )
    )
    (folder / "raw").mkdir()
    raw.rename(folder / "raw" / "a.json")
    group = DatasetGroup(load_config(folder / "personalize.yaml", {}))
    days = list(group.bytes_by_day())
    catalog_days(group, days)
    return plan_convert(group, days, ["interactions"])


def test_the_zip_runs_by_hand_with_neither_dagster_nor_boto3(tmp_path: Path) -> None:
    report = run_by_hand(sys.executable, one_file(tmp_path), tmp_path, "")

    counts = report["days"]["2026-10-01"]["datasets"]["interactions"]
    assert (counts["rows"], counts["kept"], counts["rejected"]) == (2, 1, {"missing:USER_ID": 1})


def test_the_zip_runs_on_python_313_as_on_glue_6(tmp_path: Path, python313: str) -> None:
    report = run_by_hand(python313, one_file(tmp_path), tmp_path, "")

    counts = report["days"]["2026-10-01"]["datasets"]["interactions"]
    assert (counts["rows"], counts["kept"], counts["rejected"]) == (2, 1, {"missing:USER_ID": 1})
