"""dagster-aws's ``PipesGlueClient`` with its faults mended; imported when a job runs, for it needs boto3.

What is mended, each by the method named: a run in state EXPIRED was waited for without an end, a throttled poll failed
the step (``_Patient.get_job_run``); a second start failed where the job allows one run at a time (``start_job_run``);
the caller's arguments were changed (``run``); a stop that AWS refused raised a KeyError, an interrupt between start and
first poll stopped nothing (``run``, ``_terminate_job_run``); context and messages lay in the root of the bucket and
stayed there (``_Context``, ``_Messages``, ``Staging``); a failed run was told without its log (``GlueRunFailed.log``).
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, NoReturn

from botocore import exceptions as aws_errors
from dagster._core.errors import DagsterExecutionInterruptedError  # public only in this place
from dagster_aws.pipes import PipesGlueClient, PipesS3ContextInjector, PipesS3MessageReader

from personalize_assets.aws.client import Aws, boto3_client, encryption

# API JobRunState. WAITING is Glue's own queue; a run that has waited too long there ends as EXPIRED.
_GOING = frozenset({"STARTING", "RUNNING", "WAITING", "STOPPING"})
_ASK_AGAIN = frozenset({"ThrottlingException", "Throttling", "OperationTimeoutException", "InternalServiceException"})
# How long no answer at all is borne before the step fails; the run in Glue goes on, and a retry finds it.
_PATIENCE_SECONDS = 600
_LOG_LINES = 30


class GlueRunFailed(Exception):
    """A run that did not succeed: its state, what Glue says of it, and the end of its log if it can be had."""

    def __init__(self, run_id: str, state: str, message: str, log: str) -> None:
        super().__init__(f"{run_id} {state}: {message}")
        self.run_id, self.state, self.message, self.log = run_id, state, message, log


class EarlierRun(NamedTuple):
    """A run that was started for the same work; ``folder`` is the key of its staging folder."""

    run_id: str
    state: str
    folder: str


class Staging(NamedTuple):
    """Where a job's spec, messages and report lie for as long as it runs."""

    destination: str
    folder: str

    def key(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def uri(self, name: str) -> str:
        return f"{self.destination}/{self.key(name)}"

    def in_bucket(self, name: str) -> tuple[str, str]:
        bucket, _, key = self.uri(name).removeprefix("s3://").partition("/")
        return bucket, key


def unfinished_run(
    glue: Any, job: str, work: Mapping[str, str], has_report: Callable[[str], bool]
) -> EarlierRun | None:
    """A run for this work that is still going, or that has succeeded and whose report nobody has taken yet.

    So it is where the process that waited for it died. Looks at the 200 newest runs.
    """
    for run in glue.get_job_runs(JobName=job, MaxResults=200)["JobRuns"]:
        arguments = run.get("Arguments", {})
        if any(arguments.get(name) != value for name, value in work.items()):
            continue
        state, report = run["JobRunState"], arguments["--report"]
        if (state in _GOING and state != "STOPPING") or (state == "SUCCEEDED" and has_report(report)):
            return EarlierRun(run["Id"], state, "/".join(report.split("/")[-3:-1]))
    return None


class _Context(PipesS3ContextInjector):
    """Puts the context into the staging folder, and takes it away again even where the job failed."""

    def __init__(self, client: Any, staging: Staging, aws: Aws) -> None:
        bucket, self._key = staging.in_bucket("context.json")
        super().__init__(bucket=bucket, client=client)
        self._encryption = encryption(aws)

    @contextmanager
    def inject_context(self, context: Any) -> Iterator[dict[str, Any]]:
        body = json.dumps(context).encode()
        client: Any = self.client
        client.put_object(Bucket=self.bucket, Key=self._key, Body=body, **self._encryption)
        try:
            yield {"bucket": self.bucket, "key": self._key}
        finally:
            with suppress(Exception):  # the first error is the one to tell
                client.delete_object(Bucket=self.bucket, Key=self._key)


class _Messages(PipesS3MessageReader):
    """Reads messages from the staging folder, from the first one on: so a later process can take over."""

    def __init__(self, client: Any, staging: Staging, seconds: float) -> None:
        bucket, self._prefix = staging.in_bucket("messages")
        super().__init__(bucket=bucket, client=client, interval=seconds)

    @property
    def expected_writer_count(self) -> int:
        """As inherited, without the warning that it is a preview."""
        return 1

    @contextmanager
    def get_params(self) -> Iterator[dict[str, Any]]:
        yield {"bucket": self.bucket, "key_prefix": self._prefix}


class _Patient:
    """A Glue client that waits: for its turn to start, and for an answer. Starts nothing where a run is given."""

    def __init__(self, client: Any, seconds: float, run_id: str | None) -> None:
        self._client, self._seconds = client, seconds
        self.run_id = run_id
        self.log: Callable[[str], None]  # of the step's context, set when it runs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def start_job_run(self, **params: Any) -> dict[str, str]:
        told = False
        while self.run_id is None:
            try:
                self.run_id = self._client.start_job_run(**params)["JobRunId"]
            except aws_errors.ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in ("ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"):
                    raise
                if not told:
                    self.log(
                        f"{code}: as many runs of {params['JobName']} as allowed are going; waiting for one to end"
                    )
                told = True
                time.sleep(self._seconds)
        return {"JobRunId": self.run_id}

    def get_job_run(self, **params: Any) -> dict[str, Any]:
        since = time.monotonic()
        while True:
            try:
                return self._client.get_job_run(**params)  # type: ignore[no-any-return]
            except (aws_errors.ClientError, aws_errors.HTTPClientError) as error:
                code = error.response["Error"]["Code"] if isinstance(error, aws_errors.ClientError) else ""
                if (code and code not in _ASK_AGAIN) or time.monotonic() - since > _PATIENCE_SECONDS:
                    raise
            time.sleep(self._seconds)


class GlueClient(PipesGlueClient):
    """For one run: a client is made for each, since reader and injector remember what they have seen."""

    def __init__(self, glue: Any, aws: Aws, staging: Staging, seconds: float, run_id: str | None = None) -> None:
        s3 = boto3_client(aws, "s3")
        self._aws = aws
        self._seconds = seconds
        self._stopped = False
        self._patient = _Patient(glue, seconds, run_id)
        super().__init__(
            context_injector=_Context(s3, staging, aws),
            message_reader=_Messages(s3, staging, min(seconds, 3)),
            client=self._patient,
        )

    @property
    def run_id(self) -> str | None:
        return self._patient.run_id

    def link(self, run_id: str) -> str:
        """The run in Glue Studio."""
        metadata: Any = self._extract_dagster_metadata({"JobRun": {"Id": run_id, "JobName": self._job_name}})
        return str(metadata["AWS Glue Job Run URL"].url)

    def run(self, *, context: Any, start_job_run_params: Any, extras: Any = None) -> Any:  # type: ignore[override]
        self._patient.log = context.log.info
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
            if run["JobRunState"] not in _GOING:
                self._fail(run_id, run)
            time.sleep(self._seconds)

    def _fail(self, run_id: str, run: Mapping[str, Any]) -> NoReturn:
        message = run.get("ErrorMessage") or run.get("StateDetail") or ""
        raise GlueRunFailed(run_id, run["JobRunState"], message, self._end_of_log(run.get("LogGroupName"), run_id))

    def _end_of_log(self, group: str | None, run_id: str) -> str:
        """The last lines of the driver's errors in CloudWatch; nothing where they cannot be read."""
        with suppress(aws_errors.ClientError, aws_errors.BotoCoreError):
            logs = boto3_client(self._aws, "logs", retries={"total_max_attempts": 2})
            events = logs.get_log_events(
                logGroupName=f"{group or '/aws-glue/jobs'}/error", logStreamName=run_id, limit=_LOG_LINES
            )["events"]
            return "\n".join(event["message"].rstrip() for event in events)
        return ""

    def _terminate_job_run(self, context: Any, job_name: str, run_id: str) -> None:
        """Stop the run in Glue. Never raises: whoever interrupted this must not be told of something else."""
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
