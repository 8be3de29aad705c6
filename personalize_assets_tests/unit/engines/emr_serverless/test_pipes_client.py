"""Which earlier job run is used again."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.engines.emr_serverless.pipes_client import unfinished_run
from personalize_assets.engines.job_pipes import EarlierRun

REPORT = "s3://made/out/_emr_serverless/r/report.json"


class Emr:
    """EMR with one job run called `convert-1`."""

    def __init__(self, state: str) -> None:
        self.state = state

    def get_paginator(self, name: str) -> Any:
        return self

    def paginate(self, applicationId: str, states: list[str]) -> list[dict[str, Any]]:  # noqa: N803
        runs = [{"id": "other", "name": "export-1"}, {"id": "mine", "name": "convert-1"}]
        return [{"jobRuns": runs}] if self.state in states else [{"jobRuns": []}]

    def get_job_run(self, applicationId: str, jobRunId: str) -> dict[str, Any]:  # noqa: N803
        assert jobRunId == "mine"
        submit = {"entryPointArguments": ["--spec", "x", "--report", REPORT]}
        return {"jobRun": {"state": self.state, "jobDriver": {"sparkSubmit": submit}}}


@pytest.mark.parametrize(
    ("state", "has_report", "is_used"),
    [
        ("QUEUED", False, True),
        ("RUNNING", False, True),
        ("SUCCESS", True, True),
        ("SUCCESS", False, False),
        ("CANCELLING", False, False),
        ("FAILED", True, False),
    ],
)
def test_a_run_of_the_same_name_is_used_that_goes_on_or_whose_report_is_there(
    state: str, has_report: bool, is_used: bool
) -> None:
    found = unfinished_run(Emr(state), "00f1", "convert-1", lambda uri: has_report and uri == REPORT)

    assert found == (EarlierRun("mine", state, "_emr_serverless/r") if is_used else None)
