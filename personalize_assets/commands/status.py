"""``personalize-assets status``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from personalize_assets.commands.options import REFUSED, Command, config_option, exit_code_of_errors
from personalize_assets.errors import PersonalizeAssetsError


@click.command(cls=Command)
@config_option
@click.option(
    "--aws/--no-aws", default=None, help="Ask Personalize what it lacks.  [default: if the config's imports are on]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, whose keys are the same each time.")
def status(config: Path | None, aws: bool | None, as_json: bool) -> None:
    """Print what is converted, exported and imported, and the red checks; change nothing.

    Exits with 0, with 1 and the cause if something cannot be read or Personalize not be asked, or with 3 if Personalize
    would refuse what is there or has refused what is newer.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.printed_json import print_json
    from personalize_assets.local_run.status import gather
    from personalize_assets.local_run.status_lines import print_status
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    with exit_code_of_errors():
        group = DatasetGroup(load_config(config, os.environ))
        found = gather(group, asks=group.config.import_.on if aws is None else aws)
        if as_json:
            print_json(found.status)
        else:
            print_status(found)
        if found.status.errors:
            raise PersonalizeAssetsError("; ".join(found.status.errors))
    if not found.status.is_accepted:
        sys.exit(REFUSED)
