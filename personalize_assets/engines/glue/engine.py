"""Runs a job spec as a run of an AWS Glue job: stages the spec in S3, starts and awaits the run, reads the report.

What belongs here: what is sent to Glue, and what its answers mean. How Glue is called is in ``pipes_client``, what is
deployed in ``bundle``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from msgspec.structs import replace
from pydantic import Field

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.config.fields import WORKER_VCPUS
from personalize_assets.config.models import Aws
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import Report, Spec, encode
from personalize_assets.engines.base import Engine
from personalize_assets.engines.glue.bundle import GLUE_VERSIONS, library
from personalize_assets.engines.job_files import (
    FailedReport,
    JobError,
    Staging,
    durable_run_id,
    error_for_user,
    fingerprint_of_work,
    for_role,
    read_report,
    report_in,
    run_id_of,
    s3_arguments,
    s3_of,
    sweep,
)
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.object_store import open_store

if TYPE_CHECKING:
    from personalize_assets.config import Config
    from personalize_assets.engines.glue.pipes_client import GlueRunFailed

_STAGING = "_glue"
_POLL_SECONDS = 5.0
_RIGHTS = "glue:GetJob, glue:GetJobRun, glue:GetJobRuns, glue:StartJobRun and glue:BatchStopJobRun on the job"


class GlueEngine(dg.ConfigurableResource, Engine):  # type: ignore[type-arg]
    """Runs a job spec on Glue by dagster-aws's Pipes client (``pipes_client``).

    Spec, messages and report are stored in ``<destination>/_glue/<run>/`` while the job runs. The report comes as a
    Pipes message, or from the report file if the message was lost; a run that succeeds without either is an error. If a
    run for the same work is still going in Glue, or has succeeded and its report was not read, it is used instead of a
    new one: so a retried step does not pay twice.

    Attributes:
        job: Name of the Glue job.
        destination: ``s3://bucket/prefix``.
        workers: Number of workers of a run; None for the job's own. ``worker_type`` likewise.
    """

    name: ClassVar[str] = "glue"

    needs_dagster: ClassVar[bool] = True

    job: str
    destination: str
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    endpoints: dict[str, str] = Field(default_factory=dict)
    kms_key: str | None = None
    workers: int | None = None
    worker_type: str | None = None

    @classmethod
    def of(cls, config: Config) -> GlueEngine:
        """The engine that a config describes (sections ``glue``, ``destination`` and ``aws``)."""
        return cls(
            job=config.glue_job,
            destination=config.destination.uri,
            workers=config.glue.workers,
            worker_type=config.glue.worker_type,
            **config.aws.model_dump(),
        )

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        """Run the spec on Glue; ``engine`` of the report has the run's id, the job's name and a link.

        Progress is written into the job's own log, and not reported here.

        Raises:
            AwsError: Glue refused a call.
            PersonalizeAssetsError: The user has to change something: the job, its rights, a raw file.
            dagster.Failure: The run failed; the text has the job's traceback or the end of its log.
        """
        from personalize_assets.engines.glue.pipes_client import GlueClient, GlueRunFailed, unfinished_run

        if context is None:
            raise ValueError("the engine glue needs the context of a Dagster run")
        aws = Aws(**{key: getattr(self, key) for key in Aws.model_fields})
        store = open_store(self.destination, aws)
        with explain_errors(f"Glue job {self.job!r}", _RIGHTS, self._advice()):
            # "standard" waits and retries when a poll is throttled.
            glue = boto3_client(aws, "glue", retries={"mode": "standard", "total_max_attempts": 8})
            job = glue.get_job(JobName=self.job)["Job"]
            self._check(context, job)
            work = {"--dagster_run_id": durable_run_id(context), "--work": fingerprint_of_work(spec)}
            earlier = unfinished_run(glue, self.job, work, lambda report: read_report(store, report) is not None)
            staging = Staging(self.destination, earlier.folder if earlier else f"{_STAGING}/{run_id_of(spec)}")
            if earlier:
                context.log.info(f"Glue run {earlier.run_id} of this step exists already ({earlier.state}); using it")
            else:
                store.write(staging.key("spec.json"), encode(for_role(spec)))
            arguments = {**work, **self._arguments(job, s3_of(spec), staging)}
            client = GlueClient(glue, aws, staging, _POLL_SECONDS, earlier.run_id if earlier else None)
            try:
                done = client.run(context=context, start_job_run_params=self._start_params(arguments))
            except GlueRunFailed as failure:
                left = read_report(store, staging.uri("report.json"))
                error = left.error if isinstance(left, FailedReport) else None
                raise self._failure(failure, error, client.link(failure.run_id)) from failure
        report = report_in(done.get_custom_messages()) or read_report(store, staging.uri("report.json"))
        if report is None or isinstance(report, FailedReport):
            raise PersonalizeAssetsError(
                f"Glue run {client.run_id} of job {self.job!r} succeeded without a report: its script is not the one "
                "of this package; run `personalize-assets deploy`. Nothing was committed"
            )
        sweep(store, staging)
        return replace(report, engine={name: getattr(value, "value", value) for name, value in done.metadata.items()})

    # -- before the run ---------------------------------------------------------------------------------------------

    def _advice(self) -> dict[str, str]:
        where = f" in {self.region}" if self.region else ""
        missing = f"there is no such job{where}; run `personalize-assets deploy`, or correct glue.job or aws.region"
        return {"EntityNotFoundException": missing}

    def _check(self, context: dg.AssetExecutionContext, job: Mapping[str, Any]) -> None:
        version = job.get("GlueVersion", "none")
        if version not in GLUE_VERSIONS:
            raise PersonalizeAssetsError(
                f"Glue job {self.job!r} has Glue version {version}, on which the conversion does not run; set it to "
                f"one of {', '.join(GLUE_VERSIONS)}: `personalize-assets deploy` does"
            )
        deployed = job.get("DefaultArguments", {}).get("--extra-py-files", "")
        if library().name not in deployed:
            context.log.warning(
                f"Glue job {self.job!r} runs another version of the conversion ({deployed or 'none'}) than the one "
                f"here ({library().name}); run `personalize-assets deploy`"
            )

    def _arguments(self, job: Mapping[str, Any], s3: Mapping[str, Any], staging: Staging) -> dict[str, str]:
        """The script's arguments (``glue/convert.py``); ``s3`` as in ``conversion.spec.Plan``."""
        type, workers = self.worker_type or job.get("WorkerType"), self.workers or job.get("NumberOfWorkers")
        arguments = {"--spec": staging.uri("spec.json"), "--report": staging.uri("report.json")}
        if type and type in WORKER_VCPUS and workers:
            # Spark counts only the executors that have registered, which are few when a job starts.
            arguments["--cores"] = str(WORKER_VCPUS[type] * max(workers - 1, 1))
        return {**arguments, **s3_arguments(s3)}

    def _start_params(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """The arguments of Glue's StartJobRun."""
        own = {"NumberOfWorkers": self.workers, "WorkerType": self.worker_type}
        return {"JobName": self.job, "Arguments": arguments, **{name: value for name, value in own.items() if value}}

    # -- after the run ----------------------------------------------------------------------------------------------

    def _failure(self, failure: GlueRunFailed, error: JobError | None, link: str) -> Exception:
        """What to raise for a run that failed: an error for the user to fix, or one that a retry may get past."""
        text = f"Glue run {failure.run_id} of job {self.job!r} ended as {failure.state}"
        if failure.message:
            text += f": {failure.message}"
        if of_file := error_for_user(error, "the job's role", link):
            return of_file
        if failure.state == "TIMEOUT":
            text += "; give the job more workers (glue.workers), fewer days a run, or a longer timeout (deploy)"
        if failure.state in ("TIMEOUT", "STOPPED"):
            return PersonalizeAssetsError(f"{text} ({link})")
        if "does not exist" in failure.message or "NoSuchKey" in failure.message:
            text += "; if that is the job's script or zip, run `personalize-assets deploy` again"
        trace = error.traceback if error else failure.log
        if trace:
            text += f"\n\nThe job's own {'traceback' if error else 'last lines'}:\n{trace.rstrip()}"
        return dg.Failure(text, metadata={"AWS Glue Job Run URL": dg.MetadataValue.url(link)})
