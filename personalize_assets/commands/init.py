"""``personalize-assets init``."""

from __future__ import annotations

from pathlib import Path

import click

from personalize_assets.commands.options import ReportingCommand, exit_code_of_errors
from personalize_assets.new_project.samples import SAMPLES, SMALL


@click.command(cls=ReportingCommand)
@click.option(
    "--source", metavar="URI", help="Folder or s3://bucket/prefix of raw files: the config is written from them."
)
@click.option(
    "--sample",
    metavar="NAME",
    type=click.Choice(SAMPLES),
    help=f"Sample data and their config: {', '.join(SAMPLES)}.  [default: segment, without --source]",
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(source: str | None, sample: str | None, folder: Path) -> None:
    """Write a project into the folder DIR, by default this one.

    That is personalize.yaml, .env, .gitignore, and definitions.py and workspace.yaml for Dagster. If there is a
    personalize.yaml already, or a folder of the sample's name, nothing is written; of the other files, those that are
    there stay as they are, but .gitignore gets the lines that it lacks.
    """
    from personalize_assets.new_project.project import from_sample, from_source, next_steps

    if source and sample:
        raise click.UsageError("give --source or --sample, one of the two")
    with exit_code_of_errors():
        made = from_source(source, folder) if source else from_sample(sample or SAMPLES[0], folder)
    for note in made.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(f"Wrote {', '.join(made.written)} in {Path.cwd() if folder == Path() else folder}")
    for name in made.kept:
        click.echo(f"Kept {name}, which exists already")
    if not source and (sample or SAMPLES[0]) in SMALL:
        click.echo(
            "Note: the sample is too small for Personalize; `run` exports it and ends with exit code 3", err=True
        )
    click.echo("\nNext:")
    for line in next_steps(folder):
        click.echo(f"  {line}")
