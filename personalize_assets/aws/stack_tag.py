"""The tag of a stack of this package: it names the dataset group that the stack belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from personalize_assets.errors import PersonalizeAssetsError

TAG = "personalize-assets:dataset-group"
"""Its value is the dataset group's name. CloudFormation passes it on to what the stack makes."""


def default_stack(group: str) -> str:
    """The name of a dataset group's stack; the names of stacks have no underscores."""
    return f"personalize-assets-{group.replace('_', '-')}"


def check_tag(stack: str, tags: Mapping[str, str], group: str) -> None:
    """Raise ``PersonalizeAssetsError`` unless a stack with these tags is that of the dataset group."""
    owner = tags.get(TAG)
    if owner is None:
        raise PersonalizeAssetsError(
            f"Stack {stack!r} exists without the tag {TAG}, which each stack of personalize-assets has, so it is not "
            "changed; name another one with --stack, or, if an older version of personalize-assets made it, give it "
            f"the tag {TAG} = {group} in CloudFormation's console (Update, existing template) and deploy again"
        )
    if owner != group:
        raise PersonalizeAssetsError(
            f"Stack {stack!r} is that of the dataset group {owner!r} by its tag {TAG}, and this config is of "
            f"{group!r}, so it is not changed; name another one with --stack"
        )
