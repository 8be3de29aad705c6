"""``personalize-assets run`` and ``personalize-assets files``."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import click

from personalize_assets.commands.options import (
    REFUSED,
    Command,
    Days,
    EngineName,
    ReportingCommand,
    check_dataset,
    command_display,
    config_option,
    each_day,
    exit_code_of_errors,
    is_quiet,
    stoppable,
)
from personalize_assets.conversion.dataset_types import DATASETS


@click.command(cls=ReportingCommand)
@config_option
@click.option("--engine", type=EngineName(), help="Engine to run on, instead of the one in the config.")
@click.option("--days", type=Days(), help="Arrival days to convert.  [default: every day that has raw files]")
@click.option("--resume", is_flag=True, help="Leave out days that are already converted, as after a failure.")
@click.option("--force", is_flag=True, help="Run every stage, even if nothing is new since the last run.")
@click.option(
    "--max-days-per-run", type=click.IntRange(min=1), help="Days that one Spark run converts, instead of the config's."
)
def run(
    config: Path | None,
    engine: str | None,
    days: tuple[date, date] | None,
    resume: bool,
    force: bool,
    max_days_per_run: int | None,
) -> None:
    """Run everything, without the UI.

    Exits with 0, with 1 and the cause, or with 3 if `checks: warn` exported what Personalize would refuse.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.run import run_all

    env = {**os.environ, **({"PERSONALIZE_ENGINE": engine} if engine else {})}
    if max_days_per_run:
        env["PERSONALIZE__AUTOMATION__MAX_DAYS_PER_RUN"] = str(max_days_per_run)
    with stoppable("Stopped. What was current before is unchanged; run again to finish."):
        loaded = load_config(config, env)
        of_days = each_day(days) if days else None
        is_accepted = run_all(loaded, of_days, resume=resume, force=force, display=command_display())
    if not is_accepted:
        if is_quiet():
            click.echo("Personalize would refuse what is exported; `personalize-assets status` says why", err=True)
        sys.exit(REFUSED)


@click.command(cls=Command)
@config_option
@click.option("--days", type=Days(), help="Arrival days.  [default: all]")
@click.argument("dataset", type=click.Choice([*DATASETS, "rejects"]))
def files(config: Path | None, days: tuple[date, date] | None, dataset: str) -> None:
    """Print the current daily files of DATASET, a path or URI a line.

    The folders hold files of replaced days, too, for `destination.retention_hours`.
    """
    from personalize_assets.config import load_config
    from personalize_assets.pipeline.dataset_group import DatasetGroup
    from personalize_assets.storage.days import current_files

    with exit_code_of_errors():
        group = DatasetGroup(load_config(config, os.environ))
        check_dataset(dataset, group)
        destination = group.destination
        wanted = {day.isoformat() for day in each_day(days)} if days else None
        states = destination.days.all() if wanted is None else destination.days.some(wanted)
        for key in current_files(states, dataset):
            click.echo(destination.uri_of(key))
