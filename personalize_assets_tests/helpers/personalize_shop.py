"""A dataset group in the emulator of Personalize, made with boto3's client as the developer guide does it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator

ROLE = "arn:aws:iam::123456789012:role/PersonalizeRole"
INTERACTIONS = ("USER_ID:string", "ITEM_ID:string", "TIMESTAMP:long")
USERS = ("USER_ID:string", "PLAN:string null categorical")
ITEMS = ("ITEM_ID:string", "GENRE:string null categorical", "PRICE:float null")


def schema_text(record: str = "Interactions", fields: Sequence[str] = INTERACTIONS, **changes: Any) -> str:
    """A schema of fields such as ``PLAN:string null categorical``, with changes of the record's own members."""
    made: list[dict[str, Any]] = []
    for field in fields:
        name, _, words = field.partition(":")
        type_, *marks = words.split()
        attributes = {mark: True for mark in marks if mark != "null"}
        made.append({"name": name, "type": ["null", type_] if "null" in marks else type_, **attributes})
    schema = {"type": "record", "name": record, "namespace": "com.amazonaws.personalize.schema"}
    return json.dumps({**schema, "fields": made, "version": "1.0", **changes})


def text_of_fields(record: str, *fields: Any) -> str:
    """A schema with these fields, whatever they are."""
    return json.dumps({**json.loads(schema_text(record)), "fields": fields})


class PersonalizeShop:
    """What tests of the emulator do with a client.

    Attributes:
        client: boto3's, which tries each call once.
    """

    def __init__(self, emulator: PersonalizeEmulator, bucket: str) -> None:
        self.emulator = emulator
        self.bucket = bucket
        self.client = emulator.client(config=Config(retries={"total_max_attempts": 1}))

    def allow(self, **changes: Any) -> None:
        """Put the bucket policy of the guide."""
        arn = f"arn:aws:s3:::{self.bucket}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
            "Resource": [arn, f"{arn}/*"],
            **changes,
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        boto3.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def schema(
        self, name: str = "shop-i", record: str = "Interactions", fields: Sequence[str] = INTERACTIONS, **more: Any
    ) -> str:
        return str(self.client.create_schema(name=name, schema=schema_text(record, fields), **more)["schemaArn"])

    def group(self, name: str = "shop", **more: Any) -> str:
        """An ACTIVE dataset group."""
        arn = str(self.client.create_dataset_group(name=name, **more)["datasetGroupArn"])
        ends(lambda: self.client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"])
        return arn

    def dataset(
        self,
        group: str,
        dataset_type: str = "Interactions",
        fields: Sequence[str] = INTERACTIONS,
        schema: str | None = None,
    ) -> str:
        """An ACTIVE dataset, with a schema of its own."""
        record = "ActionInteractions" if dataset_type == "Action_Interactions" else dataset_type
        arn = self.client.create_dataset(
            name=dataset_type,
            schemaArn=schema or self.schema(f"{group.rpartition('/')[2]}-{dataset_type}", record, fields),
            datasetGroupArn=group,
            datasetType=dataset_type,
        )["datasetArn"]
        ends(lambda: self.client.describe_dataset(datasetArn=arn)["dataset"])
        return str(arn)

    def put(self, key: str, text: str | bytes) -> str:
        """Write an object; returns its URI."""
        body = text.encode() if isinstance(text, str) else text
        boto3.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def create_import(self, dataset: str, uri: str, name: str = "job-1", **more: Any) -> str:
        """Begin an import job; returns its ARN."""
        params = {"jobName": name, "datasetArn": dataset, "dataSource": {"dataLocation": uri}, "roleArn": ROLE, **more}
        return str(self.client.create_dataset_import_job(**params)["datasetImportJobArn"])

    def imported(self, dataset: str, text: str | bytes, name: str = "job-1", **more: Any) -> str:
        """Import a CSV; returns the reason of its failure, or an empty text."""
        arn = self.create_import(dataset, self.put(f"{name}.csv", text), name, **more)
        job = ends(lambda: self.client.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])
        return str(job.get("failureReason", ""))


def ends(describe: Callable[[], Any]) -> Any:
    """Describe something until it is in one of the last states."""
    while (found := describe())["status"] not in ("ACTIVE", "CREATE FAILED", "COMPLETED", "FAILED"):
        pass
    return found


def statuses(describe: Callable[[], Any], times: int) -> list[str]:
    """What the first descriptions say."""
    return [describe()["status"] for _ in range(times)]


def refusal(call: Callable[..., Any], **params: Any) -> str:
    """The error of a call: its code and text."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return "{Code}: {Message}".format(**caught.value.response["Error"])


def interactions(number: int = 1_000, first: int = 0) -> str:
    """A CSV of interactions that differ."""
    lines = [f"u{one % 50},i{one % 70},{1_790_812_800 + one}" for one in range(first, first + number)]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *lines, ""])
