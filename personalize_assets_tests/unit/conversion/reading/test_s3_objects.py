"""Uploads and options without a server. Requests: integration/conversion/test_filesystem.py."""

from __future__ import annotations

import os
from typing import Any

import pytest

from personalize_assets.conversion.reading.s3_objects import PART_BYTES, S3Objects, Upload, s3_objects


class Parts:
    """An upload in parts."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.is_closed = True


def upload(put: list[bytes], parts: Parts) -> Upload:
    return Upload("s3://events/a", lambda: parts, put.append)


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


@pytest.mark.parametrize(
    ("options", "endpoint"),
    [
        ({"region": "eu-west-1"}, None),
        ({"region": "cn-north-1"}, "https://s3.cn-north-1.amazonaws.com.cn"),
        ({"region": "eu-west-1", "endpoint_override": "host:9000", "scheme": "http"}, "http://host:9000"),
    ],
)
def test_options_say_where_s3_is(options: dict[str, Any], endpoint: str | None) -> None:
    settings = S3Objects(options)._settings

    assert (settings["region"], settings.get("endpoint")) == (options["region"], endpoint)


def test_the_same_options_give_the_same_client_until_the_environment_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = s3_objects({"region": "eu-west-1"})
    assert s3_objects({"region": "eu-west-1"}) is first

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", os.environ["AWS_ACCESS_KEY_ID"] + "-other")
    assert s3_objects({"region": "eu-west-1"}) is not first
