"""Amazon Personalize: what exists is described and listed, and things are made; errors are explained.

What belongs here: one call each, its answer as a struct, and what Personalize's texts mean. What does not: in which
order things are made, and what is waited for (``pipeline.importing``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import AwsError, bare, explain_errors
from personalize_assets.aws.personalize_hints import hint_for
from personalize_assets.config.models import Aws
from personalize_assets.conversion.dataset_types import DATASET_TYPES

ACTIVE = "ACTIVE"
FAILED = "CREATE FAILED"
UNFINISHED = frozenset({"CREATE PENDING", "CREATE IN_PROGRESS", "PENDING", "IN_PROGRESS", "UPDATE PENDING",
                        "UPDATE IN_PROGRESS", "DELETE PENDING", "DELETE IN_PROGRESS"})  # fmt: skip
"""States of what goes on. ``status`` is no enumeration in the API: another text than these and the final ones goes on
as well, and is reported."""
FINAL = frozenset({ACTIVE, FAILED, "COMPLETED", "FAILED", "INACTIVE", "UPDATE FAILED"})

MAX_UNFINISHED_JOBS = 5
"""Import jobs of a region and account that may be pending or running (page `limits`; not adjustable)."""
CREATED_BY = "created-by"
_CREATOR = "personalize-assets"
_MAX_TRIES = 8
_ACTIONS = (
    "DescribeDatasetGroup, DescribeSchema, DescribeDataset, DescribeDatasetImportJob, ListDatasetImportJobs, "
    "ListSolutions, CreateDatasetGroup, CreateSchema, CreateDataset, UpdateDataset, CreateDatasetImportJob, "
    "CreateDataDeletionJob, DescribeDataDeletionJob, ListDataDeletionJobs, TagResource and iam:PassRole on the role "
    "(docs/how-to/personalize.md has the policy)"
)


class NotFound(AwsError):
    """There is no such thing."""


class AlreadyExists(AwsError):
    """A thing of this name exists."""


class InUse(AwsError):
    """The thing is being made, changed or read by a job; the same call may succeed later."""


class LimitReached(AwsError):
    """The account has as many of these as it may."""


_OUTCOMES: Mapping[str, type[AwsError]] = {
    "ResourceNotFoundException": NotFound,
    "ResourceAlreadyExistsException": AlreadyExists,
    "ResourceInUseException": InUse,
    "LimitExceededException": LimitReached,
}


class Place(NamedTuple):
    """Whose Personalize it is; from it all ARNs follow (developer guide, page bulk-data-import-step)."""

    partition: str
    region: str
    account: str

    def arn(self, kind: str, *names: str) -> str:
        """The ARN of a thing by its kind (``dataset-group``) and names."""
        return f"arn:{self.partition}:personalize:{self.region}:{self.account}:{'/'.join((kind, *names))}"

    def dataset_arn(self, group: str, dataset: str) -> str:
        """The ARN of a dataset: one a type and group, whatever its own name is."""
        return self.arn("dataset", group, DATASET_TYPES[dataset].api_type.upper())

    def console(self, group: str) -> str:
        """The page of a dataset group in the console, with its datasets and jobs."""
        domain = "amazonaws.cn" if self.partition == "aws-cn" else "aws.amazon.com"
        page = f"{self.arn('dataset-group')}${group}/setup"
        return f"https://{self.region}.console.{domain}/personalize/home?region={self.region}#{page}"


class GroupState(NamedTuple):
    """A dataset group as it is; ``domain`` is ``custom`` without one."""

    arn: str
    status: str
    domain: str
    kms_key: str
    role: str
    failure: str


class SchemaState(NamedTuple):
    """A schema as it is, with its text."""

    arn: str
    text: str
    domain: str


class DatasetState(NamedTuple):
    """A dataset as it is.

    Attributes:
        update: The status of the last change of its schema; empty without one.
        updated: When that was asked for, in seconds since the epoch; 0 without one.
        failure: Why that failed.
        created: When the dataset was made, likewise.
        update_schema_arn: The schema of that last change; empty without one.
    """

    arn: str
    name: str
    status: str
    schema_arn: str
    update: str
    updated: float
    failure: str
    created: float
    update_schema_arn: str


class Job(NamedTuple):
    """An import, export or deletion job as it is.

    Attributes:
        created: In seconds since the epoch; ``updated`` likewise.
        mode: Of an import: ``FULL`` or ``INCREMENTAL``; else empty.
        failure: Personalize's own text; empty without one.
        deleted: Of a deletion: how many records were deleted, once that is known.
        dataset: ARN of the dataset; empty in a list.
    """

    arn: str
    name: str
    status: str
    created: float
    updated: float
    mode: str = ""
    failure: str = ""
    deleted: int | None = None
    dataset: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether it goes on."""
        return self.status not in FINAL

    @property
    def is_active(self) -> bool:
        """Whether it is done, and has had its effect."""
        return self.status == ACTIVE


class Personalize:
    """The Personalize of one account and region.

    Methods raise ``NotFound``, ``AlreadyExists``, ``InUse``, ``LimitReached`` where AWS answers so, ``AwsError`` for
    other refusals, and ``TransientAwsError`` for what may be gone later. No call has an idempotency token: one whose
    answer is lost may have been carried out, and botocore may have repeated it.
    """

    def __init__(self, aws: Aws, role: str, tags: Mapping[str, str] | None = None) -> None:
        """Make no call yet. ``role`` is an ARN of the account; ``tags`` are those of all that is made."""
        self._aws = aws
        self.role = role
        self._tags = {CREATED_BY: _CREATOR, **(tags or {})}

    @cached_property
    def _client(self) -> Any:
        retries = {"mode": "standard", "total_max_attempts": _MAX_TRIES}
        return boto3_client(self._aws, "personalize", retries=retries)

    @cached_property
    def place(self) -> Place:
        """Partition and account are those of the role, which must be in the same account (IAM, PassRole)."""
        with self._explained("Personalize"):
            region = self._client.meta.region_name
        _, partition, _, _, account, _ = self.role.split(":", 5)
        return Place(partition, region, account)

    # -- dataset group, schema, dataset ---------------------------------------------------------------------------

    def group(self, name: str) -> GroupState | None:
        """A dataset group, or None."""
        arn = self.place.arn("dataset-group", name)
        found = self._find(f"Dataset group {name!r}", "describe_dataset_group", datasetGroupArn=arn)
        if found is None:
            return None
        group = found["datasetGroup"]
        return GroupState(
            group["datasetGroupArn"],
            group.get("status", ""),
            group.get("domain", "custom"),
            group.get("kmsKeyArn", ""),
            group.get("roleArn", ""),
            group.get("failureReason", ""),
        )

    def create_group(self, name: str, domain: str, kms_key: str | None, kms_role: str | None) -> None:
        """Start to make a dataset group."""
        more = {"kmsKeyArn": kms_key, "roleArn": kms_role} if kms_key else {}
        if domain != "custom":
            more["domain"] = domain
        self._call(f"Dataset group {name!r}", "create_dataset_group", name=name, tags=self._tag_list, **more)

    def schema(self, name: str) -> SchemaState | None:
        """A schema, or None."""
        return self.schema_at(self.place.arn("schema", name))

    def schema_at(self, arn: str) -> SchemaState | None:
        """A schema by its ARN, or None."""
        found = self._find(f"Schema {arn.rpartition('/')[2]!r}", "describe_schema", schemaArn=arn)
        if found is None:
            return None
        schema = found["schema"]
        return SchemaState(schema["schemaArn"], schema["schema"], schema.get("domain", "custom"))

    def create_schema(self, name: str, schema: Mapping[str, Any], domain: str) -> str:
        """Make a schema, which can be used at once; returns its ARN."""
        more = {} if domain == "custom" else {"domain": domain}
        answer = self._call(f"Schema {name!r}", "create_schema", name=name, schema=json.dumps(schema), **more)
        return str(answer["schemaArn"])

    def dataset(self, group: str, dataset: str) -> DatasetState | None:
        """A dataset of a group by its type, or None."""
        arn = self.place.dataset_arn(group, dataset)
        found = self._find(f"Dataset {dataset} of {group!r}", "describe_dataset", datasetArn=arn)
        if found is None:
            return None
        state = found["dataset"]
        update = state.get("latestDatasetUpdate") or {}
        return DatasetState(
            state["datasetArn"],
            state.get("name", ""),
            state.get("status", ""),
            state["schemaArn"],
            update.get("status", ""),
            _seconds(update.get("creationDateTime")),
            update.get("failureReason", ""),
            _seconds(state.get("creationDateTime")),
            update.get("schemaArn", ""),
        )

    def create_dataset(self, group: str, dataset: str, name: str, schema_arn: str) -> None:
        """Start to make a dataset."""
        self._call(
            f"Dataset {dataset} of {group!r}",
            "create_dataset",
            name=name,
            schemaArn=schema_arn,
            datasetGroupArn=self.place.arn("dataset-group", group),
            datasetType=DATASET_TYPES[dataset].api_type,
            tags=self._tag_list,
        )

    def update_dataset(self, group: str, dataset: str, schema_arn: str) -> None:
        """Start to give a dataset of users or items another schema."""
        arn = self.place.dataset_arn(group, dataset)
        self._call(f"Dataset {dataset} of {group!r}", "update_dataset", datasetArn=arn, schemaArn=schema_arn)

    # -- jobs -----------------------------------------------------------------------------------------------------

    def import_jobs(self, dataset_arn: str | None = None) -> list[Job]:
        """The import jobs of a dataset, or of the account and region; oldest first."""
        what = f"Import jobs of {dataset_arn.partition('dataset/')[2] if dataset_arn else 'this region'}"
        given = {"datasetArn": dataset_arn} if dataset_arn else {}
        with self._explained(what):
            pages = self._client.get_paginator("list_dataset_import_jobs").paginate(**given)
            found = [_job(one, "datasetImportJobArn") for page in pages for one in page["datasetImportJobs"]]
        return sorted(found, key=lambda job: job.created)

    def import_job(self, arn: str) -> Job:
        """An import job by its ARN."""
        answer = self._call(
            f"Import job {arn.rpartition('/')[2]!r}", "describe_dataset_import_job", datasetImportJobArn=arn
        )
        return _job(answer["datasetImportJob"], "datasetImportJobArn")

    def create_import_job(self, name: str, dataset_arn: str, location: str, mode: str) -> str:
        """Start an import of a CSV, or of a folder (with a slash at its end); returns the job's ARN."""
        answer = self._call(
            f"Import job {name!r}",
            "create_dataset_import_job",
            jobName=name,
            datasetArn=dataset_arn,
            dataSource={"dataLocation": location},
            roleArn=self.role,
            importMode=mode,
            tags=self._tag_list,
        )
        return str(answer["datasetImportJobArn"])

    def export_job(self, name: str) -> Job | None:
        """An export job by its name, or None."""
        arn = self.place.arn("dataset-export-job", name)
        found = self._find(f"Export job {name!r}", "describe_dataset_export_job", datasetExportJobArn=arn)
        return _job(found["datasetExportJob"], "datasetExportJobArn") if found else None

    def create_export_job(self, name: str, dataset_arn: str, folder: str) -> None:
        """Start to export the rows of all former imports of a dataset into a folder."""
        self._call(
            f"Export job {name!r}",
            "create_dataset_export_job",
            jobName=name,
            datasetArn=dataset_arn,
            ingestionMode="BULK",
            roleArn=self.role,
            jobOutput={"s3DataDestination": {"path": folder}},
            tags=self._tag_list,
        )

    def deletion_job(self, name: str) -> Job | None:
        """A data deletion job by its name, or None."""
        arn = self.place.arn("data-deletion-job", name)
        found = self._find(f"Data deletion job {name!r}", "describe_data_deletion_job", dataDeletionJobArn=arn)
        return _job(found["dataDeletionJob"], "dataDeletionJobArn") if found else None

    def deletion_jobs(self, group: str) -> list[Job]:
        """The data deletion jobs of a group; oldest first."""
        what, given = f"Data deletion jobs of {group!r}", {"datasetGroupArn": self.place.arn("dataset-group", group)}
        found: list[Job] = []
        while True:  # the API has no paginator for them
            answer = self._call(what, "list_data_deletion_jobs", **given)
            found += [_job(one, "dataDeletionJobArn") for one in answer.get("dataDeletionJobs", ())]
            if not answer.get("nextToken"):
                return sorted(found, key=lambda job: job.created)
            given["nextToken"] = answer["nextToken"]

    def create_deletion_job(self, name: str, group: str, location: str) -> None:
        """Start to delete the data of the users in a CSV from all datasets of a group."""
        self._call(
            f"Data deletion job {name!r}",
            "create_data_deletion_job",
            jobName=name,
            datasetGroupArn=self.place.arn("dataset-group", group),
            dataSource={"dataLocation": location},
            roleArn=self.role,
            tags=self._tag_list,
        )

    def solutions_before(self, group: str, moment: float) -> list[str]:
        """The names of a group's solutions that are older than a moment (seconds since the epoch)."""
        arn = self.place.arn("dataset-group", group)
        with self._explained(f"Solutions of {group!r}"):
            pages = self._client.get_paginator("list_solutions").paginate(datasetGroupArn=arn)
            found = [one for page in pages for one in page["solutions"]]
        return sorted(one["name"] for one in found if _seconds(one.get("creationDateTime")) < moment)

    # -- calls ----------------------------------------------------------------------------------------------------

    @property
    def _tag_list(self) -> list[dict[str, str]]:
        return [{"tagKey": key, "tagValue": value} for key, value in self._tags.items()]

    def _find(self, what: str, operation: str, **given: Any) -> Any:
        try:
            return self._call(what, operation, **given)
        except NotFound:
            return None

    def _call(self, what: str, operation: str, **given: Any) -> Any:
        with self._explained(what):
            return getattr(self._client, operation)(**given)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        from botocore.exceptions import ClientError

        rights = f"personalize: {_ACTIONS}"
        with explain_errors(what, rights):
            try:
                yield
            except ClientError as error:
                code = bare(error.response["Error"]["Code"])
                message = error.response["Error"].get("Message", "").rstrip(".")
                hint = hint_for(message)
                if code not in _OUTCOMES and not (hint and code == "InvalidInputException"):
                    raise
                text = f"{what}: {error.operation_name}: {message or code}"
                # Without the cause: its code may be one of throttling, and the caller decides what is tried again.
                raise _OUTCOMES.get(code, AwsError)(f"{text}; {hint}" if hint else text) from None


def _job(answer: Mapping[str, Any], arn: str) -> Job:
    return Job(
        answer[arn],
        answer.get("jobName", ""),
        answer.get("status", ""),
        _seconds(answer.get("creationDateTime")),
        _seconds(answer.get("lastUpdatedDateTime")),
        answer.get("importMode", ""),
        answer.get("failureReason", ""),
        answer.get("numDeleted"),
        answer.get("datasetArn", ""),
    )


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0
