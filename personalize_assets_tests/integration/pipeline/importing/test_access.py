"""The role with which Personalize reads the exports."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from personalize_assets.aws.stack_tag import TAG
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.access import imported_datasets, open_personalize
from personalize_assets_tests.helpers.import_world import ROLE, ImportWorld
from personalize_assets_tests.helpers.small_group import small_group


def without_role(world: ImportWorld) -> DatasetGroup:
    del world.config["import"]["role"]
    return world.group()


def test_the_role_of_the_config_is_taken(world: ImportWorld) -> None:
    api = open_personalize(world.group())

    assert (api.role, api.place) == (ROLE, ("aws", "eu-central-1", "123456789012"))


def test_without_one_it_is_that_of_the_deployed_stack(world: ImportWorld) -> None:
    policy = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "any"}}
    template = {"Resources": {"Any": policy}, "Outputs": {"PersonalizeRoleArn": {"Value": ROLE}}}
    client = boto3.client("cloudformation")
    name = "personalize-assets-shop"
    client.create_stack(StackName=name, TemplateBody=json.dumps(template), Tags=[{"Key": TAG, "Value": "shop"}])
    try:
        assert open_personalize(without_role(world)).role == ROLE
    finally:
        client.delete_stack(StackName=name)


def test_without_either_the_error_says_what_to_do(world: ImportWorld) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        open_personalize(without_role(world))

    assert str(error.value) == (
        "no role with which Personalize may read s3://events/shop: import.role is not set, and there is no stack "
        "'personalize-assets-shop' with one; write the role's ARN as import.role, or make it with `personalize-assets "
        "deploy` (docs/how-to/personalize.md)"
    )


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        PersonalizeAssetsError, match=r"Personalize imports from S3 alone; write destination\.uri: s3://"
    ):
        open_personalize(small_group(tmp_path))


def test_the_datasets_of_the_config_are_imported_in_its_order(world: ImportWorld) -> None:
    world.config["import"]["datasets"] = ["items", "interactions"]

    assert imported_datasets(world.group()) == ("interactions", "items")
