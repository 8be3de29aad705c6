"""The Spark logic as a run of an AWS Glue job: what is sent there, and what comes back."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

import dagster as dg

from personalize_assets.aws.client import Aws, explained
from personalize_assets.config.fields import WORKER_VCPUS
from personalize_assets.engines.base import Engine
from personalize_assets.engines.glue.bundle import GLUE_VERSIONS, library
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.object_store import Store, open_store

if TYPE_CHECKING:
    from personalize_assets.config import Config
    from personalize_assets.engines.glue.pipes_client import GlueRunFailed

_STAGING = "_glue"
_POLL_SECONDS = 5.0
_RIGHTS = "glue:GetJob, glue:GetJobRun, glue:GetJobRuns, glue:StartJobRun and glue:BatchStopJobRun on the job"
# What a job has said is of use to nobody after that.
_LEFTOVER_SECONDS = 7 * 24 * 3600
_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")


class GlueEngine(Engine):
    """Runs a job spec on Glue by dagster-aws's Pipes client (``glue_client``), in the bucket of the destination.

    Spec, messages and report lie in ``<destination>/_glue/<run>/`` while the job runs. The report comes as a message;
    where that was lost, the file counts. A job that has said nothing in either way has failed.
    """

    job: str
    destination: str
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    kms_key: str | None = None
    workers: int | None = None
    worker_type: str | None = None

    @classmethod
    def of(cls, config: Config) -> GlueEngine:
        return cls(
            job=config.glue.job,
            destination=config.destination.uri,
            workers=config.glue.workers,
            worker_type=config.glue.worker_type,
            **config.aws.model_dump(),
        )

    def run(self, context: dg.AssetExecutionContext, spec: dict[str, Any]) -> dict[str, Any]:
        from personalize_assets.engines.glue.pipes_client import GlueClient, GlueRunFailed, Staging, unfinished_run

        aws = Aws(region=self.region, profile=self.profile, endpoint=self.endpoint, kms_key=self.kms_key)
        store = open_store(self.destination, aws)
        with explained(f"Glue job {self.job!r}", _RIGHTS, self._answers(aws)):
            # Polls that are throttled wait and ask again, which this mode does by itself.
            glue = aws.client("glue", retries={"mode": "standard", "total_max_attempts": 8})
            job = glue.get_job(JobName=self.job)["Job"]
            self._check(context, job)
            work = {"--dagster_run_id": _durable_run_id(context), "--work": fingerprint_of_work(spec)}
            earlier = unfinished_run(glue, self.job, work, lambda report: _read(store, report) is not None)
            staging = Staging(self.destination, earlier.folder if earlier else f"{_STAGING}/{_run_id(spec)}")
            arguments = {**work, **self._arguments(aws, job, spec, staging)}
            if earlier:
                context.log.info(
                    f"Glue run {earlier.run_id} of this step is there already ({earlier.state}); it is used"
                )
            else:
                store.write(staging.key("spec.json"), json.dumps(_for_glue(spec), ensure_ascii=False).encode())
            client = GlueClient(glue, aws, staging, _POLL_SECONDS, earlier.run_id if earlier else None)
            try:
                done = client.run(context=context, start_job_run_params=self._start(arguments))
            except GlueRunFailed as failure:
                self._raise(failure, _read(store, staging.uri("report.json")), client.link(failure.run_id))
        report = self._report(done.get_custom_messages(), _read(store, staging.uri("report.json")), client.run_id)
        _sweep(store, staging)
        return {**report, "engine": {name: getattr(value, "value", value) for name, value in done.metadata.items()}}

    # -- before -----------------------------------------------------------------------------------------------------

    def _answers(self, aws: Aws) -> dict[str, str]:
        where = f" in {self.region}" if self.region else ""
        missing = f"there is no such job{where}; run `personalize-assets deploy`, or correct glue.job or aws.region"
        return {"EntityNotFoundException": missing}

    def _check(self, context: dg.AssetExecutionContext, job: dict[str, Any]) -> None:
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

    def _arguments(self, aws: Aws, job: dict[str, Any], spec: dict[str, Any], staging: Any) -> dict[str, str]:
        type, workers = self.worker_type or job.get("WorkerType"), self.workers or job.get("NumberOfWorkers")
        arguments = {"--spec": staging.uri("spec.json"), "--report": staging.uri("report.json")}
        if type and type in WORKER_VCPUS and workers:
            # Spark counts only the executors that have come up, and at the start of a job these are few.
            arguments["--cores"] = str(WORKER_VCPUS[type] * max(workers - 1, 1))
        s3 = _s3_of(spec)
        if s3.get("region"):
            arguments["--s3_region"] = s3["region"]
        if s3.get("endpoint_override"):
            arguments["--s3_endpoint"] = f"{s3['scheme']}://{s3['endpoint_override']}"
        return arguments

    def _start(self, arguments: dict[str, str]) -> dict[str, Any]:
        params: dict[str, Any] = {"JobName": self.job, "Arguments": arguments}
        if self.workers:
            params["NumberOfWorkers"] = self.workers
        if self.worker_type:
            params["WorkerType"] = self.worker_type
        return params

    # -- after ------------------------------------------------------------------------------------------------------

    def _report(self, messages: Any, left: dict[str, Any] | None, run_id: str | None) -> dict[str, Any]:
        said = [message["report"] for message in messages if isinstance(message, dict) and "report" in message]
        report = said[-1] if said else left
        if report is None or "error" in report:
            raise PersonalizeAssetsError(
                f"Glue run {run_id} of job {self.job!r} succeeded without a report: its script is not the one of this "
                "package; run `personalize-assets deploy`. Nothing was put in force"
            )
        return dict(report)

    def _raise(self, failure: GlueRunFailed, left: dict[str, Any] | None, link: str) -> None:
        """Raise what the failure of a run means: for the user to mend, or worth another try."""
        error = (left or {}).get("error")
        said = f"Glue run {failure.run_id} of job {self.job!r} ended as {failure.state}"
        if failure.message:
            said += f": {failure.message}"
        if error and error["type"] == "UnreadableFile":
            advice = "if the file is gone, materialize raw_event_catalog again; if access was denied, the job's role "
            raise PersonalizeAssetsError(f"{error['message']}; {advice}needs to read it ({link})") from failure
        if failure.state == "TIMEOUT":
            said += "; give the job more workers (glue.workers), fewer days a run, or a longer timeout (deploy)"
        if failure.state in ("TIMEOUT", "STOPPED"):
            raise PersonalizeAssetsError(f"{said} ({link})") from failure
        if "does not exist" in failure.message or "NoSuchKey" in failure.message:
            said += "; if that is the job's script or zip, run `personalize-assets deploy` again"
        trace = error["traceback"] if error else failure.log
        if trace:
            said += f"\n\nThe job's own {'traceback' if error else 'last lines'}:\n{trace.rstrip()}"
        raise dg.Failure(said, metadata={"AWS Glue Job Run URL": dg.MetadataValue.url(link)}) from failure


def fingerprint_of_work(spec: dict[str, Any]) -> str:
    """The same for the same work, whichever run of Dagster asks for it: without the run's own id and time."""
    text = json.dumps({**spec, "plan": {**spec["plan"], "now": 0}} if "plan" in spec else spec, sort_keys=True)
    return hashlib.sha256(text.replace(_run_id(spec), "").encode()).hexdigest()[:16]


def _run_id(spec: dict[str, Any]) -> str:
    """The id under which the files of this spec are written."""
    if "plan" in spec:
        return str(spec["plan"]["run_id"])
    targets = (target for one in spec["exports"] for target in (one["to_csv"], one["to_table"]) if target)
    found = (_RUN_ID.search(target.rpartition("/")[2]) for target in targets)
    return next(match.group() for match in found if match)


def _durable_run_id(context: dg.AssetExecutionContext) -> str:
    """The id that a run and its retries have in common."""
    return context.run.tags.get("dagster/root_run_id") or context.run.run_id


def _s3_of(spec: dict[str, Any]) -> dict[str, Any]:
    s3: dict[str, Any] = spec["plan"]["s3"] if "plan" in spec else spec["s3"]
    return s3


def _for_glue(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec for the job's role: without a profile of this machine, and with boto3, which knows the role for sure."""
    s3 = {key: value for key, value in _s3_of(spec).items() if key != "profile"} | {"credentials": "boto3"}
    return {**spec, "plan": {**spec["plan"], "s3": s3}} if "plan" in spec else {**spec, "s3": s3}


def _read(store: Store, uri: str) -> dict[str, Any] | None:
    """A report that a job has left, if there is one that is whole."""
    data = store.read(uri.removeprefix(store.uri + "/")) if uri.startswith(store.uri + "/") else None
    try:
        report = json.loads(data) if data else None
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _sweep(store: Store, staging: Any) -> None:
    """Delete what this job needed, and what jobs that failed have left long ago."""
    oldest = time.time() - _LEFTOVER_SECONDS
    files = store.files(f"{_STAGING}/")
    store.delete([file.key for file in files if file.key.startswith(staging.folder + "/") or file.modified < oldest])
