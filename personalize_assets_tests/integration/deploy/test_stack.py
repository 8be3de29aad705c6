"""`personalize-assets deploy` on moto's server: what it shows, calls, makes and keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.client
import pytest
from click.testing import CliRunner
from moto.cloudformation import models, parsing

from personalize_assets.cli import main
from personalize_assets.deploy import stack
from personalize_assets.engines.glue.bundle import library, script, template
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets_tests.helpers.latency_server import LatencyServer


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all operations that are called of AWS."""
    made: list[str] = []
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(self: Any, operation: str, params: Any) -> Any:
        made.append(operation)
        return real(self, operation, params)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recorded)
    return made


def deploy(*arguments: str, destination: str = "s3://events/made", answer: str = "", **env: str) -> tuple[int, str]:
    """The exit code and output of the command, whose user types an answer."""
    places = {"PERSONALIZE__SOURCE__URI": "s3://raw/segment", "PERSONALIZE__DESTINATION__URI": destination, **env}
    done = CliRunner().invoke(main, ["deploy", *arguments], env=places, input=answer)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def _moto_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation drops AWS::NoValue from lists; moto would leave a null there."""
    real = parsing.clean_json

    def clean(value: Any, resources: Any) -> Any:
        cleaned = real(value, resources)
        return [each for each in cleaned if each is not None] if isinstance(cleaned, list) else cleaned

    def update(self: Any, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        self._template, self.input_parameters = template, parameters or {}
        self.load_parameters()

    monkeypatch.setattr(parsing, "clean_json", clean)
    # An update of moto's makes the resources too whose condition is false, and fails over that.
    monkeypatch.setattr(parsing.ResourceMap, "update", update)


@pytest.fixture(autouse=True)
def _no_stack_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "bucket" in request.fixturenames:
        cloudformation = boto3.client("cloudformation", region_name="eu-central-1", endpoint_url=_endpoint(request))
        for found in cloudformation.describe_stacks()["Stacks"]:
            cloudformation.delete_stack(StackName=found["StackName"])


def _endpoint(request: pytest.FixtureRequest) -> str:
    server: LatencyServer = request.getfixturevalue("_s3_server")
    return server.url


def test_a_dry_run_says_what_would_be_done_and_does_none_of_it(bucket: str, calls: list[str]) -> None:
    code, output = deploy("--dry-run")

    assert code == 0, output
    assert output.startswith(
        "Stack      personalize-assets-workshop in eu-central-1: new\n"
        "Bucket     events: exists\n"
        f"Upload     s3://events/made/_glue_code/{script().name}: {len(script().content):,} bytes\n"
        f"Upload     s3://events/made/_glue_code/{library().name}: {len(library().content):,} bytes\n"
        "Parameter  SourceBucketName = raw\n"
        "Parameter  SourceDataPrefix = segment\n"
    )
    assert "\nResource   Job: AWS::Glue::Job\n" in output
    assert output.endswith("\nNothing was changed: this was a dry run.\n")
    assert {call for call in calls if not call.startswith(("Describe", "Get", "Head", "List"))} == set()
    assert list(boto3.resource("s3").Bucket(bucket).objects.all()) == []


def test_deploying_makes_a_job_that_names_script_and_zip_by_their_content(bucket: str) -> None:
    code, output = deploy("--stack", "shop", "--parameter", "NumberOfWorkers=5")

    assert code == 0, output
    keys = [item.key for item in boto3.resource("s3").Bucket(bucket).objects.all()]
    assert keys == [f"made/_glue_code/{script().name}", f"made/_glue_code/{library().name}"]
    (found,) = boto3.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
    assert parameters["ScriptKey"] == keys[0]
    assert parameters["NumberOfWorkers"] == "5"
    assert parameters["ManageBucketPolicy"] == "true"
    assert "\nDone.\n" in output
    assert "PersonalizeRoleArn   arn:aws:iam::" in output
    assert "ExportsLocation      s3://events/made/exports/\n" in output


def test_deploying_again_uploads_nothing_twice_and_keeps_what_was_asked_for_once(bucket: str, calls: list[str]) -> None:
    deploy("--parameter", "NumberOfWorkers=5")
    calls.clear()

    code, output = deploy("--parameter", "TimeoutMinutes=60")

    assert code == 0, output
    assert "Stack      personalize-assets-workshop in eu-central-1: exists, to be updated\n" in output
    assert f"{script().name}: exists already\n" in output
    assert "Parameter  TimeoutMinutes = 60  (was 120)\n" in output
    assert "Parameter  NumberOfWorkers = 5  (kept)\n" in output
    assert "PutObject" not in calls
    (found,) = boto3.client("cloudformation").describe_stacks(StackName="personalize-assets-workshop")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
    assert (parameters["NumberOfWorkers"], parameters["TimeoutMinutes"]) == ("5", "60")


def parameters_of(stack: str) -> dict[str, str]:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}


def test_a_stack_that_is_not_ours_is_left_as_it_is(bucket: str, calls: list[str]) -> None:
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}}
    client = boto3.client("cloudformation")
    client.create_stack(StackName="billing", TemplateBody=json.dumps({"Resources": resources}))
    calls.clear()

    code, output = deploy("--stack", "billing", "--yes")

    assert code == 1
    assert output.startswith("Error: Stack 'billing' exists without the tag personalize-assets:dataset-group, which ")
    assert [call for call in calls if not call.startswith(("Describe", "Get", "Head", "List"))] == []
    assert resources_of("billing") == {"Queue"}


def test_the_stack_carries_the_name_of_its_group_as_a_tag_and_another_group_is_refused(bucket: str) -> None:
    deploy("--stack", "shared")

    code, output = deploy("--stack", "shared", PERSONALIZE__DATASET_GROUP__NAME="media")

    (found,) = boto3.client("cloudformation").describe_stacks(StackName="shared")["Stacks"]
    assert {"Key": "personalize-assets:dataset-group", "Value": "workshop"} in found["Tags"]
    assert code == 1
    assert output.startswith("Error: Stack 'shared' is that of the dataset group 'workshop' by its tag ")


def test_two_groups_get_a_stack_and_a_job_each(bucket: str) -> None:
    deploy()
    code, output = deploy(destination="s3://events/media", PERSONALIZE__DATASET_GROUP__NAME="media")

    assert code == 0, output
    assert {
        stack: parameters_of(stack)["JobName"] for stack in ("personalize-assets-workshop", "personalize-assets-media")
    } == {
        "personalize-assets-workshop": "personalize-assets-workshop",
        "personalize-assets-media": "personalize-assets-media",
    }


LOSS = "\nDelete     Queue: AWS::SQS::Queue"


def deploy_with_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy a template with one more resource, as an older version of it might have."""
    queue = "\nResources:\n  Queue:\n    Type: AWS::SQS::Queue\n"
    with monkeypatch.context() as patch:
        patch.setattr(stack, "template", lambda: template().replace("\nResources:\n", queue))
        code, output = deploy()
    assert code == 0, output


def resources_of(name: str) -> set[str]:
    found = boto3.client("cloudformation").list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {each["LogicalResourceId"] for each in found}


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_an_update_that_deletes_is_not_done_without_consent(
    bucket: str, calls: list[str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    deploy_with_a_queue(monkeypatch)
    calls.clear()

    code, output = deploy(answer=answer)

    assert code == 1
    assert LOSS in output
    assert "Replace or delete these? [y/N]:" in output
    assert output.splitlines()[-1] == (
        "Error: Stack 'personalize-assets-workshop' was not changed: the update replaces or deletes resources, which "
        "needs your consent; answer y, or give --yes"
    )
    assert "Queue" in resources_of("personalize-assets-workshop")
    assert [call for call in calls if not call.startswith(("Describe", "Get", "Head", "List"))] == [
        "CreateChangeSet",
        "DeleteChangeSet",
    ]


@pytest.mark.parametrize(("arguments", "answer"), [(["--yes"], ""), ([], "y\n")])
def test_an_update_that_deletes_is_done_with_consent(
    bucket: str, calls: list[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], answer: str
) -> None:
    deploy_with_a_queue(monkeypatch)

    code, output = deploy(*arguments, answer=answer)

    assert code == 0, output
    assert LOSS in output
    assert calls.count("ExecuteChangeSet") == 1


def test_an_upload_that_fails_leaves_no_change_set(
    bucket: str, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy()

    def fail(*_: object) -> None:
        raise PersonalizeAssetsError("no space")

    monkeypatch.setattr(stack, "_upload", fail)
    calls.clear()

    code, output = deploy("--parameter", "NumberOfWorkers=5")

    assert (code, output.splitlines()[-1]) == (1, "Error: no space")
    assert [call for call in calls if "ChangeSet" in call and "Describe" not in call] == [
        "CreateChangeSet",
        "DeleteChangeSet",
    ]


def test_an_update_that_loses_nothing_is_not_asked_about(bucket: str) -> None:
    deploy()

    code, output = deploy("--parameter", "NumberOfWorkers=5")

    assert code == 0, output
    assert "Replace or delete these?" not in output


def test_deploying_the_same_again_changes_nothing(
    bucket: str, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # CloudFormation compares the values; moto compares what was given, and parameters with defaults were not.
    monkeypatch.setattr(models.Stack, "has_parameters", lambda *_: True)
    deploy()
    calls.clear()

    code, output = deploy()

    assert code == 0, output
    assert [call for call in calls if not call.startswith(("Describe", "Get", "Head", "List"))] == [
        "CreateChangeSet",
        "DeleteChangeSet",
    ]


def test_a_bucket_that_is_not_there_is_made_first_and_then_filled(bucket: str) -> None:
    code, output = deploy(destination="s3://new-bucket/made")

    assert code == 0, output
    assert "Bucket     new-bucket: made by the stack\n" in output
    made = boto3.resource("s3").Bucket("new-bucket")
    assert len(list(made.objects.all())) == 2
    made.objects.all().delete()
    boto3.client("s3").delete_bucket(Bucket="new-bucket")


def test_a_policy_that_the_bucket_has_already_is_left_alone(bucket: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::events/x"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    boto3.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)

    code, output = deploy("--dry-run")

    assert code == 0, output
    assert "Parameter  ManageBucketPolicy = false\n" in output
    assert (
        "Note       events has a policy already, which stays as it is: add s3:GetObject on made/exports/*, "
        "s3:ListBucket and, for import.compare, s3:PutObject on made/_compared/* for personalize.amazonaws.com to it "
        "(docs/how-to/personalize.md)\n"
    ) in output


def test_every_source_of_the_datasets_may_be_read_by_the_job(bucket: str) -> None:
    source = '{"uri": "s3://crm/users", "layout": "hive"}'

    code, output = deploy("--dry-run", PERSONALIZE__DATASETS__USERS__SOURCE=source)

    assert code == 0, output
    assert "Parameter  SecondSourceArn = arn:aws:s3:::crm/users/*\n" in output


@pytest.mark.parametrize(
    ("arguments", "env", "expected"),
    [
        (
            ["--parameter", "Workers=5"],
            {},
            "Error: --parameter Workers: the template has no such parameter; use one of ",
        ),
        (["--parameter", "Workers"], {}, "'Workers' has no value; write it as NumberOfWorkers=5"),
        (
            [],
            {"destination": "s3://events"},
            "Error: destination.uri: 's3://events' is a whole bucket; write s3://events/",
        ),
        ([], {"destination": "out"}, " is a folder, which Glue cannot reach; write s3://bucket/prefix, or use engine "),
    ],
)
def test_a_deployment_that_is_impossible_is_refused(
    arguments: list[str], env: dict[str, str], expected: str, bucket: str
) -> None:
    code, output = deploy("--dry-run", *arguments, **env)

    assert code in (1, 2)
    assert expected in output


def test_a_stack_that_fails_says_why(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "template", lambda: template().replace("AWS::Glue::Job\n", "AWS::Glue::Nothing\n"))

    code, output = deploy(AWS_SECRET_ACCESS_KEY="")

    assert code == 1
    assert output.splitlines()[-1].startswith("Error: Stack 'personalize-assets-workshop': ")
