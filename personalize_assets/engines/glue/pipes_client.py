"""dagster-aws's ``PipesGlueClient`` with its bugs worked around. Imported when a job runs, because it imports boto3.

What the original does, and what works around it:

- It waits forever for a run in state EXPIRED: ``GlueClient._wait_for_job_run_completion``.
- A throttled poll fails the step: ``_WaitingGlue.get_job_run``.
- A start fails if the job's maximum of concurrent runs is reached: ``_WaitingGlue.start_job_run``.
- It changes the caller's arguments, and an interrupt between start and first poll stops nothing: ``GlueClient.run``.
- A stop that AWS refuses raises a KeyError: ``GlueClient._terminate_job_run``.
- Context and messages are written to the root of the bucket and left there: ``job_pipes``.
- The error of a failed run does not have its log: ``GlueRunFailed.log``.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from botocore import exceptions as aws_errors
from dagster._core.errors import DagsterExecutionInterruptedError  # public only in this place
from dagster_aws.pipes import PipesGlueClient

from personalize_assets.aws.client import boto3_client
from personalize_assets.config.models import Aws
from personalize_assets.engines.job_files import Staging
from personalize_assets.engines.job_pipes import EarlierRun, StagedContext, StagedMessages, polled

# API JobRunState. WAITING is Glue's own queue; a run that waits there too long ends as EXPIRED.
_UNFINISHED = frozenset({"STARTING", "RUNNING", "WAITING", "STOPPING"})
# API StartJobRun: as many runs of the job, or workers of the account, as allowed.
_NO_ROOM = frozenset({"ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"})
_LOG_LINES = 30


class GlueRunFailed(Exception):
    """A run that did not succeed.

    Attributes:
        run_id: Of the Glue run.
        state: ``FAILED``, ``ERROR``, ``TIMEOUT``, ``STOPPED`` or ``EXPIRED``.
        message: Glue's text; may be empty.
        log: The last lines of the driver's error log; empty if it cannot be read.
    """

    def __init__(self, run_id: str, state: str, message: str, log: str) -> None:
        """Set the attributes."""
        super().__init__(f"{run_id} {state}: {message}")
        self.run_id, self.state, self.message, self.log = run_id, state, message, log


def unfinished_run(
    glue: Any, job: str, work: Mapping[str, str], has_report: Callable[[str], bool]
) -> EarlierRun | None:
    """The newest run with these arguments that is not finished, or has succeeded and whose report was not read yet.

    Such a run remains when the process that waited for it died. Looks at the 200 newest runs of the job (API GetJobRuns
    gives no more at once). ``has_report`` is given the URI of a run's report.
    """
    for run in glue.get_job_runs(JobName=job, MaxResults=200)["JobRuns"]:
        arguments = run.get("Arguments", {})
        if any(arguments.get(name) != value for name, value in work.items()):
            continue
        state, report = run["JobRunState"], arguments["--report"]
        if (state in _UNFINISHED and state != "STOPPING") or (state == "SUCCEEDED" and has_report(report)):
            return EarlierRun.of(run["Id"], state, report)
    return None


class _WaitingGlue:
    """A Glue client that waits for room to start a run, and for an answer. Starts nothing if a run is given."""

    def __init__(self, client: Any, seconds: float, run_id: str | None) -> None:
        self._client, self._seconds = client, seconds
        self.run_id = run_id
        self.log: Callable[[str], None]  # of the step's context; set by GlueClient.run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def start_job_run(self, **params: Any) -> dict[str, str]:
        """As boto3's; waits while the job or account has no room for another run, however long."""
        is_logged = False
        while self.run_id is None:
            try:
                self.run_id = self._client.start_job_run(**params)["JobRunId"]
            except aws_errors.ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in _NO_ROOM:
                    raise
                if not is_logged:
                    self.log(f"{code}: {params['JobName']} has as many runs as allowed; waiting for one to end")
                is_logged = True
                time.sleep(self._seconds)
        return {"JobRunId": self.run_id}

    def get_job_run(self, **params: Any) -> dict[str, Any]:
        """As boto3's; tries again after transient errors, for ten minutes."""
        answer: dict[str, Any] = polled(lambda: self._client.get_job_run(**params), self._seconds)
        return answer


class GlueClient(PipesGlueClient):
    """A client for one run: its message reader and context injector remember what they have seen.

    Args:
        glue: A boto3 client.
        aws: For S3 and CloudWatch.
        staging: Where the run's files are stored.
        seconds: Between two polls.
        run_id: A run that exists already, to wait for instead of starting one.
    """

    def __init__(self, glue: Any, aws: Aws, staging: Staging, seconds: float, run_id: str | None = None) -> None:
        """Make no call yet."""
        s3 = boto3_client(aws, "s3")
        self._aws = aws
        self._seconds = seconds
        self._stopped = False
        self._waiting = _WaitingGlue(glue, seconds, run_id)
        super().__init__(
            context_injector=StagedContext(s3, staging, aws),
            message_reader=StagedMessages(s3, staging, min(seconds, 3)),
            client=self._waiting,
        )

    @property
    def run_id(self) -> str | None:
        """The run in Glue; None before it is started."""
        return self._waiting.run_id

    def link(self, run_id: str) -> str:
        """URL of a run in Glue Studio."""
        metadata: Any = self._extract_dagster_metadata({"JobRun": {"Id": run_id, "JobName": self._job_name}})
        return str(metadata["AWS Glue Job Run URL"].url)

    def run(self, *, context: Any, start_job_run_params: Any, extras: Any = None) -> Any:  # type: ignore[override]
        """Start the run, or take up the given one, and wait for its end. Raises ``GlueRunFailed``.

        If the step is interrupted, the run in Glue is stopped.
        """
        self._waiting.log = context.log.info
        self._job_name = start_job_run_params["JobName"]
        params = copy.deepcopy(start_job_run_params)
        try:
            return super().run(context=context, start_job_run_params=params, extras=extras)
        except DagsterExecutionInterruptedError:
            if self.run_id is not None and not self._stopped:
                self._terminate_job_run(context, self._job_name, self.run_id)
            raise

    def _wait_for_job_run_completion(self, job_name: str, run_id: str) -> Any:
        while True:
            response = self._client.get_job_run(JobName=job_name, RunId=run_id)
            run = response["JobRun"]
            if run["JobRunState"] == "SUCCEEDED":
                return response
            if run["JobRunState"] not in _UNFINISHED:
                self._fail(run_id, run)
            time.sleep(self._seconds)

    def _fail(self, run_id: str, run: Mapping[str, Any]) -> NoReturn:
        message = run.get("ErrorMessage") or run.get("StateDetail") or ""
        raise GlueRunFailed(run_id, run["JobRunState"], message, self._end_of_log(run.get("LogGroupName"), run_id))

    def _end_of_log(self, group: str | None, run_id: str) -> str:
        """The last lines of the driver's error log in CloudWatch; empty if they cannot be read."""
        with suppress(aws_errors.ClientError, aws_errors.BotoCoreError):
            logs = boto3_client(self._aws, "logs", retries={"total_max_attempts": 2})
            events = logs.get_log_events(
                logGroupName=f"{group or '/aws-glue/jobs'}/error", logStreamName=run_id, limit=_LOG_LINES
            )["events"]
            return "\n".join(event["message"].rstrip() for event in events)
        return ""

    def _terminate_job_run(self, context: Any, job_name: str, run_id: str) -> None:
        """Stop the run in Glue. Never raises, so that the interrupt is what ends the step; failures are logged."""
        self._stopped = True
        context.log.warning(f"Interrupted: stopping Glue run {run_id}")
        try:
            answer = self._client.batch_stop_job_run(JobName=job_name, JobRunIds=[run_id])
        except (aws_errors.ClientError, aws_errors.BotoCoreError) as error:
            problem = str(error)
        else:
            errors = answer.get("Errors", [])
            problem = "; ".join(e.get("ErrorDetail", {}).get("ErrorMessage", "no reason given") for e in errors)
        if problem:
            context.log.error(
                f"Glue run {run_id} could not be stopped and may go on ({problem}): see {self.link(run_id)}"
            )
