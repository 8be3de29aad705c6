"""What S3 refuses, in words, and how Arrow reaches it; without a server."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from personalize_assets.storage.object_store import StoreError
from personalize_assets.storage.s3 import S3Store, arrow_s3_options


def refusing(monkeypatch: pytest.MonkeyPatch, code: str, message: str = "no") -> None:
    """Every call to S3 is answered with this error."""
    import botocore.client

    def refuse(_self: Any, operation: str, _options: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", refuse)


@pytest.fixture
def regions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The regions that AWS says the buckets are in."""
    import botocore.client

    regions: dict[str, str] = {}
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(
        botocore.client.BaseClient,
        "_make_api_call",
        lambda _self, _operation, options: {"BucketRegion": regions[options["Bucket"]]},
    )
    return regions


def test_access_denied_says_which_rights_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, "AccessDenied", "Access Denied")

    with pytest.raises(StoreError) as error:
        S3Store("s3://events/p").read("a/b.json")

    assert str(error.value) == (
        "s3://events/p/a/b.json: access denied (GetObject: Access Denied); the role or user that runs this needs "
        "s3:ListBucket and s3:GetObject to read, and s3:PutObject and s3:DeleteObject to write"
    )


def test_a_delete_that_is_refused_key_by_key_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.client

    answer = {"Errors": [{"Key": "p/a", "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", lambda *_: answer)

    with pytest.raises(StoreError, match=r"^s3://events/p/a: access denied \(Access Denied\); .* s3:DeleteObject"):
        S3Store("s3://events/p").delete(["a"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", "AWS rejects the credentials"),
        ("InvalidAccessKeyId", "AWS rejects the credentials"),
        ("PermanentRedirect", "^s3://events: it is in another region"),
        ("AuthorizationHeaderMalformed", "set aws.region in the config or AWS_DEFAULT_REGION to that region"),
        ("SlowDown", r"SlowDown \(ListObjectsV2: "),
    ],
)
def test_what_aws_refuses_is_reported_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, code: str, expected: str
) -> None:
    refusing(monkeypatch, code)

    with pytest.raises(StoreError, match=expected):
        S3Store("s3://events").check_exists()


def test_missing_credentials_say_how_to_give_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(StoreError) as error:
        S3Store("s3://events/p").check_exists()

    assert str(error.value) == (
        "s3://events/p: no AWS credentials (Unable to locate credentials); set aws.profile in the config, "
        "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
    )


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(StoreError, match=r"^s3://events: no AWS credentials \(.*\(nobody\) could not be found\); set"):
        S3Store("s3://events").check_exists()


def test_an_endpoint_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(
        StoreError,
        match=r'cannot be reached \(.*"http://127.0.0.1:1/.*check the network, and AWS_ENDPOINT_URL, which gives',
    ):
        S3Store("s3://events").check_exists()


def test_arrow_gets_no_options_where_nothing_is_in_s3() -> None:
    assert arrow_s3_options(["/a/folder", "another"]) == {}


def test_arrow_gets_the_buckets_own_region_and_not_the_environments(regions: dict[str, str]) -> None:
    regions["mine"] = "eu-west-1"

    assert arrow_s3_options(["s3://mine/raw", "s3://mine/out"]) == {"region": "eu-west-1"}


def test_buckets_in_two_regions_are_refused(regions: dict[str, str]) -> None:
    regions |= {"mine": "eu-west-1", "other": "us-west-2"}

    with pytest.raises(StoreError) as error:
        arrow_s3_options(["s3://mine/raw", "s3://other/out"])

    assert str(error.value) == (
        "source and destination must be in the same AWS region, found s3://mine/raw in eu-west-1, s3://other/out in "
        "us-west-2; move one of them"
    )
