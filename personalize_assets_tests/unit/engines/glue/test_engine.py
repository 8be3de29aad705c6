"""What the engine `glue` sends to Glue and reads from it, as far as no call is needed."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.engines.glue.engine import GlueEngine
from personalize_assets.engines.job_files import (
    Staging,
)

ENGINE = GlueEngine(job="shop", destination="s3://made/out")
STAGING = Staging("s3://made/out", "_glue/r")


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
