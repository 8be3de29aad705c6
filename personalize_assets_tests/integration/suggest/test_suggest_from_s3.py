"""`personalize-assets suggest` on a bucket."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.config.loading import parse_yaml
from personalize_assets_tests.helpers.sites import (
    media_event,
)


def test_a_source_in_s3_is_looked_at_there(bucket: str, tmp_path: Path) -> None:
    body = "".join(json.dumps(media_event(number)) + "\n" for number in range(60)).encode()
    boto3.client("s3").put_object(Bucket=bucket, Key="in/2026/10/01/13/stream-1", Body=body)

    done = CliRunner().invoke(
        main, ["suggest", "--source", f"s3://{bucket}", "--destination", f"s3://{bucket}/out"], catch_exceptions=False
    )

    assert done.exit_code == 0, done.output
    found = parse_yaml(done.stdout, "suggested.yaml")
    assert found["source"] == {
        "uri": f"s3://{bucket}/in",
        "layout": "firehose",
        "start_date": found["source"]["start_date"],
    }
    assert found["destination"] == {"uri": f"s3://{bucket}/out"}
    assert found["datasets"]["interactions"]["columns"]["ITEM_ID"] == "video_id"
