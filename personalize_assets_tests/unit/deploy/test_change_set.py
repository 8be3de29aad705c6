"""Which changes of a stack lose something, from CloudFormation's answers; it is not called."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import WaiterError

from personalize_assets.deploy.change_set import ChangeSet, discard, execute, executed_or_discarded, loss_of, propose
from personalize_assets.errors import PersonalizeAssetsError

JOB = {"LogicalResourceId": "Job", "ResourceType": "AWS::Glue::Job", "PhysicalResourceId": "old-job"}
REQUEST = {"StackName": "shop", "TemplateBody": "{}"}


class CloudFormation:
    """Answers with change sets of these pages, or with one that failed for a reason."""

    def __init__(self, *pages: list[dict[str, Any]], failed: str = "") -> None:
        self.pages, self.failed = pages, failed
        self.calls: list[tuple[str, Any]] = []

    def create_change_set(self, **request: Any) -> dict[str, str]:
        self.calls.append(("create", {**request, "ChangeSetName": request["ChangeSetName"][:19]}))
        return {"Id": "arn:1"}

    def get_waiter(self, name: str) -> CloudFormation:
        assert name == "change_set_create_complete"
        return self

    def wait(self, **_: Any) -> None:
        if self.failed:
            raise WaiterError("ChangeSetCreateComplete", "it failed", {})

    def get_paginator(self, name: str) -> CloudFormation:
        assert name == "describe_change_set"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Changes": [{"Type": "Resource", "ResourceChange": change} for change in page]} for page in self.pages]

    def describe_change_set(self, **_: Any) -> dict[str, str]:
        return {"Status": "FAILED", "StatusReason": self.failed}

    def delete_change_set(self, **request: str) -> None:
        self.calls.append(("delete", request["ChangeSetName"]))

    def execute_change_set(self, **request: str) -> None:
        self.calls.append(("execute", request["ChangeSetName"]))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Action": "Add"}, None),
        ({"Action": "Import"}, None),
        ({"Action": "Modify", "Replacement": "False"}, None),
        ({"Action": "Modify"}, None),
        ({"Action": "Modify", "Replacement": "True"}, "Replace    Job: AWS::Glue::Job old-job"),
        ({"Action": "Modify", "Replacement": "Conditional"}, "Replace    Job: AWS::Glue::Job old-job  (perhaps)"),
        ({"Action": "Remove"}, "Delete     Job: AWS::Glue::Job old-job"),
        ({"Action": "Remove", "PolicyAction": "Delete"}, "Delete     Job: AWS::Glue::Job old-job"),
        (
            {"Action": "Remove", "PolicyAction": "Retain"},
            "Delete     Job: AWS::Glue::Job old-job  (leaves the stack and stays)",
        ),
        ({"Action": "Dynamic"}, "Dynamic    Job: AWS::Glue::Job old-job"),
    ],
)
def test_a_change_that_replaces_or_deletes_is_a_loss(change: dict[str, str], expected: str | None) -> None:
    assert loss_of({**JOB, **change}) == expected


def test_a_resource_without_a_name_of_its_own_is_named_by_the_template() -> None:
    assert loss_of({"LogicalResourceId": "A", "ResourceType": "B", "Action": "Remove"}) == "Delete     A: B"


def test_an_update_is_proposed_with_the_losses_of_all_pages() -> None:
    cloudformation = CloudFormation(
        [{**JOB, "Action": "Add"}, {**JOB, "Action": "Remove"}], [{**JOB, "Action": "Remove"}]
    )

    found = propose(cloudformation, REQUEST)

    assert found == ChangeSet("arn:1", 3, ("Delete     Job: AWS::Glue::Job old-job",) * 2)
    assert cloudformation.calls == [
        ("create", {**REQUEST, "ChangeSetName": "personalize-assets-", "ChangeSetType": "UPDATE"})
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_an_update_that_changes_nothing_is_none_and_leaves_no_change_set(reason: str) -> None:
    cloudformation = CloudFormation(failed=reason)

    assert propose(cloudformation, REQUEST) is None
    assert cloudformation.calls[1:] == [("delete", "arn:1")]


def test_an_update_that_cannot_be_computed_says_why_and_leaves_no_change_set() -> None:
    cloudformation = CloudFormation(failed="Parameters: [A] must have values")

    with pytest.raises(PersonalizeAssetsError) as error:
        propose(cloudformation, REQUEST)

    assert str(error.value) == (
        "Stack 'shop' was not changed: CloudFormation cannot compute the update: Parameters: [A] must have values"
    )
    assert cloudformation.calls[1:] == [("delete", "arn:1")]


def test_a_change_set_is_executed_or_discarded_by_its_arn() -> None:
    cloudformation = CloudFormation()

    execute(cloudformation, ChangeSet("arn:1", 1, ()))
    discard(cloudformation, "arn:2")

    assert cloudformation.calls == [("execute", "arn:1"), ("delete", "arn:2")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, PersonalizeAssetsError])
def test_what_ends_before_the_update_is_executed_leaves_no_change_set(error: type[BaseException]) -> None:
    cloudformation = CloudFormation()

    with pytest.raises(error), executed_or_discarded(cloudformation, ChangeSet("arn:1", 1, ())):
        raise error

    assert cloudformation.calls == [("delete", "arn:1")]


def test_an_update_that_was_begun_is_not_discarded_by_its_failure() -> None:
    cloudformation = CloudFormation()
    update = ChangeSet("arn:1", 1, ())

    def begin_and_fail() -> None:
        with executed_or_discarded(cloudformation, update):
            execute(cloudformation, update)
            raise PersonalizeAssetsError("no right")

    with pytest.raises(PersonalizeAssetsError):
        begin_and_fail()

    assert cloudformation.calls == [("execute", "arn:1")]
