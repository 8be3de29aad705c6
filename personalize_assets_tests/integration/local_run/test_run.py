"""A run over raw objects of S3 that are in an archive, or below a folder without a name."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from personalize_assets.local_run.run import run_all
from personalize_assets_tests.helpers.dagster_runs import EVENT, small_config


def test_archived_objects_are_left_out_and_the_run_says_so(
    tmp_path: Path, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = boto3.client("s3")
    second = EVENT.replace("u1", "u2")
    client.put_object(Bucket=bucket, Key="raw/day=2026-10-01/a", Body=EVENT.encode())
    client.put_object(Bucket=bucket, Key="raw/day=2026-10-01/b", Body=second.encode(), StorageClass="DEEP_ARCHIVE")
    source = {"uri": f"s3://{bucket}/raw", "layout": "hive", "start_date": "2026-10-01"}

    run_all(small_config(tmp_path, checks="warn", source=source))

    csv = tmp_path / "out/exports/latest/interactions.csv"
    assert csv.read_text() == "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812801\n"
    assert (
        f"Not read: s3://{bucket}/raw has objects in an archive (GLACIER, DEEP_ARCHIVE): 1, e.g. day=2026-10-01/b; "
        "restore them in S3, then run their days with --force"
    ) in capsys.readouterr().out.splitlines()


def test_a_file_that_is_archived_after_its_day_was_converted_changes_nothing(
    tmp_path: Path, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = boto3.client("s3")
    key = "raw/day=2026-10-01/a"
    client.put_object(Bucket=bucket, Key=key, Body=EVENT.encode())
    source = {"uri": f"s3://{bucket}/raw", "layout": "hive", "start_date": "2026-10-01"}
    config = small_config(tmp_path, checks="warn", source=source)
    run_all(config)
    client.put_object(Bucket=bucket, Key=key, Body=EVENT.encode(), StorageClass="GLACIER")

    run_all(config)

    assert "Nothing is new in 1 day since the last run" in capsys.readouterr().out
    csv = tmp_path / "out/exports/latest/interactions.csv"
    assert csv.read_text() == "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812801\n"


def test_raw_files_below_a_folder_without_a_name_are_read(tmp_path: Path, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="logs//2026/10/01/05/a", Body=EVENT.encode())
    source = {"uri": f"s3://{bucket}/logs//", "layout": "firehose", "start_date": "2026-10-01"}

    run_all(small_config(tmp_path, checks="warn", source=source))

    csv = tmp_path / "out/exports/latest/interactions.csv"
    assert csv.read_text() == "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1790812801\n"
