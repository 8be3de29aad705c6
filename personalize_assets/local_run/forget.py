"""``personalize-assets forget``: which users, what would be done with them, and what was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from personalize_assets.conversion import waiting
from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.forgetting import ForgetPlan, forget, plan_forgetting
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.storage.suppress_list import ids_of_file


def read_ids(file: Path) -> UserIds:
    """The ids of a local file: a CSV with USER_ID, or one id a line. Raises ``PersonalizeAssetsError``."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise PersonalizeAssetsError(f"--user-ids {file}: cannot be read: {error.strerror}") from None
    return ids_of_file(data, f"--user-ids {file}")


def plan(group: DatasetGroup, ids: UserIds) -> ForgetPlan:
    """What would be done, printed as lines; nothing is changed."""
    found = plan_forgetting(group, ids)
    click.echo(f"{found.file}: {found.new:,} of {len(found.ids):,} ids are new, and are added")
    if found.api is None:
        click.echo(f"Personalize: nothing to delete: {found.why_not}")
    else:
        place = found.api.place
        click.echo(
            f"Personalize: the data of these users are deleted from dataset group {group.config.dataset_group.name} in "
            f"{place.region}, account {place.account}, with the role {found.api.role}"
        )
    return found


def forget_and_report(group: DatasetGroup, found: ForgetPlan, log: Callable[[str], None] = waiting.report) -> None:
    """Do it, and print what is left to do."""
    job = forget(group, found, Polling(log))
    if job is not None:
        records = "" if job.deleted is None else f", {job.deleted:,} records"
        click.echo(f"Deleted from Personalize: data deletion job {job.name} is {job.status}{records}")
    click.echo(
        "Now export (`personalize-assets run`), import that, and train again: models know deleted users until then"
    )
