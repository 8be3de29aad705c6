"""``personalize-assets validate``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from personalize_assets.commands.options import Command, config_option, exit_code_of_errors


@click.command(cls=Command)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, whose keys are the same each time.")
def validate(config: Path | None, as_json: bool) -> None:
    """Load the config and look at the beginnings of raw files; write nothing.

    Prints how many files each day has, which keys do not fit the layout, and of a sample of events how many match each
    dataset, and which rows would be rejected and values dropped. Exits with 0, or with 1 if the config is wrong, or
    nothing would come out, or no interaction. Users, items or actions without a row are a warning.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.printed_json import print_json
    from personalize_assets.local_run.source_look import look_at_source
    from personalize_assets.local_run.source_look_lines import error_line, print_look
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    with exit_code_of_errors():
        found = look_at_source(DatasetGroup(load_config(config, os.environ)))
        if as_json:
            print_json(found)
        else:
            print_look(found)
    if not found.gives_rows:
        click.echo(f"Error: {error_line(found)}", err=True)
        sys.exit(1)
