"""Transient errors are retried, permanent ones are not, and each fails with its text."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import pytest
from botocore import exceptions as aws

from personalize_assets.conversion import waiting
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration import retries, run_tags
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.storage.cleanup import remove
from personalize_assets.storage.folder import FolderStore
from personalize_assets.storage.object_store import TransientStoreError, Undeleted


def client_error(code: str) -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": "said S3"}}, "PutObject")


class Run(NamedTuple):
    result: dg.ExecuteInProcessResult
    started: int
    tags: Mapping[str, str]


def run(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> Run:
    """Run an asset that raises these errors, first to last, and then succeeds."""
    monkeypatch.setattr(retries, "wait_before", lambda retry: 0.01)
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


def test_what_is_waited_for_and_what_stays_undeleted_goes_into_the_runs_log(tmp_path: Path) -> None:
    class Refusing(FolderStore):
        def try_delete(self, keys: Iterable[str]) -> Undeleted:
            return Undeleted(2, "needs s3:DeleteObject")

    @dg.asset
    def an_asset() -> None:
        with user_errors():
            waiting.report("waiting for 7 s: s3://b/a")
            remove(Refusing(str(tmp_path)), ["a", "b"])

    with dg.DagsterInstance.ephemeral() as instance:
        run_id = dg.materialize([an_asset], instance=instance).run_id
        messages = [(record.level, record.user_message) for record in instance.all_logs(run_id)]

    assert (logging.INFO, "waiting for 7 s: s3://b/a") in messages
    assert [text.partition(":")[0] for level, text in messages if level == logging.WARNING] == [
        "2 files that nothing needs any more could not be deleted"
    ]
