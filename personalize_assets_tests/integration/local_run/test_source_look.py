"""`validate` and `rejects` on a bucket."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from personalize_assets_tests.helpers.command import invoke
from personalize_assets_tests.helpers.dagster_runs import EVENT, small_config


def keys(bucket: str) -> list[str]:
    return sorted(one.key for one in boto3.resource("s3").Bucket(bucket).objects.all())


def test_a_bucket_is_looked_at_and_nothing_is_put_there(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = {"uri": f"s3://{bucket}/raw", "layout": "hive", "start_date": "2026-10-01"}
    small_config(tmp_path, source=source, destination={"uri": f"s3://{bucket}/out"})
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="raw/day=2026-10-01/a", Body=EVENT.encode() * 2 + b'{"user": "u"}')
    client.put_object(Bucket=bucket, Key="raw/elsewhere", Body=EVENT.encode())
    before = keys(bucket)

    validated = invoke("validate", "--json")
    rejects = invoke("rejects", "--json")

    assert validated.exit_code == 0, validated.output
    found = json.loads(validated.stdout)
    assert found["sources"][0]["unfit"] == {"count": 1, "examples": ["elsewhere"]}
    assert found["datasets"]["interactions"]["kept"] == 2
    assert json.loads(rejects.stdout)["total"] == 0
    assert keys(bucket) == before
