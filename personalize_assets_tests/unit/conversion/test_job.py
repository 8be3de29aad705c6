"""Jobs without Spark: what a conversion reports, and what the command line writes when a job fails."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from personalize_assets.conversion import job
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.spark import spark_conf
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    ExportReport,
    ExportSpec,
    Plan,
    RawFile,
    RawFileSet,
)
from personalize_assets.conversion.spread import in_turn

DAY = date(2026, 10, 1)
USERS = Dataset(
    "users", (Column("USER_ID", ("id",), required=True), Column("CITY", ("city",))), {"type": ("identify",)}
)


def spec(folder: Path, *lines: dict[str, Any], mask: tuple[str, ...] = ()) -> ConvertSpec:
    """A spec for two files, each with these lines, of one day."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    files = []
    for name in ("a.json", "b.json"):
        (folder / name).write_text(text)
        files.append(RawFile(str(folder / name), DAY, len(text), "lines"))
    folders = {"users": str(folder / "user_traits"), "rejects": str(folder / "rejects")}
    return ConvertSpec(
        (RawFileSet("source", True, tuple(files), (USERS,)),), Plan("r", ("users",), folders, 0, {}, mask)
    )


def convert(spec: ConvertSpec) -> ConvertReport:
    report = job.run(spec, in_turn, 1)
    assert isinstance(report, ConvertReport)
    return report


def test_a_conversion_reports_counts_by_day_source_and_dataset(tmp_path: Path) -> None:
    report = convert(spec(tmp_path, {"type": "identify", "id": "u1", "city": "Ulm"}, {"type": "page"}))

    (day,) = report.days.values()
    counts, users = day.sources["source"], day.datasets["users"]
    assert list(report.days) == ["2026-10-01"]
    assert (counts.raw_files, counts.read, counts.wanted, counts.not_wanted) == (2, 4, 2, 2)
    assert (users.rows, users.kept, users.rejected) == (2, 2, {})
    assert all(Path(file).is_file() for file in users.files)
    assert report.seconds is not None


def test_the_profile_of_a_day_has_no_masked_values(tmp_path: Path) -> None:
    report = convert(spec(tmp_path, {"type": "identify", "id": "u1", "city": "Ulm"}, mask=("city",)))

    profile = report.days["2026-10-01"].datasets["users"].profile
    assert profile is not None
    assert profile.preview == ({"USER_ID": "u1", "CITY": "***"},) * 2


def test_an_export_of_nothing_reports_no_datasets() -> None:
    report = job.run(ExportSpec((), {}), in_turn, 1)

    assert isinstance(report, ExportReport)
    assert report.datasets == {}
    assert report.seconds is not None


def test_a_job_runs_with_the_cores_of_spark_and_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, str] = {}
    spark: Any = SimpleNamespace(
        conf=SimpleNamespace(set=settings.__setitem__), sparkContext=SimpleNamespace(defaultParallelism=24)
    )
    monkeypatch.setattr(job, "over_spark", lambda found, meter: ("over", found, meter))
    monkeypatch.setattr(job, "run", lambda *arguments: arguments)
    empty = ExportSpec((), {})
    arguments: Any = job.run_on_spark(spark, empty)

    assert arguments == (empty, ("over", spark, None), 24)
    assert settings == spark_conf()


def test_a_job_that_fails_leaves_its_error_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text('{"job": "import"}')

    with pytest.raises(ValueError, match="import"):
        job.execute(["--spec", str(tmp_path / "spec.json"), "--report", str(tmp_path / "report.json"), "--other", "x"])

    error = json.loads((tmp_path / "report.json").read_text())["error"]
    assert error["type"] == "ValidationError"
    assert "import" in error["message"]
    assert error["traceback"].startswith("Traceback (most recent call last):")
