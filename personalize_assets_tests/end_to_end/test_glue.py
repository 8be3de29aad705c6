"""The engine `glue` end to end: Dagster, S3, Glue's API and the job in its own process, over HTTP."""

from __future__ import annotations

import hashlib

import boto3
import pytest
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.storage.destination import Destination
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator
from personalize_assets_tests.helpers.samples import EXPORTS, SAMPLE_DATA
from personalize_assets_tests.helpers.stored import latest_csv


def upload(sample: str) -> dict[str, str]:
    """Put a sample's raw files into the bucket; returns the environment that points its config there."""
    s3 = boto3.client("s3")
    for file in (SAMPLE_DATA / sample).rglob("*"):
        if file.is_file():
            key = f"raw-{sample}/{file.relative_to(SAMPLE_DATA / sample).as_posix()}"
            s3.put_object(Bucket="events", Key=key, Body=file.read_bytes())
    return {
        "PERSONALIZE__SOURCE__URI": f"s3://events/raw-{sample}",
        "PERSONALIZE__DESTINATION__URI": f"s3://events/out/{sample}",
        "PERSONALIZE__GLUE__JOB": "personalize-assets",
    }


def exported(sample: str) -> dict[str, str]:
    destination = Destination(f"s3://events/out/{sample}")
    return {
        name: hashlib.sha256(latest_csv(destination, name.removesuffix(".csv")) or b"").hexdigest()
        for name in EXPORTS[sample]
    }


@pytest.mark.parametrize("sample", ["segment", "firehose"])
def test_a_sample_gives_the_bytes_of_the_engine_local(sample: str, glue: GlueEmulator) -> None:
    done = CliRunner().invoke(
        main, ["run", "--config", str(SAMPLE_DATA / f"{sample}.yaml"), "--engine", "glue"], env=upload(sample)
    )

    assert done.exit_code == 0, done.output
    assert exported(sample) == EXPORTS[sample]
    assert [run.state for run in glue.runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert list(boto3.resource("s3").Bucket("events").objects.filter(Prefix=f"out/{sample}/_glue/")) == []
