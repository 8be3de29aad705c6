"""The files in S3 that jobs read and write.

- An object, or what is directly in a folder, whose name ends with ``/``: page bulk-data-import-step. A data deletion
  job reads folders below, too, and ignores what does not end with ``.csv``: page delete-records. What else an import
  reads in a folder is not documented: here all but the folder's own marker (``Settings.reads_only_csv``).
- A location without such an object is refused at once with "Invalid Data location": page error-messages.
- The bucket's policy must allow the service GetObject and ListBucket, and PutObject for exports: pages
  granting-personalize-s3-access and export-permissions. Conditions on the account, the source's ARN and the listed
  prefix are evaluated; a statement with another condition allows nothing. The role's policies are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from personalize_assets_tests.helpers.personalize_emulator.errors import JobFailure

NO_PRIVILEGES = "Insufficient privileges for accessing data in Amazon S3."
SERVICE = "personalize.amazonaws.com"


@dataclass(frozen=True)
class Location:
    """A place in S3; ``key`` ends with ``/`` if it is a folder, or is empty for the whole bucket."""

    bucket: str
    key: str

    @property
    def is_folder(self) -> bool:
        return not self.key or self.key.endswith("/")


def location(uri: str) -> Location | None:
    """None for what is no URI of S3."""
    scheme, _, place = uri.partition("://")
    bucket, slash, key = place.partition("/")
    return Location(bucket, key) if scheme == "s3" and bucket and slash else None


def listed(s3: Any, place: Location, *, recursive: bool = False, only_csv: bool = False) -> list[tuple[str, int]]:
    """Keys and sizes of the files at a location, in order; empty if there are none."""
    try:
        if not place.is_folder:
            head = s3.head_object(Bucket=place.bucket, Key=place.key)
            return [(place.key, head["ContentLength"])]
        delimiter = {} if recursive else {"Delimiter": "/"}
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key, **delimiter)
        found = [(one["Key"], one["Size"]) for page in pages for one in page.get("Contents", ())]
    except ClientError:
        return []
    return [(key, size) for key, size in found if key != place.key and (key.endswith(".csv") or not only_csv)]


def read(s3: Any, place: Location, key: str) -> bytes:
    """The content of an object. Raises JobFailure if it is gone."""
    try:
        content: bytes = s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()
    except ClientError:
        raise JobFailure(NO_PRIVILEGES) from None
    return content


def has_own_key(s3: Any, bucket: str) -> bool:
    """Whether the bucket encrypts with a key of the Key Management Service (page delete-records forbids it)."""
    try:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except ClientError:
        return False
    return any(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"].startswith("aws:kms") for rule in rules)


def check_policy(s3: Any, place: Location, *, account: str, source: str, writes: bool = False) -> None:
    """Raise JobFailure unless the bucket's policy lets the service in; ``source`` is the ARN of the job."""
    try:
        policy = json.loads(s3.get_bucket_policy(Bucket=place.bucket)["Policy"])
    except ClientError:
        raise JobFailure(NO_PRIVILEGES) from None
    bucket = f"arn:aws:s3:::{place.bucket}"
    context = {"aws:sourceaccount": account, "aws:sourcearn": source}
    key = f"{bucket}/{place.key}" + ("any.csv" if place.is_folder else "")
    wanted = [("s3:GetObject", key, context), ("s3:ListBucket", bucket, {**context, "s3:prefix": place.key})]
    if writes:
        wanted.append(("s3:PutObject", key, context))
    for action, resource, known in wanted:
        if not _is_allowed(policy, action, resource, known):
            raise JobFailure(NO_PRIVILEGES)


def _is_allowed(policy: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> bool:
    effects = {
        statement["Effect"]
        for statement in _as_list(policy.get("Statement"))
        if _names_service(statement.get("Principal"))
        and any(fnmatchcase(action.casefold(), pattern.casefold()) for pattern in _as_list(statement.get("Action")))
        and any(fnmatchcase(resource, pattern) for pattern in _as_list(statement.get("Resource")))
        and all(_holds(*condition, context) for condition in _conditions(statement))
    }
    return effects == {"Allow"}


def _names_service(principal: Any) -> bool:
    if isinstance(principal, dict):
        return SERVICE in _as_list(principal.get("Service")) or "*" in _as_list(principal.get("AWS"))
    return bool(principal == "*")


def _conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, tests in statement.get("Condition", {}).items():
        for key, values in tests.items():
            yield operator, key.casefold(), [str(value) for value in _as_list(values)]


def _holds(operator: str, key: str, values: list[str], context: dict[str, str]) -> bool:
    if key not in context or operator not in ("StringEquals", "StringLike", "ArnLike", "ArnEquals"):
        return False
    if operator == "StringEquals":
        return context[key] in values
    return any(fnmatchcase(context[key], value) for value in values)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
