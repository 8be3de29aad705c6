"""``personalize-assets rejects``."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import click

from personalize_assets.commands.options import (
    Command,
    Days,
    check_dataset,
    config_option,
    each_day,
    exit_code_of_errors,
)
from personalize_assets.conversion.dataset_types import DATASETS


@click.command(cls=Command)
@config_option
@click.option("--day", "days", type=Days(), help="Arrival day, or a range of days.  [default: all]")
@click.option("--reason", help="One reason, as missing:USER_ID, or all of a kind, as missing.  [default: all]")
@click.option(
    "--dataset",
    type=click.Choice(DATASETS),
    help="Its rows alone, without events that could not be read.  [default: all]",
)
@click.option("--limit", type=click.IntRange(min=0), default=3, help="Samples of each reason and dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, whose keys are the same each time.")
def rejects(
    config: Path | None,
    days: tuple[date, date] | None,
    reason: str | None,
    dataset: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print what could not be used: counts by reason and dataset, and samples of the newest days.

    Values that the config masks are masked in the samples.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.printed_json import print_json
    from personalize_assets.local_run.rejects_lines import print_rejects
    from personalize_assets.pipeline.dataset_group import DatasetGroup
    from personalize_assets.pipeline.reject_reasons import why_no_reason
    from personalize_assets.pipeline.rejects import Filter, find_rejects

    with exit_code_of_errors():
        group = DatasetGroup(load_config(config, os.environ))
        check_dataset(dataset, group)
        wanted = None if days is None else tuple(map(str, each_day(days)))
        found = find_rejects(group, Filter(wanted, reason, dataset), limit)
        # Rejects of older days may have reasons of columns that are no longer in the config.
        if reason and not found.total and (problem := why_no_reason(group, reason)):
            raise click.BadParameter(problem, param_hint="--reason")
        if as_json:
            print_json(found)
        else:
            print_rejects(found)
