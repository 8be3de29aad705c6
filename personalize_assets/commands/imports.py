"""``personalize-assets import``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from personalize_assets.commands.options import (
    ReportingCommand,
    command_display,
    config_option,
    is_confirmed,
    stoppable,
)

_MODES = ("auto", "full", "incremental")
"""Of ``config.imports``, which takes a while to import."""


@click.command(name="import", cls=ReportingCommand)
@config_option
@click.option("--datasets", metavar="A,B", help="Datasets to import.  [default: those of the config]")
@click.option("--mode", type=click.Choice(_MODES), help="How rows get there, instead of the config's.")
@click.option("--again", is_flag=True, help="Send all rows, also if Personalize holds them by its jobs.")
@click.option("--dry-run", is_flag=True, help="Only print what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is sent.")
def import_(config: Path | None, datasets: str | None, mode: str | None, again: bool, dry_run: bool, yes: bool) -> None:
    """Import the current exports into Amazon Personalize.

    Makes the dataset group, schemas and datasets if they are missing, sends what Personalize lacks, and waits for it.
    """
    from personalize_assets.config import load_config
    from personalize_assets.engines import make_engine
    from personalize_assets.local_run.imports import chosen_datasets, is_anything_to_do, plan_imports
    from personalize_assets.local_run.run import run_imports
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    env = {**os.environ, "PERSONALIZE__IMPORT__ON": "on", **({"PERSONALIZE__IMPORT__MODE": mode} if mode else {})}
    with stoppable("Stopped waiting. Import jobs that have begun go on in AWS; import again to see."):
        loaded = load_config(config, env)
        group = DatasetGroup(loaded)
        names = chosen_datasets(group, [name.strip() for name in (datasets or "").split(",") if name.strip()])
        plans = plan_imports(group, names, again=again)
        if dry_run:
            click.echo("\nNothing was changed: this was a dry run.")
            return
        if is_anything_to_do(plans) and not is_confirmed("\nImport? AWS bills what is sent by its size", yes=yes):
            click.echo("Nothing was changed.")
            return
        run_imports(group, make_engine(loaded.engine, loaded), names, command_display(), again=again)
