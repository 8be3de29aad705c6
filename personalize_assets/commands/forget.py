"""``personalize-assets forget``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from personalize_assets.commands.options import ReportingCommand, config_option, is_confirmed, stoppable

_QUESTION = "\nForget these users? What Personalize deletes cannot be brought back"


@click.command(cls=ReportingCommand)
@config_option
@click.option(
    "--user-ids",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The users: a CSV with the column USER_ID, or one id a line.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before data are deleted.")
def forget(config: Path | None, user_ids: Path, dry_run: bool, yes: bool) -> None:
    """Keep users out of all later exports, and delete their data from Amazon Personalize.

    Adds them to the list that the config names as `suppress`, and waits for a data deletion job of the dataset group.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.forget import forget_and_report, plan, read_ids
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    with stoppable("Stopped waiting. A data deletion job that has begun goes on in AWS."):
        group = DatasetGroup(load_config(config, os.environ))
        found = plan(group, read_ids(user_ids))
        if dry_run:
            click.echo("\nNothing was changed: this was a dry run.")
            return
        if not is_confirmed(_QUESTION, yes=yes):
            click.echo("Nothing was changed.")
            return
        forget_and_report(group, found)
