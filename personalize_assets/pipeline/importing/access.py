"""The Personalize of a config: as which role it reads the exports, and which datasets are imported."""

from __future__ import annotations

from personalize_assets.aws.personalize import Personalize
from personalize_assets.aws.stack_outputs import stack_outputs
from personalize_assets.aws.stack_tag import default_stack
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup

_ROLE_OUTPUT = "PersonalizeRoleArn"


def imported_datasets(group: DatasetGroup) -> tuple[str, ...]:
    """The datasets that are imported, in the order of the config."""
    wanted = group.config.import_.datasets
    return tuple(name for name in group.datasets if not wanted or name in wanted)


def open_personalize(group: DatasetGroup) -> Personalize:
    """Personalize as the config reaches it; only the role is looked up, if the config names none.

    Raises ``PersonalizeAssetsError`` if the destination is a folder, or if there is no role.
    """
    config = group.config
    if not group.destination.uri.startswith("s3://"):
        raise PersonalizeAssetsError(
            f"the destination is the folder {group.destination.uri}, and Personalize imports from S3 alone; write "
            "destination.uri: s3://bucket/prefix, and run again"
        )
    return Personalize(config.aws, config.import_.role or _role_of_stack(group), config.import_.tags)


def _role_of_stack(group: DatasetGroup) -> str:
    name = group.config.dataset_group.name
    role = stack_outputs(group.config.aws, name).get(_ROLE_OUTPUT)
    if role is None:
        raise PersonalizeAssetsError(
            f"no role with which Personalize may read {group.destination.uri}: import.role is not set, and there is no "
            f"stack {default_stack(name)!r} with one; write the role's ARN as import.role, or make it with "
            "`personalize-assets deploy` (docs/how-to/personalize.md)"
        )
    return role
