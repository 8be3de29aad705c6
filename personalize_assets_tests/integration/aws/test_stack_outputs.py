"""What the deployed stack of a dataset group has made."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest

from personalize_assets.aws.stack_outputs import stack_outputs
from personalize_assets.aws.stack_tag import TAG
from personalize_assets.config.models import Aws
from personalize_assets.errors import PersonalizeAssetsError

TEMPLATE = json.dumps(
    {
        "Resources": {"Any": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "any"}}},
        "Outputs": {"RoleArn": {"Value": "arn:aws:iam::123456789012:role/p"}},
    }
)


@pytest.fixture
def stack(bucket: str) -> Iterator[None]:
    client = boto3.client("cloudformation")
    tags = [{"Key": TAG, "Value": "my_shop"}]
    client.create_stack(StackName="personalize-assets-my-shop", TemplateBody=TEMPLATE, Tags=tags)
    yield
    client.delete_stack(StackName="personalize-assets-my-shop")


def test_the_outputs_are_those_of_the_groups_stack(stack: None) -> None:
    assert stack_outputs(Aws(), "my_shop") == {"RoleArn": "arn:aws:iam::123456789012:role/p"}


def test_without_a_stack_there_are_none(bucket: str) -> None:
    assert stack_outputs(Aws(), "other") == {}


def test_a_stack_of_another_group_is_refused(stack: None) -> None:
    with pytest.raises(PersonalizeAssetsError, match="is that of the dataset group 'my_shop' by its tag"):
        stack_outputs(Aws(), "my-shop")
