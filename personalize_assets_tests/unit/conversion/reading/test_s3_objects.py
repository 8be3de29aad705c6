"""Uploads and options without a server. Requests: integration/conversion/test_filesystem.py."""

from __future__ import annotations

import os
from typing import Any

import pytest
from obstore.exceptions import BaseError, GenericError, PermissionDeniedError, PreconditionError

from personalize_assets.conversion.reading.s3_objects import PART_BYTES, S3Objects, Upload, s3_objects, transient_cause


class Parts:
    """An upload in parts."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.is_closed = True


class LostAnswer(Parts):
    """The upload was completed, but the answer got lost: the second request finds none."""

    def close(self) -> None:
        raise FileNotFoundError("NoSuchUpload")


def upload(put: list[bytes], parts: Parts, stored: int | None = None) -> Upload:
    return Upload("s3://events/a", lambda: parts, put.append, lambda: stored)


def test_a_small_file_is_put_once_it_is_closed() -> None:
    put: list[bytes] = []
    file = upload(put, Parts())

    file.write(b"ab")
    file.write(memoryview(b"c"))
    assert (put, file.tell()) == ([], 3)
    file.close()
    file.close()

    assert put == [b"abc"]


def test_a_large_file_is_sent_in_parts_before_it_is_closed() -> None:
    put: list[bytes] = []
    parts = Parts()
    file = upload(put, parts)

    file.write(bytes(PART_BYTES))
    assert parts.sent == b""
    file.write(b"a")
    assert len(parts.sent) == PART_BYTES + 1
    file.write(b"b")
    file.close()

    assert (len(parts.sent), parts.sent[-2:], parts.is_closed, put) == (PART_BYTES + 2, b"ab", True, [])
    assert file.tell() == PART_BYTES + 2


def test_a_file_that_is_never_closed_is_not_written() -> None:
    put: list[bytes] = []
    file = upload(put, Parts())
    file.write(b"half")
    del file

    assert put == []


def test_an_upload_that_was_completed_although_the_answer_got_lost_is_written() -> None:
    file = upload([], LostAnswer(), stored=PART_BYTES + 1)
    file.write(bytes(PART_BYTES + 1))

    file.close()


@pytest.mark.parametrize("stored", [None, PART_BYTES])
def test_an_upload_that_is_gone_without_its_object_is_an_error(stored: int | None) -> None:
    file = upload([], LostAnswer(), stored)
    file.write(bytes(PART_BYTES + 1))

    with pytest.raises(FileNotFoundError, match=r"^s3://events/a does not exist"):
        file.close()


@pytest.mark.parametrize(
    ("kind", "text", "cause"),
    [
        (GenericError, "status code: 503 Slow Down: <Code>SlowDown</Code>", "SlowDown"),
        (GenericError, "status code: 500 Internal Server Error", "status code: 500 Internal Server Error"),
        (GenericError, "status code: 400 Bad Request: <Code>RequestTimeout</Code>", "RequestTimeout"),
        (GenericError, "status code: 400 Bad Request: <Code>InvalidArgument</Code>", None),
        (GenericError, "status code: 405 Method Not Allowed", None),
        (GenericError, "HTTP error: request or response body error", "HTTP error: request or response body error"),
        (GenericError, "no credentials", None),
        (PermissionDeniedError, "status code: 403 Forbidden", None),
        (PreconditionError, "status code: 412 Precondition Failed", None),
    ],
)
def test_only_what_may_be_gone_at_the_next_try_is_tried_again(
    kind: type[BaseError], text: str, cause: str | None
) -> None:
    assert transient_cause(kind(text)) == cause


@pytest.mark.parametrize(
    ("options", "endpoint"),
    [
        ({"region": "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://s3.cn-north-1.amazonaws.com.cn"),
        ({"region": "eu-west-1", "endpoint_override": "host:9000", "scheme": "http"}, "http://host:9000"),
    ],
)
def test_options_say_where_s3_is(options: dict[str, Any], endpoint: str | None) -> None:
    settings = S3Objects(options)._settings

    assert (settings["region"], settings.get("endpoint")) == (options["region"], endpoint)


def test_options_count_more_than_what_the_environment_says_of_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere:1")

    settings = S3Objects({"region": "eu-west-1", "endpoint_override": "host:9000", "scheme": "http"})._settings

    assert settings["aws_endpoint_url_s3"] == "http://host:9000"


def test_without_region_and_endpoint_the_environment_says_where_s3_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere:1")

    assert S3Objects({})._settings == {}


def test_the_same_options_give_the_same_client_until_the_environment_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = s3_objects({"region": "eu-west-1"})
    assert s3_objects({"region": "eu-west-1"}) is first

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", os.environ["AWS_ACCESS_KEY_ID"] + "-other")
    assert s3_objects({"region": "eu-west-1"}) is not first
