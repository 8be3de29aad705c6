"""The command line of the Glue job, on Spark in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personalize_assets.conversion import job


def test_the_job_runs_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"run_id": "r", "make": [], "folders": {"rejects": str(tmp_path)}, "now": 0, "s3": {}}
    (tmp_path / "spec.json").write_text(json.dumps({"job": "convert", "sources": [], "plan": plan}))

    assert job.main(["--spec", str(tmp_path / "spec.json"), "--report", str(tmp_path / "report.json")]) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["job"], report["days"]) == ("convert", {})
    assert json.loads((tmp_path / "report.json").read_text()) == report
