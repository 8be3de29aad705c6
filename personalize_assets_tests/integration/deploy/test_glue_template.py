"""The template `glue/template.yaml`: what it allows, and that docs/glue.md describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cfnlint.api import ManualArgs, lint

from personalize_assets.deploy.template import parse
from personalize_assets.engines.glue.bundle import GLUE_VERSIONS, template
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


def test_no_statement_allows_every_resource_but_the_one_action_that_aws_knows_no_resources_for() -> None:
    starred = [
        (texts(each["Action"]), each.get("Condition"))
        for _, each in statements()
        if "*" in texts(each.get("Resource", []))
    ]

    assert starred == [(["cloudwatch:PutMetricData"], {"StringEquals": {"cloudwatch:namespace": "Glue"}})]


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
    page = (REPO / "docs" / "glue.md").read_text()
    rows = re.findall(r"^\| `([A-Z]\w+)` \| `?([^|`]+?)`? \|", page, re.MULTILINE)

    assert len(rows) >= 6
    assert dict(rows) == {name: str(TEMPLATE["Parameters"][name]["Default"]) for name, _ in rows}
    named = set(re.findall(r"--parameter (\w+)=|`(\w+)=(?:true|false)`", page))
    assert {one for pair in named for one in pair if one} <= set(TEMPLATE["Parameters"])


def test_the_page_names_every_action_that_is_granted() -> None:
    page = (REPO / "docs" / "glue.md").read_text()
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
