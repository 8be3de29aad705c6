"""Reads the parameters and resources out of a CloudFormation template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads ``!Ref``, ``!Sub`` and the like as the plain value behind them."""


def _without_tag(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _without_tag)


def parse(text: str) -> dict[str, Any]:
    """A template as plain values, its functions replaced by their arguments."""
    values: dict[str, Any] = yaml.load(text, _Loader)
    return values


@dataclass(frozen=True)
class Template:
    """A template, and what a plan needs of it.

    Attributes:
        text: As CloudFormation takes it.
        defaults: The parameters with their defaults, in the order of the template; None for a required one.
        resources: The type of each resource, by its logical name.
        conditional: Names of the resources that have a condition.
    """

    text: str
    defaults: Mapping[str, str | None]
    resources: Mapping[str, str]
    conditional: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Template:
        """Parse the text of a template."""
        values = parse(text)
        parameters, resources = values["Parameters"], values["Resources"]
        return cls(
            text,
            {name: str(about["Default"]) if "Default" in about else None for name, about in parameters.items()},
            {name: about["Type"] for name, about in resources.items()},
            frozenset(name for name, about in resources.items() if "Condition" in about),
        )
