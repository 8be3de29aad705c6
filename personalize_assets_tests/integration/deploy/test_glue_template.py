"""The template `glue/template.yaml`: what it allows, and that docs/how-to/glue.md describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.api import ManualArgs, lint

from personalize_assets.aws.personalize import Place
from personalize_assets.deploy.template import parse
from personalize_assets.engines.glue.bundle import GLUE_VERSIONS, template
from personalize_assets.pipeline.importing.job_names import (
    JobContent,
    comparison_name,
    cut_names,
    job_name,
    schema_name,
)
from personalize_assets_tests.helpers.samples import REPO

TEMPLATE = parse(template())


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy in the template, with the resource it stands in."""

    def within(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(value, dict):
            if "Effect" in value:
                yield name, value
            for child in value.values():
                yield from within(name, child)
        elif isinstance(value, list):
            for child in value:
                yield from within(name, child)

    for name, resource in TEMPLATE["Resources"].items():
        yield from within(name, resource)


def texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [text for child in value or () for text in texts(child)]


def test_the_template_is_clean_to_cfn_lint() -> None:
    assert [str(match) for match in lint(template(), config=ManualArgs(regions=["eu-central-1", "us-east-1"]))] == []


def test_no_statement_allows_an_action_by_a_star() -> None:
    found = list(statements())

    assert len(found) > 20
    assert [(name, action) for name, each in found for action in texts(each["Action"]) if "*" in action] == []


def test_no_statement_allows_every_resource_but_those_of_actions_that_aws_knows_no_resources_for() -> None:
    starred = [
        (texts(each["Action"]), each.get("Condition"))
        for _, each in statements()
        if "*" in texts(each.get("Resource", []))
    ]

    assert starred == [
        (["cloudwatch:PutMetricData"], {"StringEquals": {"cloudwatch:namespace": "Glue"}}),
        (["personalize:ListDatasetImportJobs", "personalize:ListDataDeletionJobs", "personalize:ListSolutions"], None),
    ]
    # cfn-lint has the tables of the Service Authorization Reference.
    assert [action for action in starred[1][0] if resource_types(action)] == []


def resource_types(action: str) -> list[str]:
    """The types of resources that an action can be restricted to."""
    service, _, name = action.lower().partition(":")
    policies = json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text())
    found: list[str] = policies[service]["Actions"][name].get("Resources", [])
    return found


def in_the_stack(text: str, **parameters: str) -> str:
    """A text of the template in a stack with these parameters."""
    values = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012", **parameters}
    return re.sub(r"\$\{([\w:]+)\}", lambda found: values.get(found[1], found[0]), text)


def may_of_personalize(group: str) -> list[str]:
    """The resources of Personalize that Dagster may use with a group's stack."""
    [statement] = [each for name, each in statements() if each.get("Sid") == "ImportIntoPersonalize"]
    parameters = {"DatasetGroupName": group, **({"CutNames": cut_names(group)} if cut_names(group) else {})}
    found = [in_the_stack(text, **parameters) for text in texts(statement["Resource"])]
    return [resource for resource in found if resource.startswith("arn:") and "$" not in resource]


@pytest.mark.parametrize("group", ["shop", "a" * 12, "a" * 13, "retail-demo-store-production", "g" * 63])
@pytest.mark.parametrize("dataset", ["interactions", "users", "items", "actions", "action_interactions"])
def test_dagster_may_use_all_that_an_import_makes_of_its_group(group: str, dataset: str) -> None:
    may, place = may_of_personalize(group), Place("aws", "eu-central-1", "123456789012")
    content = JobContent("0" * 12, "f" * 12)

    wanted = [
        place.arn("dataset-group", group),
        place.dataset_arn(group, dataset),
        place.arn("schema", schema_name(group, dataset, {"fields": []})),
        place.arn("dataset-import-job", job_name(group, dataset, content, 12)),
        place.arn("dataset-export-job", comparison_name(group, dataset, "f" * 12)),
    ]

    assert [arn for arn in wanted if not any(fnmatchcase(arn, pattern) for pattern in may)] == []


def test_dagster_may_use_nothing_of_another_group() -> None:
    may, place = may_of_personalize("retail-demo-store-production"), Place("aws", "eu-central-1", "123456789012")
    other = "retail-demo-store-test"
    wanted = [
        place.arn("dataset-group", other),
        place.dataset_arn(other, "users"),
        place.arn("schema", schema_name(other, "users", {"fields": []})),
        place.arn("dataset-import-job", job_name(other, "interactions", JobContent("", "f" * 12))),
    ]

    assert [arn for arn in wanted if any(fnmatchcase(arn, pattern) for pattern in may)] == []


def test_dagster_may_give_the_one_role_to_personalize_alone() -> None:
    [passed] = [each for _, each in statements() if texts(each["Action"]) == ["iam:PassRole"]]

    assert passed["Resource"] == "PersonalizeRole.Arn"
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}


def test_personalize_writes_nowhere_but_what_is_compared() -> None:
    found = [
        (name, text)
        for name, each in statements()
        if name in ("PersonalizeRole", "BucketPolicy") and "s3:PutObject" in texts(each["Action"])
        for text in texts(each["Resource"])
    ]

    objects = "arn:${AWS::Partition}:s3:::${DestinationBucketName}/${DestinationDataPrefix}/_compared/*"
    assert found == [("BucketPolicy", objects), ("PersonalizeRole", objects)]


def test_the_policy_fits_into_what_iam_takes() -> None:
    policy = TEMPLATE["Resources"]["DagsterPolicy"]["Properties"]["PolicyDocument"]
    longest = dict.fromkeys(("DatasetGroupName", "CutNames", "JobName", "DestinationBucketName"), "x" * 63)

    # IAM quotas: 6,144 characters of a managed policy, without white space.
    assert len(in_the_stack(json.dumps(policy, separators=(",", ":")), **longest)) < 6_144


def test_services_may_take_the_roles_for_this_account_alone() -> None:
    conditions = {
        name: each.get("Condition") for name, each in statements() if texts(each["Action"]) == ["sts:AssumeRole"]
    }

    own = {"aws:SourceAccount": "AWS::AccountId"}
    assert conditions == {
        "JobRole": {"StringEqualsIfExists": own},
        "PersonalizeRole": {"StringEquals": own},
        "CrawlerRole": {"StringEqualsIfExists": own},
    }


def test_only_services_may_take_the_roles() -> None:
    trusted = {
        name: each["Principal"]["Service"] for name, each in statements() if texts(each["Action"]) == ["sts:AssumeRole"]
    }

    assert trusted == {
        "JobRole": "glue.amazonaws.com",
        "PersonalizeRole": "personalize.amazonaws.com",
        "CrawlerRole": "glue.amazonaws.com",
    }


def test_the_old_samples_parameters_are_there_under_their_names() -> None:
    old = {"SourceBucketName", "SourceDataPrefix", "DestinationBucketName", "DestinationDataPrefix"}

    assert old <= set(TEMPLATE["Parameters"])


def test_the_template_agrees_with_the_package() -> None:
    parameters = TEMPLATE["Parameters"]

    assert {*parameters["GlueVersion"]["AllowedValues"], "auto"} == set(GLUE_VERSIONS)
    assert len(template().encode()) < 51_200, "CloudFormation takes no larger one in a call"


def test_the_modules_that_glue_installs_are_those_this_is_tested_with() -> None:
    pinned = (REPO / "constraints.txt").read_text().splitlines()
    modules = TEMPLATE["Parameters"]["AdditionalPythonModules"]["Default"].split(",")

    assert [module for module in modules if module not in pinned] == []
    assert [module.partition("==")[0] for module in modules] == [
        "backports.zstd",
        "cramjam",
        "dagster-pipes",
        "fastavro",
        "isal",
        "lz4",
        "msgspec",
        "obstore",
    ]


def test_the_page_names_parameters_and_defaults_as_the_template_has_them() -> None:
    page = (REPO / "docs/how-to/glue.md").read_text()
    rows = re.findall(r"^\| `([A-Z]\w+)` \| `?([^|`]+?)`? \|", page, re.MULTILINE)

    assert len(rows) >= 6
    assert dict(rows) == {name: str(TEMPLATE["Parameters"][name]["Default"]) for name, _ in rows}
    named = set(re.findall(r"--parameter (\w+)=|`([A-Z][a-z]\w+)=(?:true|false)`", page))
    assert {one for pair in named for one in pair if one} <= set(TEMPLATE["Parameters"])


def test_the_page_names_every_action_that_is_granted() -> None:
    page = (REPO / "docs/how-to/glue.md").read_text()
    granted = {
        action
        for name, each in statements()
        for action in texts(each["Action"])
        if name != "CrawlerRole" and not action.startswith("sts:")
    }

    assert sorted(action for action in granted if action.partition(":")[2] not in page) == [
        "glue:GetCrawler",
        "glue:StartCrawler",
    ]
