"""The protocol of the emulator of Personalize, and what it checks in each request."""

from __future__ import annotations

import ast
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from personalize_assets_tests.helpers import personalize_emulator
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator
from personalize_assets_tests.helpers.personalize_shop import ROLE, PersonalizeShop, refusal, schema_text

GROUP = "arn:aws:personalize:eu-central-1:123456789012:dataset-group/shop"
DATASET = "arn:aws:personalize:eu-central-1:123456789012:dataset/shop/USERS"


def test_a_client_finds_the_server_by_the_environment(personalize: PersonalizeEmulator) -> None:
    assert boto3.client("personalize").list_schemas()["schemas"] == []
    assert personalize.operations() == ["ListSchemas"]


def test_a_name_must_match_the_pattern(shop: PersonalizeShop) -> None:
    assert refusal(shop.client.create_dataset_group, name="my shop!") == (
        "InvalidInputException: 1 validation error detected: Value 'my shop!' at 'name' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\-_]*"
    )


def test_a_name_has_at_most_63_characters(shop: PersonalizeShop) -> None:
    assert shop.client.create_dataset_group(name="a" * 63)["datasetGroupArn"].endswith("a" * 63)
    assert refusal(shop.client.create_dataset_group, name="a" * 64) == (
        f"InvalidInputException: 1 validation error detected: Value '{'a' * 64}' at 'name' failed to satisfy "
        "constraint: Member must have length less than or equal to 63"
    )


def test_all_that_is_wrong_is_said_at_once(shop: PersonalizeShop) -> None:
    refused = refusal(
        shop.client.create_dataset_import_job,
        jobName="-",
        datasetArn="arn",
        dataSource={"dataLocation": "events/a.csv"},
        roleArn="role",
        importMode="APPEND",
    )

    assert refused.startswith("InvalidInputException: 5 validation errors detected: Value '-' at 'jobName' ")
    assert "Value 'arn' at 'datasetArn'" in refused
    assert "Value 'events/a.csv' at 'dataSource.dataLocation'" in refused
    assert "Value 'role' at 'roleArn'" in refused
    assert refused.endswith("Value 'APPEND' at 'importMode' failed to satisfy constraint: "
                            "Member must satisfy enum value set: [FULL, INCREMENTAL]")  # fmt: skip


def test_a_location_has_at_most_256_characters(shop: PersonalizeShop) -> None:
    uri = f"s3://events/{'a' * 245}"

    refused = refusal(
        shop.client.create_dataset_import_job,
        jobName="job", datasetArn=DATASET, dataSource={"dataLocation": uri}, roleArn=ROLE,
    )  # fmt: skip

    assert refused.endswith("Member must have length less than or equal to 256")


def test_a_page_has_at_most_a_hundred_things(shop: PersonalizeShop) -> None:
    assert refusal(shop.client.list_schemas, maxResults=101).endswith(
        "Member must have value less than or equal to 100"
    )


def test_a_required_member_must_be_there(shop: PersonalizeShop) -> None:
    assert _posted(shop, "CreateDatasetGroup", {"tags": [{"tagKey": "a"}]}) == (
        400,
        "InvalidInputException",
        "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; "
        "Value null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null",
    )


@pytest.mark.parametrize("params", [{"name": 5}, {"name": "shop", "colour": "red"}, {"name": "shop", "tags": "a"}])
def test_a_request_of_another_form_is_refused(shop: PersonalizeShop, params: dict[str, Any]) -> None:
    assert _posted(shop, "CreateDatasetGroup", params)[:2] == (400, "SerializationException")


def test_an_operation_that_the_service_does_not_have_is_refused(shop: PersonalizeShop) -> None:
    assert _posted(shop, "CreateShop", {}) == (
        400,
        "UnknownOperationException",
        "Amazon Personalize has no operation 'CreateShop'",
    )


def test_an_operation_that_the_emulator_does_not_have_is_refused(shop: PersonalizeShop) -> None:
    assert refusal(shop.client.list_recipes) == (
        "NotEmulatedException: PersonalizeEmulator does not have ListRecipes: add it there"
    )


def test_a_request_for_another_region_is_refused(personalize: PersonalizeEmulator) -> None:
    client = boto3.client("personalize", region_name="us-east-1")

    with pytest.raises(ClientError) as caught:
        client.list_schemas()

    assert caught.value.response["Error"] == {
        "Code": "InvalidSignatureException",
        "Message": "Credential should be scoped to eu-central-1/personalize, not us-east-1/personalize",
    }


def test_a_request_without_a_signature_is_refused(shop: PersonalizeShop) -> None:
    assert _posted(shop, "ListSchemas", {}, signed=False)[:2] == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("describe_schema", "schemaArn"),
        ("describe_dataset_group", "datasetGroupArn"),
        ("describe_dataset", "datasetArn"),
        ("describe_dataset_import_job", "datasetImportJobArn"),
        ("describe_dataset_export_job", "datasetExportJobArn"),
        ("describe_data_deletion_job", "dataDeletionJobArn"),
        ("describe_event_tracker", "eventTrackerArn"),
        ("describe_solution", "solutionArn"),
        ("describe_solution_version", "solutionVersionArn"),
        ("describe_recommender", "recommenderArn"),
        ("delete_schema", "schemaArn"),
        ("delete_dataset_group", "datasetGroupArn"),
        ("delete_dataset", "datasetArn"),
        ("delete_event_tracker", "eventTrackerArn"),
        ("delete_solution", "solutionArn"),
        ("list_tags_for_resource", "resourceArn"),
    ],
)
def test_an_arn_of_nothing_is_not_found(shop: PersonalizeShop, operation: str, member: str) -> None:
    arn = "arn:aws:personalize:eu-central-1:123456789012:thing/none"

    refused = refusal(getattr(shop.client, operation), **{member: arn})

    assert refused.startswith("ResourceNotFoundException: Could not find the ")
    assert refused.endswith(f" with Arn {arn}.")


def test_an_arn_of_another_account_is_not_found(shop: PersonalizeShop) -> None:
    arn = shop.schema().replace("123456789012", "210987654321")

    assert refusal(shop.client.describe_schema, schemaArn=arn).startswith("ResourceNotFoundException: ")


def test_all_calls_are_in_the_log_with_their_outcome(shop: PersonalizeShop) -> None:
    shop.client.create_schema(name="a", schema=schema_text())
    refusal(shop.client.create_schema, name="a", schema=schema_text())

    assert [(call.number, call.operation, call.params["name"], call.outcome) for call in shop.emulator.calls] == [
        (1, "CreateSchema", "a", "done"),
        (2, "CreateSchema", "a", "ResourceAlreadyExistsException"),
    ]


def test_an_error_of_the_emulator_itself_is_an_error_of_the_call(shop: PersonalizeShop) -> None:
    shop.group()
    shop.emulator.account.resources[GROUP].members = None  # type: ignore[assignment]

    assert refusal(shop.client.describe_dataset_group, datasetGroupArn=GROUP).startswith("EmulatorError: Traceback")


def test_a_server_that_was_stopped_answers_nothing() -> None:
    with PersonalizeEmulator() as emulator:
        client = emulator.client()
        client.list_schemas()

    with pytest.raises(Exception, match=r"Connection was closed|Could not connect"):
        client.list_schemas()
    assert emulator.operations() == ["ListSchemas"]


def _posted(shop: PersonalizeShop, operation: str, params: Any, *, signed: bool = True) -> tuple[int, str, str]:
    """Status, code and text of the answer to a request that botocore would not send."""
    headers = {"X-Amz-Target": f"AmazonPersonalize.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    if signed:
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=a/20261001/eu-central-1/personalize/aws4_request"
    request = urllib.request.Request(shop.emulator.endpoint, json.dumps(params).encode(), headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as error:
        answer = json.load(error)
        return error.code, answer["__type"], answer["message"]


def test_the_emulator_needs_nothing_but_boto3() -> None:
    folder = Path(personalize_emulator.__file__).parent
    trees = [ast.parse(file.read_text()) for file in folder.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    outside = {module.partition(".")[0] for module in modules if not module.startswith(personalize_emulator.__name__)}

    assert outside - sys.stdlib_module_names == {"boto3", "botocore"}
