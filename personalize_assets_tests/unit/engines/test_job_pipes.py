"""What the Pipes clients of engines elsewhere share: polls, and the folder of an earlier run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from personalize_assets.engines import job_pipes
from personalize_assets.engines.job_pipes import EarlierRun, polled


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetJobRun")


def answering(*answers: Any) -> Callable[[], Any]:
    """A call that returns or raises what is listed, in turn."""
    left = list(answers)

    def call() -> Any:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return call


def test_the_folder_of_a_run_is_that_of_its_report() -> None:
    report = "s3://made/out/_glue/20261001T000000-aaaaaa/report.json"

    assert EarlierRun.of("jr", "RUNNING", report) == EarlierRun("jr", "RUNNING", "_glue/20261001T000000-aaaaaa")


def test_polls_go_on_after_transient_errors() -> None:
    call = answering(
        refused("ThrottlingException"),
        refused("InternalServiceException"),
        ReadTimeoutError(endpoint_url="https://glue"),
        {"JobRun": {}},
    )

    assert polled(call, 0) == {"JobRun": {}}


def test_a_poll_that_is_refused_fails_at_once() -> None:
    call = answering(refused("AccessDeniedException"), {"JobRun": {}})

    with pytest.raises(ClientError, match="AccessDenied"):
        polled(call, 0)


def test_polls_without_an_answer_fail_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_pipes, "_MAX_SILENCE_SECONDS", -1)
    call = answering(refused("ThrottlingException"), {"JobRun": {}})

    with pytest.raises(ClientError, match="Throttling"):
        polled(call, 0)
