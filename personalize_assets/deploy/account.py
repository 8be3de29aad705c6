"""What an AWS account has already of a stack: only calls that change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from personalize_assets.aws.client import boto3_client
from personalize_assets.config.models import Aws
from personalize_assets.errors import PersonalizeAssetsError

_NOT_FOUND = ("404", "NoSuchKey", "NoSuchBucket")


@dataclass(frozen=True)
class DeployedStack:
    """A stack that exists: the values of its parameters, its template (None if it is not stored as text), its tags."""

    parameters: Mapping[str, str]
    template: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """What exists before a deployment.

    Attributes:
        region: Of the client that makes the stack.
        stack: None if there is none of the name.
        has_bucket: Whether the destination's bucket exists.
        has_policy: Whether that bucket has a policy, the stack's own or another one.
        keys: Those of the asked keys that exist in the bucket.
    """

    region: str
    stack: DeployedStack | None
    has_bucket: bool
    has_policy: bool
    keys: frozenset[str]


def look_up(aws: Aws, stack: str, bucket: str, keys: Iterable[str]) -> Account:
    """Look at the stack, the bucket, and these keys in it. Raises botocore's errors (``explain_errors``)."""
    cloudformation, s3 = boto3_client(aws, "cloudformation"), boto3_client(aws, "s3")
    deployed = _deployed(cloudformation, stack)
    has_bucket = _exists(s3, Bucket=bucket)
    return Account(
        cloudformation.meta.region_name,
        deployed,
        has_bucket,
        has_bucket and _has_policy(s3, bucket),
        frozenset(key for key in keys if has_bucket and _exists(s3, Bucket=bucket, Key=key)),
    )


def _deployed(cloudformation: Any, stack: str) -> DeployedStack | None:
    from botocore.exceptions import ClientError

    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    if found["StackStatus"] == "ROLLBACK_COMPLETE":
        raise PersonalizeAssetsError(
            f"Stack {stack!r} is left from a first deployment that failed, and cannot be updated; delete it and deploy "
            "again"
        )
    text = cloudformation.get_template(StackName=stack)["TemplateBody"]
    values = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in found.get("Parameters", ())}
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
    return DeployedStack(values, text if isinstance(text, str) else None, tags)


def _exists(s3: Any, **what: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_object(**what) if "Key" in what else s3.head_bucket(**what)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_FOUND:
            raise
        return False
    return True


def _has_policy(s3: Any, bucket: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.get_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return False
        raise
    return True
