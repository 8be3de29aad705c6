"""The engine `glue` end to end: Dagster, S3, Glue's API and the job in its own process, over HTTP."""

from __future__ import annotations

import hashlib

import boto3
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator
from personalize_assets_tests.helpers.samples import EXPORTS, SAMPLE_DATA
from personalize_assets_tests.helpers.stored import latest_csv


def upload() -> dict[str, str]:
    """Put the sample's raw files into the bucket; returns the environment that points its config there."""
    s3 = boto3.client("s3")
    for file in (SAMPLE_DATA / "segment").rglob("*"):
        if file.is_file():
            key = file.relative_to(SAMPLE_DATA / "segment").as_posix()
            s3.put_object(Bucket="events", Key=f"raw/{key}", Body=file.read_bytes())
    return {
        "PERSONALIZE__SOURCE__URI": "s3://events/raw",
        "PERSONALIZE__DESTINATION__URI": "s3://events/out",
        "PERSONALIZE__GLUE__JOB": "personalize-assets",
    }


def exported() -> dict[str, str]:
    destination = Destination("s3://events/out")
    return {
        name: hashlib.sha256(latest_csv(destination, name.removesuffix(".csv")) or b"").hexdigest()
        for name in EXPORTS["segment"]
    }


def test_a_sample_gives_the_bytes_of_the_engine_local(glue: GlueEmulator) -> None:
    config = str(SAMPLE_DATA / "segment.yaml")

    done = CliRunner().invoke(main, ["run", "--config", config, "--engine", "glue"], env=upload())

    assert done.exit_code == 0, done.output
    assert exported() == EXPORTS["segment"]
    assert [run.state for run in glue.runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert list(boto3.resource("s3").Bucket("events").objects.filter(Prefix="out/_glue/")) == []
