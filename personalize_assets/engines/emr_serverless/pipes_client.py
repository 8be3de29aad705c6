"""dagster-aws's ``PipesEMRServerlessClient`` with its bugs worked around. Imported when a job runs: it imports boto3.

What the original does, and what works around it:

- It reads messages only from CloudWatch, after a run that succeeded: ``EmrClient._read_messages``.
- A run that is being cancelled counts as failed at once, and a failed one has no reason in its error:
  ``EmrClient._wait_for_completion``, ``EmrRunFailed``.
- It needs the right to make links to dashboards, which expire after an hour: ``EmrClient._wait_for_completion``.
- A throttled poll fails the step; a cancel that AWS refuses hides the interrupt: ``job_pipes.polled``, ``_terminate``.
- It changes the caller's arguments, and an interrupt between start and first poll cancels nothing: ``EmrClient.run``.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from botocore import exceptions as aws_errors
from dagster._core.errors import DagsterExecutionInterruptedError  # public only in this place
from dagster_aws.pipes import PipesEMRServerlessClient

from personalize_assets.aws.client import boto3_client
from personalize_assets.config.models import Aws
from personalize_assets.engines.job_files import Staging
from personalize_assets.engines.job_pipes import EarlierRun, StagedContext, StagedMessages, polled

# API JobRun, `state`.
_UNFINISHED = ("SUBMITTED", "PENDING", "SCHEDULED", "QUEUED", "RUNNING", "CANCELLING")


class EmrRunFailed(Exception):
    """A job run that did not succeed: its id, its state (``FAILED`` or ``CANCELLED``), and EMR's text."""

    def __init__(self, run_id: str, state: str, message: str) -> None:
        """Set the attributes."""
        super().__init__(f"{run_id} {state}: {message}")
        self.run_id, self.state, self.message = run_id, state, message


def unfinished_run(emr: Any, application: str, name: str, has_report: Callable[[str], bool]) -> EarlierRun | None:
    """The newest job run of that name that is not finished, or has succeeded and whose report was not read yet.

    Such a run remains when the process that waited for it died. ``has_report`` is given the URI of a run's report.
    """
    pages = emr.get_paginator("list_job_runs").paginate(
        applicationId=application, states=[*_UNFINISHED[:-1], "SUCCESS"]
    )
    for summary in (run for page in pages for run in page["jobRuns"] if run.get("name") == name):
        run = emr.get_job_run(applicationId=application, jobRunId=summary["id"])["jobRun"]
        arguments = run["jobDriver"]["sparkSubmit"]["entryPointArguments"]
        report = arguments[arguments.index("--report") + 1]
        if run["state"] in _UNFINISHED[:-1] or (run["state"] == "SUCCESS" and has_report(report)):
            return EarlierRun.of(summary["id"], run["state"], report)
    return None


class EmrClient(PipesEMRServerlessClient):
    """A client for one job run: its message reader and context injector remember what they have seen.

    Args:
        emr: A boto3 client.
        aws: For S3.
        staging: Where the run's files are stored.
        seconds: Between two polls.
        run_id: A job run that exists already, to wait for instead of starting one.
    """

    def __init__(self, emr: Any, aws: Aws, staging: Staging, seconds: float, run_id: str | None = None) -> None:
        """Make no call yet."""
        s3 = boto3_client(aws, "s3")
        self.run_id = run_id
        self._is_cancelled = False
        super().__init__(
            client=emr,
            context_injector=StagedContext(s3, staging, aws),
            message_reader=StagedMessages(s3, staging, min(seconds, 3)),
            poll_interval=seconds,
        )

    def run(self, *, context: Any, start_job_run_params: Any, extras: Any = None) -> Any:  # type: ignore[override]
        """Start the job run, or take up the given one, and wait for its end. Raises ``EmrRunFailed``.

        If the step is interrupted, the job run is cancelled.
        """
        params = copy.deepcopy(start_job_run_params)
        try:
            return super().run(context=context, start_job_run_params=params, extras=extras)
        except DagsterExecutionInterruptedError:
            if self.run_id is not None and not self._is_cancelled:
                self._terminate(context, {"applicationId": params["applicationId"], "jobRunId": self.run_id})
            raise

    def _start(self, context: Any, params: Any) -> Any:
        if self.run_id is None:
            self.run_id = self.client.start_job_run(**params)["jobRunId"]
            context.log.info(f"Started EMR Serverless job run {self.run_id} of application {params['applicationId']}")
        return {"applicationId": params["applicationId"], "jobRunId": self.run_id}

    def _wait_for_completion(self, context: Any, start_response: Any) -> Any:
        state = None
        while True:
            response = polled(lambda: self.client.get_job_run(**start_response), self.poll_interval)
            run = response["jobRun"]
            if run["state"] != state:
                state = run["state"]
                context.log.info(f"EMR Serverless job run {self.run_id} is {state}")
            if state == "SUCCESS":
                return response
            if state not in _UNFINISHED:
                raise EmrRunFailed(str(self.run_id), str(state), run.get("stateDetails") or "")
            time.sleep(self.poll_interval)

    def _read_messages(self, context: Any, session: Any, response: Any) -> None:
        """Nothing: they were read from S3 while the job ran."""

    def _terminate(self, context: Any, start_response: Any) -> None:
        """Cancel the job run. Never raises, so that the interrupt is what ends the step; failures are logged."""
        self._is_cancelled = True
        context.log.warning(f"Interrupted: cancelling EMR Serverless job run {self.run_id}")
        try:
            self.client.cancel_job_run(**start_response)
        except (aws_errors.ClientError, aws_errors.BotoCoreError) as error:
            context.log.error(  # noqa: TRY400 - the interrupt is what ends the step
                f"EMR Serverless job run {self.run_id} could not be cancelled and may go on ({error})"
            )
