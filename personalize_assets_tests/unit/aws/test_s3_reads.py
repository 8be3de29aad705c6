"""Reading an object whose answers break; with a client that is a list of answers."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError
from botocore.response import StreamingBody
from urllib3.exceptions import ProtocolError

from personalize_assets.aws.s3_reads import get_object
from personalize_assets.conversion.tries import MAX_TRIES

pytestmark = pytest.mark.usefixtures("quick_tries")
OBJECT = {"Bucket": "b", "Key": "a"}


def answer(data: bytes, size: int, content_range: str | None = None) -> dict[str, Any]:
    """An answer of which ``data`` arrives, and the connection ends."""
    found = {"Body": StreamingBody(io.BytesIO(data), size), "ContentLength": size, "ETag": '"1"'}
    return found | ({"ContentRange": content_range} if content_range else {})


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


class Client:
    """Gives or raises these answers, first to last."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def read(client: Client, **more: str) -> bytes:
    return get_object(cast("Any", client), "s3://b/a", {**OBJECT, **more}).data


def test_a_body_that_breaks_is_asked_for_from_the_byte_that_was_reached() -> None:
    client = Client(answer(b"abc", 6), answer(b"d", 3), answer(b"ef", 2))

    assert read(client) == b"abcdef"
    assert client.requests == [
        OBJECT,
        {**OBJECT, "Range": "bytes=3-5", "IfMatch": '"1"'},
        {**OBJECT, "Range": "bytes=4-5", "IfMatch": '"1"'},
    ]


def test_a_range_goes_on_within_itself() -> None:
    client = Client(answer(b"c", 3, "bytes 2-4/10"), answer(b"de", 2, "bytes 3-4/10"))

    assert read(client, Range="bytes=2-4") == b"cde"
    assert client.requests[1]["Range"] == "bytes=3-4"


def test_an_object_that_is_replaced_is_read_from_its_beginning() -> None:
    client = Client(answer(b"abc", 6), refused("PreconditionFailed"), answer(b"new", 3))

    assert read(client) == b"new"
    assert client.requests[2] == OBJECT


def test_a_version_that_is_asked_for_and_replaced_is_an_error() -> None:
    client = Client(answer(b"abc", 6), refused("PreconditionFailed"))

    with pytest.raises(ClientError, match="PreconditionFailed"):
        read(client, IfMatch='"1"')


@pytest.mark.parametrize("broken", [ProtocolError("Connection broken"), refused("404")])
def test_the_text_of_a_refusal_may_break(broken: Exception) -> None:
    client = Client(broken, refused("NoSuchKey"))

    with pytest.raises(ClientError, match="NoSuchKey"):
        read(client)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([answer(b"", 3) for _ in range(MAX_TRIES)], IncompleteReadError),
        ([ProtocolError("Connection broken")] * MAX_TRIES, ResponseStreamingError),
    ],
)
def test_after_the_last_try_the_error_is_botocores(answers: list[Any], error: type[Exception]) -> None:
    client = Client(*answers)

    with pytest.raises(error):
        read(client)
    assert client.answers == []


def test_an_object_without_bytes_is_one() -> None:
    assert read(Client(answer(b"", 0))) == b""
