"""Transient errors are distinguished from permanent ones, and waits grow."""

from __future__ import annotations

import errno

import pytest
from botocore import exceptions as aws
from py4j.protocol import Py4JNetworkError

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.transient import is_transient, wait_before
from personalize_assets.storage.object_store import StoreError, TransientStoreError


def client_error(code: str) -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": "said S3"}}, "PutObject")


def caused_by(cause: Exception) -> Exception:
    try:
        raise RuntimeError("outer") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        *map(client_error, ["SlowDown", "ThrottlingException", "ConcurrentRunsExceededException", "503"]),
        aws.ReadTimeoutError(endpoint_url="https://s3"),
        aws.EndpointConnectionError(endpoint_url="https://s3"),
        TimeoutError("timed out"),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        Py4JNetworkError("Answer from Java side is empty"),
        RuntimeError("Job aborted: ExecutorLostFailure (executor 3 exited)"),
        RuntimeError("org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)"),
        OSError("When reading information for key: AWS Error SLOW_DOWN during HeadObject operation"),
        TransientStoreError("s3://b: busy"),
        caused_by(client_error("SlowDown")),
        caused_by(caused_by(TimeoutError())),
    ],
    ids=repr,
)
def test_a_transient_error_is_recognized(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        *map(client_error, ["AccessDenied", "NoSuchBucket", "ExpiredToken", "ValidationException"]),
        aws.NoCredentialsError(),
        PermissionError(errno.EACCES, "denied"),
        FileNotFoundError(errno.ENOENT, "gone"),
        OSError(errno.ENOSPC, "no space"),
        ZeroDivisionError(),
        PersonalizeAssetsError("a field called ExecutorLostFailure is no column"),
        StoreError("s3://b: access denied"),
        OSError("When reading information for key: AWS Error ACCESS_DENIED during HeadObject operation"),
    ],
    ids=repr,
)
def test_every_other_error_is_permanent(error: Exception) -> None:
    assert not is_transient(error)


def test_waits_grow_and_are_random() -> None:
    for attempt, least, most in ((1, 0, 60), (2, 60, 120), (3, 180, 240)):
        waits = {wait_before(attempt) for _ in range(20)}
        assert least <= min(waits) < max(waits) <= most
