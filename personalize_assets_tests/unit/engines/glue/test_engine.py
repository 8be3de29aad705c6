"""What the engine `glue` sends to Glue and reads from it, as far as no call is needed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    DailyFiles,
    DatasetExport,
    DayReport,
    ExportSpec,
    Plan,
    encode,
)
from personalize_assets.engines.glue.engine import GlueEngine
from personalize_assets.engines.job_files import (
    Staging,
)

ENGINE = GlueEngine(job="shop", destination="s3://made/out")
STAGING = Staging("s3://made/out", "_glue/r")
REPORT = ConvertReport(days={"2026-10-01": DayReport()}, seconds=0.5)


def convert(
    run_id: str = "20261001T000000-aaaaaa", *, now: int = 1, make: tuple[str, ...] = (), **s3: str
) -> ConvertSpec:
    return ConvertSpec(sources=(), plan=Plan(run_id, make=make, folders={}, now=now, s3=dict(s3)))


def export(run_id: str, daily: str = "20260930T000000-cccccc-0.parquet", **s3: str) -> ExportSpec:
    items = Dataset("items", columns=(), where={})
    one = DatasetExport(
        items, daily=(DailyFiles("2026-10-01", (daily,)),), to_csv=f"s3://made/out/_parts/items-{run_id}"
    )
    return ExportSpec(exports=(one,), s3=dict(s3))


# Work


# Arguments


@pytest.mark.parametrize(
    ("job", "own", "cores"),
    [
        ({"WorkerType": "G.1X", "NumberOfWorkers": 2}, {}, "4"),
        ({"WorkerType": "G.1X", "NumberOfWorkers": 2}, {"workers": 11, "worker_type": "G.2X"}, "80"),
        ({"WorkerType": "Z.2X", "NumberOfWorkers": 2}, {}, None),
        ({}, {}, None),
    ],
)
def test_cores_are_those_of_all_workers_but_the_drivers(
    job: dict[str, Any], own: dict[str, Any], cores: str | None
) -> None:
    engine = GlueEngine(job="shop", destination="s3://made/out", **own)

    assert engine._arguments(job, {}, STAGING).get("--cores") == cores


def test_region_and_endpoint_are_those_of_the_spec() -> None:
    s3 = {"region": "eu-west-1", "endpoint_override": "127.0.0.1:9000", "scheme": "http"}

    assert ENGINE._arguments({}, s3, STAGING) == {
        "--spec": "s3://made/out/_glue/r/spec.json",
        "--report": "s3://made/out/_glue/r/report.json",
        "--s3_region": "eu-west-1",
        "--s3_endpoint": "http://127.0.0.1:9000",
    }


def test_a_run_has_the_jobs_own_workers_unless_the_config_says_otherwise() -> None:
    sized = GlueEngine(job="shop", destination="s3://made/out", workers=5, worker_type="G.2X")

    assert ENGINE._start_params({"--a": "b"}) == {"JobName": "shop", "Arguments": {"--a": "b"}}
    assert sized._start_params({}) == {
        "JobName": "shop", "Arguments": {}, "NumberOfWorkers": 5, "WorkerType": "G.2X",
    }  # fmt: skip


# Reports


def test_a_spec_survives_json() -> None:
    spec = convert()

    assert msgspec.json.decode(encode(spec), type=ConvertSpec) == spec
