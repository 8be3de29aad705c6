"""Reads an object of S3 by boto3, whose client tries a request again (``s3_tries``), but not a body that breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from personalize_assets.conversion.tries import Tries
from personalize_assets.conversion.waiting import waiting_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PIECE_BYTES = 1024**2
# botocore's code for an answer of status 404 whose text ended early: S3's own codes are words.
_CUT_OFF = "404"


class Object(NamedTuple):
    """The bytes that were asked for, and the ETag of the version that they are of, with its quotes."""

    data: bytes
    etag: str


def get_object(client: S3Client, what: str, request: dict[str, Any]) -> Object:
    """All bytes that a request of GetObject asks for; a body that breaks is asked for from the byte it had reached.

    All of them are of one version. If the object is replaced in between, the new one is read from its beginning; with
    ``IfMatch`` in the request that is an error, as S3 raises it. Raises errors of botocore.

    Args:
        client: Made by ``aws.client``.
        what: Names the object in lines about long waits.
        request: Of GetObject.
    """
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError, ResponseStreamingError
    from urllib3.exceptions import HTTPError

    reached = bytearray()
    first = size = 0
    etag = ""
    with waiting_for(what) as wait:
        tries = Tries(wait)
        while True:
            failure: Exception
            try:
                answer = client.get_object(**_rest_of(request, first, len(reached), size, etag))
            except ClientError as error:
                code = error.response["Error"]["Code"]
                is_replaced = reached and code == "PreconditionFailed" and "IfMatch" not in request
                if not is_replaced and code != _CUT_OFF:
                    raise
                failure = error
                reached.clear()
            except HTTPError as error:  # the text of an answer such as 404 breaks, which botocore does not expect
                failure = ResponseStreamingError(error=error)
            else:
                if not reached:
                    first, size, etag = _first_byte(answer.get("ContentRange")), answer["ContentLength"], answer["ETag"]
                try:
                    for piece in answer["Body"].iter_chunks(_PIECE_BYTES):
                        reached += piece
                    if len(reached) == size:
                        return Object(bytes(reached), etag)
                    failure = IncompleteReadError(actual_bytes=len(reached), expected_bytes=size)
                except (HTTPClientError, IncompleteReadError) as error:
                    failure = error
            if not tries.again(str(failure)):
                raise failure


def _rest_of(request: dict[str, Any], first: int, reached: int, size: int, etag: str) -> dict[str, Any]:
    if not reached:
        return request
    return {**request, "Range": f"bytes={first + reached}-{first + size - 1}", "IfMatch": etag}


def _first_byte(content_range: str | None) -> int:
    """The first number in ``bytes 5-9/100``."""
    return int(content_range.removeprefix("bytes ").partition("-")[0]) if content_range else 0
