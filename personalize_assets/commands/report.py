"""``personalize-assets report``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from personalize_assets.commands.options import Command, config_option, exit_code_of_errors


@click.command(cls=Command)
@config_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write instead.  [default: report.html in the destination]",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print what it says as one JSON object, and write nothing.")
def report(config: Path | None, output: Path | None, opens: bool, as_json: bool) -> None:
    """Write what the destination has as one HTML page, and print its path.

    Numbers, charts, checks, rejects with samples, dropped values, columns, and the most frequent items and users, who
    are not named. The page needs no network. No raw file and no CSV is read.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.printed_json import print_json
    from personalize_assets.local_run.summary import short_path
    from personalize_assets.pipeline.dataset_group import DatasetGroup
    from personalize_assets.report.gathering import gather_report
    from personalize_assets.report.writing import write_report, write_report_to

    if as_json and (output is not None or opens):
        raise click.UsageError("--json prints and writes no file: leave out --output and --open, or --json")
    with exit_code_of_errors():
        group = DatasetGroup(load_config(config, os.environ))
        if as_json:
            print_json(gather_report(group))
            return
        if opens and output is None and group.destination.uri.startswith("s3://"):
            raise click.UsageError(
                f"--open needs a file of this machine, and the report is in {group.destination.uri}; give --output FILE"
            )
        written = write_report(group) if output is None else write_report_to(group, output)
    click.echo(short_path(written))
    if opens:
        click.launch(written)
