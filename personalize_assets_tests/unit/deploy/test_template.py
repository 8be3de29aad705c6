"""What is read out of a CloudFormation template."""

from __future__ import annotations

from personalize_assets.deploy.template import Template, parse

TEXT = """
Parameters:
  Bucket: {Type: String}
  Workers: {Type: Number, Default: 3}
Resources:
  Job:
    Type: AWS::Glue::Job
    Properties: {Name: !Ref Bucket, Arn: !Sub "arn:${Bucket}", Either: !If [HasKey, a, !Ref "AWS::NoValue"]}
  Crawler:
    Type: AWS::Glue::Crawler
    Condition: HasCrawler
"""


def test_functions_are_replaced_by_their_arguments() -> None:
    assert parse(TEXT)["Resources"]["Job"]["Properties"] == {
        "Name": "Bucket",
        "Arn": "arn:${Bucket}",
        "Either": ["HasKey", "a", "AWS::NoValue"],
    }


def test_a_template_names_its_parameters_and_resources() -> None:
    assert Template.of(TEXT) == Template(
        TEXT,
        {"Bucket": None, "Workers": "3"},
        {"Job": "AWS::Glue::Job", "Crawler": "AWS::Glue::Crawler"},
        frozenset({"Crawler"}),
    )
