"""Transient errors are retried, permanent ones are not, and each fails with its text."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import NamedTuple

import dagster as dg
import pytest
from botocore import exceptions as aws
from py4j.protocol import Py4JNetworkError

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration import retries, run_tags
from personalize_assets.orchestration.retries import is_transient, user_errors
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


# -- in a run --------------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    result: dg.ExecuteInProcessResult
    started: int
    tags: Mapping[str, str]


def run(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> Run:
    """Run an asset that raises these errors, first to last, and then succeeds."""
    monkeypatch.setattr(retries, "RETRIES", retries.RETRIES._replace(delay=0.01))
    left = list(errors)
    started = []

    @dg.asset
    def an_asset() -> None:
        started.append(1)
        with user_errors():
            if left:
                raise left.pop(0)

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([an_asset], instance=instance, raise_on_error=False)
        return Run(result, len(started), instance.get_runs()[0].tags)


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    error = event.step_failure_data.error
    assert error is not None
    return error.message.strip()


def test_a_transient_error_is_retried_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    result, started, _ = run(monkeypatch, TimeoutError("1"), client_error("SlowDown"))

    assert (result.success, started) == (True, 3)


def test_a_transient_error_that_stays_fails_with_its_own_text_after_three_retries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result, started, tags = run(monkeypatch, *[TransientStoreError("s3://b: busy; wait")] * 9)

    assert (result.success, started) == (False, 4)
    assert failure(result) == "dagster._core.definitions.events.Failure: s3://b: busy; wait"
    assert run_tags.PERMANENT not in tags


def test_a_permanent_error_is_not_retried_and_its_run_is_tagged(monkeypatch: pytest.MonkeyPatch) -> None:
    result, started, tags = run(monkeypatch, PersonalizeAssetsError("engine: no such engine; use local"))

    assert (result.success, started) == (False, 1)
    assert failure(result) == "dagster._core.definitions.events.Failure: engine: no such engine; use local"
    assert tags[run_tags.PERMANENT] == "true"


def test_a_bug_is_not_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    result, started, tags = run(monkeypatch, ZeroDivisionError("a fault"))

    assert (result.success, started) == (False, 1)
    assert run_tags.PERMANENT not in tags


def test_waits_grow_and_are_random() -> None:
    for attempt, least, most in ((1, 0, 60), (2, 60, 120), (3, 180, 240)):
        waits = {retries.RETRIES.calculate_delay(attempt) for _ in range(20)}
        assert least <= min(waits) < max(waits) <= most
