"""Which key, variable or file gives a service's URL; nothing here calls a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.aws.client import boto3_client, endpoint_of
from personalize_assets.aws.error_codes import AwsError
from personalize_assets.config.models import Aws


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's config file: the profile `plain` names no URL, `mine` one for all services and one for two of them."""
    (tmp_path / "config").write_text(
        "[profile plain]\nregion = eu-west-3\n"
        "[profile mine]\nregion = eu-west-3\nendpoint_url = http://of-profile\nservices = local\n"
        "[services local]\ns3 =\n  endpoint_url = http://of-s3\ncloudwatch_logs =\n  endpoint_url = http://of-logs\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def given(aws: Aws, service: str) -> tuple[str, str] | None:
    """The URL and what gave it, which must be what boto3's client has."""
    found = endpoint_of(aws, service)
    client = boto3_client(aws, service)
    assert found is None or client.meta.endpoint_url == found.url
    return found and (found.url, found.given_by)


def test_a_services_own_key_counts_more_than_the_key_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", "http://of-variable")
    aws = Aws(region="eu-west-1", endpoint="http://all", endpoints={"personalize": "http://own"})

    assert given(aws, "personalize") == ("http://own", "aws.endpoints.personalize in the config")
    assert given(aws, "s3") == ("http://all", "aws.endpoint in the config")


def test_a_services_own_variable_counts_more_than_the_variable_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://of-logs")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://of-all")
    aws = Aws(region="eu-west-1", endpoints={"s3": "http://of-s3"})

    assert given(aws, "logs") == ("http://of-logs", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS")
    assert given(aws, "personalize-runtime") == ("http://of-all", "AWS_ENDPOINT_URL")


def test_any_variable_counts_more_than_awss_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://of-all")

    assert given(Aws(profile="mine"), "s3") == ("http://of-all", "AWS_ENDPOINT_URL")


def test_awss_file_names_services_in_a_section_of_the_profile() -> None:
    of_s3 = ("http://of-s3", "endpoint_url of s3 in [services local] of AWS's config file")
    of_logs = ("http://of-logs", "endpoint_url of cloudwatch_logs in [services local] of AWS's config file")

    assert given(Aws(profile="mine"), "s3") == of_s3
    assert given(Aws(profile="mine"), "logs") == of_logs
    assert given(Aws(profile="mine"), "glue") == (
        "http://of-profile",
        "endpoint_url of the profile mine in AWS's config file",
    )
    assert given(Aws(profile="plain"), "s3") is None


def test_variables_and_file_can_be_ignored_but_not_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://of-all")
    aws = Aws(profile="mine", endpoints={"glue": "http://own"})

    assert given(aws, "s3") is None
    assert given(aws, "glue") == ("http://own", "aws.endpoints.glue in the config")
    assert boto3_client(aws, "s3").meta.endpoint_url == "https://s3.eu-west-3.amazonaws.com"


def test_a_variable_that_holds_no_url_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000")

    with pytest.raises(AwsError, match=r"^AWS_ENDPOINT_URL_S3: '127.0.0.1:9000' is not a URL; write it as http://"):
        boto3_client(Aws(region="eu-west-1"), "s3")
