"""The workarounds for dagster-aws's client, on a Glue client that answers from a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from personalize_assets.engines.glue.pipes_client import _WaitingGlue, unfinished_run
from personalize_assets.engines.job_pipes import EarlierRun


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetJobRun")


class Answers:
    """A Glue client whose calls return or raise what is listed, in turn."""

    def __init__(self, *answers: Any) -> None:
        self.left = list(answers)

    def _answer(self, **_: Any) -> Any:
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    get_job_run = start_job_run = get_job_runs = _answer


def waiting(*answers: Any, run_id: str | None = None) -> tuple[_WaitingGlue, list[str]]:
    """A client, and what it logs."""
    client = _WaitingGlue(Answers(*answers), 0, run_id)
    logged: list[str] = []
    client.log = logged.append
    return client, logged


def test_a_start_waits_for_room_and_logs_that_once() -> None:
    full = refused("ConcurrentRunsExceededException")
    client, logged = waiting(full, full, {"JobRunId": "jr"})

    assert client.start_job_run(JobName="shop") == {"JobRunId": "jr"}
    assert logged == ["ConcurrentRunsExceededException: shop has as many runs as allowed; waiting for one to end"]


def test_a_start_that_is_refused_fails_at_once() -> None:
    client, _ = waiting(refused("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        client.start_job_run(JobName="shop")


def test_a_given_run_is_not_started_again() -> None:
    client, _ = waiting(run_id="jr")

    assert client.start_job_run(JobName="shop") == {"JobRunId": "jr"}


def never(_: str) -> bool:
    return False


def always(_: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("state", "has_report", "is_used"),
    [
        ("STARTING", never, True),
        ("RUNNING", never, True),
        ("WAITING", never, True),
        ("STOPPING", never, False),
        ("SUCCEEDED", always, True),
        ("SUCCEEDED", never, False),
        ("FAILED", always, False),
    ],
)
def test_an_earlier_run_is_used_if_its_report_can_still_come(
    state: str, has_report: Callable[[str], bool], is_used: bool
) -> None:
    arguments = {"--work": "w", "--report": "s3://made/out/_glue/r1/report.json"}
    glue = Answers({"JobRuns": [{"Id": "jr", "JobRunState": state, "Arguments": arguments}]})

    found = unfinished_run(glue, "shop", {"--work": "w"}, has_report)

    assert found == (EarlierRun("jr", state, "_glue/r1") if is_used else None)


def test_runs_of_other_work_are_passed_over() -> None:
    def run(id: str, work: str) -> dict[str, Any]:
        report = f"s3://made/out/_glue/{id}/report.json"
        return {"Id": id, "JobRunState": "RUNNING", "Arguments": {"--work": work, "--report": report}}

    by_hand = {"Id": "by-hand", "JobRunState": "RUNNING"}
    glue = Answers({"JobRuns": [by_hand, run("other", "x"), run("mine", "w"), run("older", "w")]})

    assert unfinished_run(glue, "shop", {"--work": "w"}, never) == EarlierRun("mine", "RUNNING", "_glue/mine")
