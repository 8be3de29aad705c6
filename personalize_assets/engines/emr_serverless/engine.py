"""Runs a job spec as a job run of EMR Serverless: stages spec and code in S3, starts and awaits it, reads the report.

What belongs here: what is sent to EMR, and what its answers mean. How EMR is called is in ``pipes_client``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from msgspec.structs import replace
from pydantic import Field

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.config.models import Aws
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import Report, Spec, encode, job_name
from personalize_assets.engines.base import Engine
from personalize_assets.engines.glue.bundle import library, script
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
from personalize_assets.storage.object_store import ObjectStore, open_store

if TYPE_CHECKING:
    from personalize_assets.config import Config
    from personalize_assets.engines.emr_serverless.pipes_client import EmrRunFailed

_STAGING, _CODE = "_emr_serverless", "_emr_serverless_code"
_POLL_SECONDS = 5.0
_RIGHTS = (
    "emr-serverless:GetApplication, ListJobRuns, StartJobRun, GetJobRun, CancelJobRun and TagResource on the "
    "application, and iam:PassRole on the execution role"
)


class EmrServerlessEngine(dg.ConfigurableResource, Engine):  # type: ignore[type-arg]
    """Runs a job spec on EMR Serverless by dagster-aws's Pipes client (``pipes_client``).

    The script and a zip of ``conversion/`` are put into ``<destination>/_emr_serverless_code/``, once a version; spec,
    messages and report are stored in ``<destination>/_emr_serverless/<run>/`` while the job runs. A run for the same
    work that is still going, or whose report was not read, is used instead of a new one, as on Glue.

    Attributes:
        application_id: Of a Spark application, whose release has Python 3.11 or newer or gets one by ``environment``.
        execution_role: ARN of the role that the job runs with.
        destination: ``s3://bucket/prefix``.
        environment: URI of a packed virtual environment that drivers and executors unpack, or None.
        cores: How many tasks run at once; None for what Spark counts when the job starts.
        timeout_minutes: After which EMR cancels the run; None for EMR's own 12 hours.
        spark_config: Settings of Spark for each job run.
    """

    name: ClassVar[str] = "emr-serverless"
    kind: ClassVar[str] = "emr"
    needs_dagster: ClassVar[bool] = True

    application_id: str
    execution_role: str
    destination: str
    environment: str | None = None
    cores: int | None = None
    timeout_minutes: int | None = None
    spark_config: dict[str, str] = Field(default_factory=dict)
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    endpoints: dict[str, str] = Field(default_factory=dict)
    kms_key: str | None = None

    @classmethod
    def of(cls, config: Config) -> EmrServerlessEngine:
        """The engine that a config describes."""
        if config.emr_serverless is None:
            raise PersonalizeAssetsError("engine 'emr-serverless' needs the section emr_serverless")
        return cls(
            **config.emr_serverless.model_dump(),
            destination=config.destination.uri,
            spark_config=config.spark_config,
            **config.aws.model_dump(),
        )

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        """Run the spec on EMR Serverless; ``engine`` of the report has the ids of the application and the job run.

        Raises:
            AwsError: EMR refused a call.
            PersonalizeAssetsError: The user has to change something: the application, its rights, a raw file.
            dagster.Failure: The run failed; the text has the job's traceback, or what EMR says.
        """
        from personalize_assets.engines.emr_serverless.pipes_client import EmrClient, EmrRunFailed, unfinished_run

        if context is None:
            raise ValueError("the engine emr-serverless needs the context of a Dagster run")
        aws = Aws(**{key: getattr(self, key) for key in Aws.model_fields})
        store = open_store(self.destination, aws)
        with explain_errors(f"EMR Serverless application {self.application_id!r}", _RIGHTS, self._advice()):
            emr = boto3_client(aws, "emr-serverless", retries={"mode": "standard", "total_max_attempts": 8})
            self._check(emr.get_application(applicationId=self.application_id)["application"])
            name = f"{job_name(spec)}-{durable_run_id(context)}-{fingerprint_of_work(spec)}"
            earlier = unfinished_run(
                emr, self.application_id, name, lambda report: read_report(store, report) is not None
            )
            staging = Staging(self.destination, earlier.folder if earlier else f"{_STAGING}/{run_id_of(spec)}")
            if earlier:
                context.log.info(f"EMR run {earlier.run_id} of this step exists already ({earlier.state}); using it")
            else:
                store.write(staging.key("spec.json"), encode(for_role(spec)))
            client = EmrClient(emr, aws, staging, _POLL_SECONDS, earlier.run_id if earlier else None)
            try:
                done = client.run(
                    context=context, start_job_run_params=self._start_params(store, name, s3_of(spec), staging)
                )
            except EmrRunFailed as failure:
                left = read_report(store, staging.uri("report.json"))
                raise self._failure(failure, left.error if isinstance(left, FailedReport) else None) from failure
        report = report_in(done.get_custom_messages()) or read_report(store, staging.uri("report.json"))
        if report is None or isinstance(report, FailedReport):
            raise PersonalizeAssetsError(
                f"EMR Serverless job run {client.run_id} succeeded without a report; nothing was committed"
            )
        sweep(store, staging)
        return replace(report, engine={key: getattr(value, "value", value) for key, value in done.metadata.items()})

    def _advice(self) -> dict[str, str]:
        where = f" in {self.region}" if self.region else ""
        missing = f"there is no such application{where}; correct emr_serverless.application_id or aws.region"
        return {"ResourceNotFoundException": missing}

    def _check(self, application: Mapping[str, Any]) -> None:
        if application["type"].lower() != "spark":
            raise PersonalizeAssetsError(
                f"EMR Serverless application {self.application_id!r} is of type {application['type']}; name one "
                "of type Spark"
            )
        if application["state"] in ("TERMINATED", "STOPPING") or (
            application["state"] == "STOPPED" and not application.get("autoStartConfiguration", {}).get("enabled", True)
        ):
            raise PersonalizeAssetsError(
                f"EMR Serverless application {self.application_id!r} is {application['state']} and starts no job; "
                "start it"
            )

    def _start_params(self, store: ObjectStore, name: str, s3: Mapping[str, Any], staging: Staging) -> dict[str, Any]:
        """The arguments of StartJobRun; ``s3`` as in ``conversion.spec.Plan``. Puts the code into S3 if it is new."""
        for artifact in (script(), library()):
            if store.read(f"{_CODE}/{artifact.name}") is None:
                store.write(f"{_CODE}/{artifact.name}", artifact.content)
        arguments = ["--spec", staging.uri("spec.json"), "--report", staging.uri("report.json")]
        if self.cores:
            arguments += ["--cores", str(self.cores)]
        for argument, value in s3_arguments(s3).items():
            arguments += [argument, value]
        code = f"{self.destination}/{_CODE}"
        settings = {**self._environment(), **self.spark_config}
        submit = [f"--py-files {code}/{library().name}", *(f"--conf {key}={value}" for key, value in settings.items())]
        return {
            "applicationId": self.application_id,
            "executionRoleArn": self.execution_role,
            "name": name,
            "jobDriver": {
                "sparkSubmit": {
                    "entryPoint": f"{code}/{script().name}",
                    "entryPointArguments": arguments,
                    "sparkSubmitParameters": " ".join(submit),
                }
            },
            **({"executionTimeoutMinutes": self.timeout_minutes} if self.timeout_minutes else {}),
        }

    def _environment(self) -> dict[str, str]:
        """Spark's settings for a packed environment (EMR Serverless guide, "Using Python libraries")."""
        if not self.environment:
            return {}
        python = "./environment/bin/python"
        return {
            "spark.archives": f"{self.environment}#environment",
            "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": python,
            "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": python,
            "spark.executorEnv.PYSPARK_PYTHON": python,
        }

    def _failure(self, failure: EmrRunFailed, error: JobError | None) -> Exception:
        """What to raise for a run that failed: an error for the user to fix, or one that a retry may get past."""
        where = f"EMR Serverless job run {failure.run_id} of application {self.application_id!r}"
        text = f"{where} ended as {failure.state}" + (f": {failure.message}" if failure.message else "")
        if of_file := error_for_user(error, self.execution_role, where):
            return of_file
        if failure.state == "CANCELLED":
            return PersonalizeAssetsError(f"{text}; if it took too long, raise emr_serverless.timeout_minutes")
        if error:
            text += f"\n\nThe job's own traceback:\n{error.traceback.rstrip()}"
        return dg.Failure(text)
