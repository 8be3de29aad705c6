"""What exists in an account, on moto's server."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from personalize_assets.config.models import Aws
from personalize_assets.deploy import account
from personalize_assets.deploy.account import Account, DeployedStack, look_up
from personalize_assets.errors import PersonalizeAssetsError

TEMPLATE = json.dumps({"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})


def test_an_empty_account_has_nothing(bucket: str) -> None:
    assert look_up(Aws(), "shop", "no-such-bucket", ["a"]) == Account("eu-central-1", None, False, False, frozenset())


def test_a_bucket_is_found_with_its_policy_and_those_keys_that_exist(bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::events/x"}
    assert look_up(Aws(), "shop", bucket, []).has_policy is False
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    found = look_up(Aws(), "shop", bucket, ["a", "b"])

    assert (found.has_bucket, found.has_policy, found.keys) == (True, True, frozenset("a"))


def test_a_stack_is_found_with_its_parameters_and_tags(bucket: str) -> None:
    client = boto3.client("cloudformation")
    parameters = [{"ParameterKey": "Name", "ParameterValue": "a"}]
    tags = [{"Key": "team", "Value": "data"}]
    client.create_stack(StackName="look-up", TemplateBody=TEMPLATE, Parameters=parameters, Tags=tags)

    found = look_up(Aws(), "look-up", bucket, [])

    client.delete_stack(StackName="look-up")
    assert found.stack is not None
    assert (found.stack.parameters, found.stack.tags) == ({"Name": "a"}, {"team": "data"})


def test_the_rest_of_a_failed_first_deployment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def describe_stacks(self, **_: Any) -> Any:
            return {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]}

    monkeypatch.setattr(account, "boto3_client", lambda *_: Client())

    with pytest.raises(PersonalizeAssetsError) as error:
        look_up(Aws(), "shop", "events", [])

    assert str(error.value) == (
        "Stack 'shop' is left from a first deployment that failed, and cannot be updated; delete it and deploy again"
    )


def test_a_template_that_is_no_text_is_unknown() -> None:
    class Client:
        def describe_stacks(self, **_: Any) -> Any:
            return {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]}

        def get_template(self, **_: Any) -> Any:
            return {"TemplateBody": {"Resources": {}}}

    assert account._deployed(Client(), "shop") == DeployedStack({}, None, {})
