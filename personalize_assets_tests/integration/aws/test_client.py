"""The config's `aws:` holds for the store, for Arrow and for the whole pipeline, on moto's server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from personalize_assets.config import load_config
from personalize_assets.config.models import Aws
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.object_store import StoreError, open_store
from personalize_assets.storage.s3 import arrow_s3_options
from personalize_assets_tests.helpers.latency_server import LatencyServer

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[str]:
    """A profile `mine` with keys of its own, and no other credentials anywhere."""
    (tmp_path / "credentials").write_text("[mine]\naws_access_key_id = MINE\naws_secret_access_key = secret\n")
    (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-3\n")
    with pytest.MonkeyPatch.context() as patch:  # undone before the bucket goes, for which it takes the usual ones
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name)
        yield "mine"


def test_what_this_process_writes_is_encrypted_with_the_key(bucket: str) -> None:
    store = open_store(f"s3://{bucket}/made", Aws(kms_key=KEY))

    store.write("a.json", b"{}")
    store.join("a.csv", b"header\n", ["a.json"])

    s3 = boto3.client("s3")
    for key in ("made/a.json", "made/a.csv"):
        head = s3.head_object(Bucket=bucket, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KEY)


def test_the_whole_pipeline_uses_the_configs_region_and_endpoint(bucket: str) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    boto3.client("s3").put_object(Bucket=bucket, Key="raw/a.json", Body=b"{}")
    group = DatasetGroup(
        load_config(
            env={
                "PERSONALIZE__SOURCE__URI": f"s3://{bucket}/raw",
                "PERSONALIZE__SOURCE__LAYOUT": "flat",
                "PERSONALIZE__DESTINATION__URI": f"s3://{bucket}/out",
                "PERSONALIZE__AWS__ENDPOINT": endpoint,
                "PERSONALIZE__AWS__REGION": "eu-central-1",
            }
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        days = list(group.bytes_by_day())
        catalog_days(group, days)
        spec = plan_convert(group, days, ["interactions"])

    assert spec.plan.s3 == {
        "region": "eu-central-1",
        "endpoint_override": endpoint.removeprefix("http://"),
        "scheme": "http",
    }
    assert [file.uri for file in spec.sources[0].files] == [f"s3://{bucket}/raw/a.json"]


@pytest.mark.parametrize(
    ("aws", "environment"),
    [
        ({"endpoints": {"s3": "URL"}, "endpoint": "DEAD"}, {"AWS_ENDPOINT_URL_S3": "DEAD"}),
        ({"endpoint": "URL"}, {"AWS_ENDPOINT_URL_S3": "DEAD"}),
        ({}, {"AWS_ENDPOINT_URL_S3": "URL", "AWS_ENDPOINT_URL": "DEAD"}),
        ({"endpoints": {"personalize": "DEAD"}}, {"AWS_ENDPOINT_URL": "URL", "AWS_ENDPOINT_URL_PERSONALIZE": "DEAD"}),
        ({"endpoints": {"s3": "URL"}}, {"AWS_ENDPOINT_URL": "DEAD", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
    ],
)
def test_the_process_and_its_tasks_use_the_same_s3_whatever_gives_its_url(
    aws: dict[str, Any], environment: dict[str, str], s3_server: LatencyServer
) -> None:
    urls = {"URL": s3_server.url, "DEAD": "http://127.0.0.1:1"}
    endpoints = {service: urls[url] for service, url in aws.get("endpoints", {}).items()}
    settings = Aws(endpoint=urls.get(aws.get("endpoint", "")), endpoints=endpoints)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", urls["DEAD"])
        for name, value in environment.items():
            patch.setenv(name, urls.get(value, value))

        open_store("s3://events", settings).write("by-boto3", b"rows")
        options = arrow_s3_options(["s3://events"], settings)
        with FileSystem(options).open("s3://events/by-boto3") as file:
            read = file.read()
        head = open_store("s3://events", settings).read("by-boto3", 2)

    assert (options["endpoint_override"], read, head) == (s3_server.url.removeprefix("http://"), b"rows", b"ro")


def test_what_gave_the_url_of_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    store = open_store("s3://events", Aws(region="eu-central-1", endpoints={"s3": "http://127.0.0.1:1"}))

    with pytest.raises(
        StoreError, match=r"check the network, and aws\.endpoints\.s3 in the config, which gives this URL$"
    ):
        store.check_exists()


def test_arrow_gets_the_profile_and_never_the_keys(bucket: str, profile: str) -> None:
    options = arrow_s3_options([f"s3://{bucket}/raw"], Aws(profile=profile))

    assert {name: options[name] for name in ("credentials", "profile")} == {"credentials": "boto3", "profile": "mine"}
    assert "secret" not in str(options)


def test_tasks_read_with_the_credentials_that_boto3_finds(profile: str, s3_server: LatencyServer) -> None:
    options = {**arrow_s3_options(["s3://events"]), "credentials": "boto3", "profile": profile}

    with pytest.raises(FileNotFoundError):
        FileSystem(options).open("s3://events/a")

    assert s3_server.requests[-1].signer == "MINE"


def test_tasks_and_boto3_write_and_read_the_same_bucket(bucket: str) -> None:
    options = {**arrow_s3_options([f"s3://{bucket}"]), "credentials": "boto3"}

    with FileSystem(options).create(f"s3://{bucket}/by-arrow") as file:
        file.write(b"rows")

    assert open_store(f"s3://{bucket}").read("by-arrow") == b"rows"
