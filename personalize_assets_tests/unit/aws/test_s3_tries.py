"""Which of boto3's requests to S3 are tried again, and what is said meanwhile. Requests: integration/storage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError, ParamValidationError

from personalize_assets.aws.s3_tries import _TRIES, _next_wait
from personalize_assets.conversion.tries import Tries
from personalize_assets.conversion.waiting import Wait


def next_wait(wait: Wait | None = None, **happened: Any) -> float | None:
    return _next_wait({"context": {_TRIES: Tries(wait)}}, **happened)


def answered(status: int, code: str = "") -> tuple[Any, dict[str, Any]]:
    return SimpleNamespace(status_code=status), {"Error": {"Code": code}} if code else {}


@pytest.mark.parametrize(
    "response", [answered(500), answered(503, "SlowDown"), answered(400, "RequestTimeout"), answered(429)]
)
def test_what_s3_may_answer_otherwise_a_little_later_is_tried_again(response: Any) -> None:
    assert next_wait(response=response) is not None


@pytest.mark.parametrize("response", [answered(200), answered(403, "AccessDenied"), answered(404, "NoSuchKey")])
def test_what_s3_answers_for_good_is_not_tried_again(response: Any) -> None:
    assert next_wait(response=response) is None


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://s3"),
        ConnectTimeoutError(endpoint_url="http://s3"),
        HTTPClientError(error="broken"),
    ],
)
def test_a_connection_that_fails_is_tried_again(error: Exception) -> None:
    assert next_wait(caught_exception=error) is not None


def test_an_error_of_the_caller_is_not_tried_again() -> None:
    assert next_wait(caught_exception=ParamValidationError(report="no")) is None


def test_the_wait_says_which_try_it_is_and_why() -> None:
    wait = Wait("S3 GetObject /b/a", 0)

    next_wait(wait, response=answered(503, "SlowDown"))

    assert wait.state.startswith("try 2 of 12 after 0.")
    assert wait.state.endswith("; before: SlowDown")


def test_a_request_of_another_client_is_left_alone() -> None:
    assert _next_wait({"context": {}}, response=answered(503)) is None
