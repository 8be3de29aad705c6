"""What the deployed CloudFormation stack of a dataset group has made."""

from __future__ import annotations

from collections.abc import Mapping

from personalize_assets.aws.client import boto3_client
from personalize_assets.aws.error_codes import explain_errors
from personalize_assets.aws.stack_tag import check_tag, default_stack
from personalize_assets.config.models import Aws

_NO_STACK = "ValidationError"  # the code of DescribeStacks for a stack that does not exist


def stack_outputs(aws: Aws, group: str) -> Mapping[str, str]:
    """The outputs of a group's stack by name; empty if there is no stack of its default name.

    Raises ``AwsError``, and ``PersonalizeAssetsError`` for a stack of that name that is not the group's.
    """
    from botocore.exceptions import ClientError

    name = default_stack(group)
    with explain_errors(f"Stack {name!r}", "cloudformation:DescribeStacks"):
        try:
            [stack] = boto3_client(aws, "cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_STACK:
                return {}
            raise
    check_tag(name, {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}, group)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
