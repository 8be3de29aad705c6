"""The engine `glue` end to end: Dagster, S3, Glue's API and the job in a process of its own, over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pyspark
import pytest
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.deploy.package import ADDITIONAL_MODULES, library, script
from personalize_assets_tests.glue_emulator import GlueEmulator, serving
from personalize_assets_tests.test_same_bytes import EXPORTS, SAMPLES

GLUE_VERSION = "5.1" if pyspark.__version__.startswith("3.5.") else "6.0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlueEmulator]:
    yield from serving(tmp_path_factory.mktemp("glue"))


@pytest.fixture
def glue(server: GlueEmulator, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueEmulator]:
    """Glue with the job `personalize-assets` as `deploy` makes it; AWS's environment points there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    # The wait for late messages of a job that has not said goodbye.
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)
    server.reset()
    s3 = boto3.client("s3")
    for artifact in (script(), library()):
        s3.put_object(Bucket=bucket, Key=f"code/{artifact.name}", Body=artifact.content)
    create_job()
    yield server
    boto3.client("glue").delete_job(JobName="personalize-assets")


def create_job(**changes: Any) -> None:
    arguments = {
        "--extra-py-files": f"s3://events/code/{library().name}",
        "--additional-python-modules": ",".join(ADDITIONAL_MODULES),
    }
    job = {
        "Name": "personalize-assets",
        "Role": "job-role",
        "Command": {"Name": "glueetl", "ScriptLocation": f"s3://events/code/{script().name}", "PythonVersion": "3"},
        "GlueVersion": GLUE_VERSION,
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "DefaultArguments": arguments,
        **changes,
    }
    boto3.client("glue").create_job(**job)


def upload(sample: str) -> dict[str, str]:
    """Put a sample's raw files into the bucket; returns the environment that points its config there."""
    s3 = boto3.client("s3")
    for file in (SAMPLES / sample).rglob("*"):
        if file.is_file():
            key = f"raw-{sample}/{file.relative_to(SAMPLES / sample).as_posix()}"
            s3.put_object(Bucket="events", Key=key, Body=file.read_bytes())
    return {
        "PERSONALIZE__SOURCE__URI": f"s3://events/raw-{sample}",
        "PERSONALIZE__DESTINATION__URI": f"s3://events/out/{sample}",
    }


def exported(sample: str) -> dict[str, str]:
    s3 = boto3.client("s3")
    return {
        name: hashlib.sha256(
            s3.get_object(Bucket="events", Key=f"out/{sample}/exports/{name}")["Body"].read()
        ).hexdigest()
        for name in EXPORTS[sample]
    }


@pytest.mark.slow
@pytest.mark.parametrize("sample", ["segment", "firehose"])
def test_a_sample_gives_the_bytes_of_the_engine_local(sample: str, glue: GlueEmulator) -> None:
    done = CliRunner().invoke(
        main, ["run", "--config", str(SAMPLES / f"{sample}.yaml"), "--engine", "glue"], env=upload(sample)
    )

    assert done.exit_code == 0, done.output
    assert exported(sample) == EXPORTS[sample]
    assert [run.state for run in glue.runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert list(boto3.resource("s3").Bucket("events").objects.filter(Prefix=f"out/{sample}/_glue/")) == []
