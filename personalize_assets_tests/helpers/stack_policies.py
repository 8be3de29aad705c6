"""The policies of `glue/template.yaml` in a stack with given parameters, as CloudFormation would put them together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from personalize_assets.engines.glue.bundle import template

STACK = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "personalize-assets-shop",
    "PersonalizeRole.Arn": "arn:aws:iam::123456789012:role/personalize",
    "DestinationBucketName": "events",
    "DestinationDataPrefix": "shop",
    "DatasetGroupName": "shop",
}
"""The stack of the dataset group ``shop``, as docs/how-to/personalize.md has it."""

_NOTHING = object()


class _Functions(yaml.SafeLoader):
    """Reads ``!Ref name`` as ``{"!Ref": "name"}``, and other functions likewise."""


def _function(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {f"!{tag}": loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {f"!{tag}": loader.construct_sequence(node, deep=True)}


_Functions.add_multi_constructor("!", _function)


def policy_of(resource: str, values: Mapping[str, str] = STACK) -> list[dict[str, Any]]:
    """The statements of a resource of the template; a condition holds if a parameter it is about has a value."""
    read = yaml.load(template(), _Functions)
    return list(_statements(_resolved(read["Resources"][resource]["Properties"], values)))


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value and value.get("Action") != "sts:AssumeRole":
            yield value
        else:
            for child in value.values():
                yield from _statements(child)
    elif isinstance(value, list):
        for child in value:
            yield from _statements(child)


def _resolved(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        found = [_resolved(child, values) for child in value]
        return [child for child in found if child is not _NOTHING]
    if not isinstance(value, dict):
        return value
    match next(iter(value.items()), ("", None)):
        case ("!Ref", name):
            return values.get(name, _NOTHING)
        case ("!GetAtt", name):
            return values.get(name, name)
        case ("!Sub", text):
            return re.sub(r"\$\{([\w:]+)\}", lambda found: values.get(found[1], found[0]), text)
        case ("!If", [condition, then, otherwise]):
            return _resolved(then if values.get(_ABOUT.get(condition, "")) else otherwise, values)
    return {key: _resolved(child, values) for key, child in value.items()}


_ABOUT = {"HasGroup": "DatasetGroupName", "HasCutNames": "CutNames", "HasKey": "KmsKeyArn"}
