"""Clients are made from the config's `aws:`; nothing here calls a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.aws.client import boto3_client, encryption
from personalize_assets.config.models import Aws


@pytest.mark.parametrize("service", ["s3", "glue", "sqs", "cloudformation", "sts", "logs"])
def test_region_and_endpoint_of_the_config_count_more_than_the_environments(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere:1")

    client = boto3_client(Aws(region="eu-central-1", endpoint="http://127.0.0.1:9000/"), service)

    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-central-1", "http://127.0.0.1:9000")


def test_keys_missing_in_the_config_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere:1")

    client = boto3_client(Aws(), "s3")

    assert (client.meta.region_name, client.meta.endpoint_url) == ("us-east-1", "http://elsewhere:1")


def test_a_profile_of_the_config_gives_credentials_and_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text("[mine]\naws_access_key_id = MINE\naws_secret_access_key = secret\n")
    (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-3\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    client = boto3_client(Aws(profile="mine"), "s3")

    assert client.meta.region_name == "eu-west-3"
    assert client._request_signer._credentials.access_key == "MINE"


def test_settings_are_those_of_botocores_config() -> None:
    client = boto3_client(Aws(region="eu-central-1"), "glue", retries={"mode": "standard", "total_max_attempts": 8})

    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 8}
    assert client.meta.config.connect_timeout == 10


def test_without_a_key_s3_is_given_no_encryption() -> None:
    assert encryption(Aws()) == {}


def test_a_key_is_named_as_s3_takes_it() -> None:
    assert encryption(Aws(kms_key="alias/shop")) == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/shop"}
