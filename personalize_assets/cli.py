"""``personalize-assets``: commands, arguments and exit codes. What a command does is imported when it is called.

Exit codes: 0 done, 1 failed with the cause on stderr, 2 wrong arguments, 3 done with `checks: warn` though Personalize
would refuse the export, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from personalize_assets.commands.dev import dev
from personalize_assets.commands.init import init
from personalize_assets.commands.options import (
    Days,
    EngineName,
    Group,
    ReportingCommand,
    config_option,
    each_day,
    exit_code_of_errors,
    is_quiet,
)
from personalize_assets.commands.rejects import rejects
from personalize_assets.commands.validate import validate
from personalize_assets.conversion.dataset_types import DATASETS
from personalize_assets.conversion.process import begin_command
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, WHAT_TO_WRITE
from personalize_assets.layouts import layout as layout_of

_EXIT_RED = 3

# Of `personalize_assets.generate`, which is imported only when it is called.
_SHAPES = (
    "amplitude", "cloudwatch", "eventbridge", "firehose", "ga4", "kafka-connect", "mixpanel", "movielens", "mparticle",
    "pinpoint", "posthog", "redshift", "rudderstack", "segment", "shopify", "snowplow",
)  # fmt: skip
_FORMATS = ("json", "csv", "parquet")
_MODES = ("auto", "full", "incremental")  # of `config.imports`


def program() -> None:
    """The installed command: ``main`` in a process of its own."""
    begin_command()
    try:
        main()
    finally:
        # Python is about to end: an interrupt would change the exit code, and there is nothing left to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="personalize-assets")
def main() -> None:
    """Turn raw click events into the files Amazon Personalize trains on."""


for _command in (init, validate, rejects, dev):
    main.add_command(_command)


@main.command(cls=ReportingCommand)
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
    from personalize_assets.local_run.interrupts import watching_for_ctrl_c
    from personalize_assets.local_run.run import run_all

    env = {**os.environ, **({"PERSONALIZE_ENGINE": engine} if engine else {})}
    if max_days_per_run:
        env["PERSONALIZE__AUTOMATION__MAX_DAYS_PER_RUN"] = str(max_days_per_run)
    with exit_code_of_errors(), watching_for_ctrl_c() as was_pressed:
        try:
            loaded = load_config(config, env)
            is_accepted = run_all(loaded, each_day(days) if days else None, resume=resume, force=force)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) or was_pressed():
                click.echo("Stopped. What was current before is unchanged; run again to finish.", err=True)
                sys.exit(130)
            raise
    if not is_accepted:
        if is_quiet():
            click.echo("Personalize would refuse what is exported; `personalize-assets status` says why", err=True)
        sys.exit(_EXIT_RED)


@main.command()
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
        destination = DatasetGroup(load_config(config, os.environ)).destination
        wanted = {day.isoformat() for day in each_day(days)} if days else None
        states = destination.days.all() if wanted is None else destination.days.some(wanted)
        for key in current_files(states, dataset):
            click.echo(destination.uri_of(key))


@main.command(name="import", cls=ReportingCommand)
@config_option
@click.option("--datasets", metavar="A,B", help="Datasets to import.  [default: those of the config]")
@click.option("--mode", type=click.Choice(_MODES), help="How rows get there, instead of the config's.")
@click.option("--dry-run", is_flag=True, help="Only print what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is sent.")
def import_(config: Path | None, datasets: str | None, mode: str | None, dry_run: bool, yes: bool) -> None:
    """Import the current exports into Amazon Personalize.

    Makes the dataset group, schemas and datasets if they are missing, sends what Personalize lacks, and waits for it.
    """
    from personalize_assets.config import load_config
    from personalize_assets.engines import make_engine
    from personalize_assets.local_run.display import PlainDisplay
    from personalize_assets.local_run.imports import chosen_datasets, is_anything_to_do, plan_imports
    from personalize_assets.local_run.interrupts import watching_for_ctrl_c
    from personalize_assets.local_run.run import run_imports
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    env = {**os.environ, "PERSONALIZE__IMPORT__ON": "on", **({"PERSONALIZE__IMPORT__MODE": mode} if mode else {})}
    with exit_code_of_errors(), watching_for_ctrl_c() as was_pressed:
        try:
            loaded = load_config(config, env)
            group = DatasetGroup(loaded)
            names = chosen_datasets(group, [name.strip() for name in (datasets or "").split(",") if name.strip()])
            plans = plan_imports(group, names)
            if dry_run:
                click.echo("\nNothing was changed: this was a dry run.")
                return
            if is_anything_to_do(plans) and not _may_import(yes=yes):
                click.echo("Nothing was changed.")
                return
            run_imports(group, make_engine(loaded.engine, loaded), names, PlainDisplay())
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) or was_pressed():
                click.echo("Stopped waiting. Import jobs that have begun go on in AWS; import again to see.", err=True)
                sys.exit(130)
            raise


@main.command()
@config_option
@click.option(
    "--aws/--no-aws", default=None, help="Ask Personalize what it lacks.  [default: if the config's imports are on]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, whose keys are the same each time.")
def status(config: Path | None, aws: bool | None, as_json: bool) -> None:
    """Print what is converted, exported and imported, and the red checks; change nothing.

    Exits with 0, with 1 and the cause if something cannot be read or Personalize not be asked, or with 3 if Personalize
    would refuse what is there.
    """
    from personalize_assets.config import load_config
    from personalize_assets.local_run.status import gather
    from personalize_assets.local_run.status_lines import print_json, print_status
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
        sys.exit(_EXIT_RED)


@main.command(cls=ReportingCommand)
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
    from personalize_assets.local_run.interrupts import watching_for_ctrl_c
    from personalize_assets.pipeline.dataset_group import DatasetGroup

    with exit_code_of_errors(), watching_for_ctrl_c() as was_pressed:
        try:
            group = DatasetGroup(load_config(config, os.environ))
            found = plan(group, read_ids(user_ids))
            if dry_run:
                click.echo("\nNothing was changed: this was a dry run.")
                return
            if not _is_confirmed("Forget these users? What Personalize deletes cannot be brought back", yes=yes):
                click.echo("Nothing was changed.")
                return
            forget_and_report(group, found)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) or was_pressed():
                click.echo("Stopped waiting. A data deletion job that has begun goes on in AWS.", err=True)
                sys.exit(130)
            raise


def _is_confirmed(question: str, *, yes: bool) -> bool:
    """Ask a question; without an answer it is no."""
    try:
        return yes or click.confirm(f"\n{question}")
    except click.Abort:
        click.echo()
        return False


def _may_import(*, yes: bool) -> bool:
    """Ask before anything is sent; without an answer it is no."""
    try:
        return yes or click.confirm("\nImport? AWS bills what is sent by its size")
    except click.Abort:
        click.echo()
        return False


@main.command(cls=ReportingCommand)
@config_option
@click.option("--stack", help="Name of the CloudFormation stack.  [default: personalize-assets-<dataset group>]")
@click.option(
    "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="A parameter of glue/template.yaml."
)
@click.option("--dry-run", is_flag=True, help="Only print what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before an update that replaces or deletes resources.")
def deploy(config: Path | None, stack: str | None, parameters: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Put the Glue job and its roles into your AWS account, for the engine `glue`."""
    from personalize_assets.aws.stack_tag import default_stack
    from personalize_assets.config import load_config
    from personalize_assets.deploy import stack as deployment

    wrong = [parameter for parameter in parameters if "=" not in parameter]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} has no value; write it as NumberOfWorkers=5", param_hint="--parameter")
    env = {**os.environ, "PERSONALIZE_ENGINE": "glue"}
    with exit_code_of_errors():
        loaded = load_config(config, env)
        name = stack or default_stack(loaded.dataset_group.name)
        plan = deployment.plan(loaded, name, dict(p.split("=", 1) for p in parameters))
        for line in deployment.describe(plan):
            click.echo(line)
        if dry_run:
            click.echo("\nNothing was changed: this was a dry run.")
            return
        outputs = deployment.apply(plan, loaded.aws, lambda losses: _may_lose(losses, yes=yes))
    click.echo("\nDone.")
    for name, value in sorted(outputs.items()):
        click.echo(f"{name:<20} {value}")


def _may_lose(losses: Sequence[str], *, yes: bool) -> bool:
    """Print what an update replaces or deletes, and ask; without an answer it is no."""
    click.echo()
    for loss in losses:
        click.echo(loss)
    try:
        return yes or click.confirm("Replace or delete these?")
    except click.Abort:
        click.echo()
        return False


def _layout(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A layout as given. Raises ``click.BadParameter`` for what is none."""
    if value is None:
        return None
    try:
        return layout_of(value, date.min).name
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@main.command(cls=ReportingCommand)
@click.option("--layout", callback=_layout, help=f"How keys carry the arrival day: {WHAT_TO_WRITE}.")
@click.option(
    "--shape",
    type=click.Choice(_SHAPES),
    help="Instead of --layout: events and keys as this source stores them (docs/sources.md).",
)
@click.option(
    "--format",
    type=click.Choice(_FORMATS),
    help="Format of the files, with --layout.  [default: json]",
)
@click.option("--days", type=click.IntRange(min=1), default=7, help="Number of arrival days.")
@click.option("--users", type=click.IntRange(min=1), default=300, help="Number of people; events grow with it.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same bytes.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2026-10-01", help="First arrival day.")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def generate(
    layout: str | None,
    shape: str | None,
    format: str | None,
    days: int,
    users: int,
    seed: int,
    start: date,
    out: Path,
) -> None:
    """Write events like those of a real site into the folder OUT."""
    from personalize_assets.generate import generate as generate_events

    if (layout is None) == (shape is None):
        raise click.UsageError("give --layout or --shape, one of the two")
    if shape and format:
        raise click.UsageError(f"--shape {shape} has a format of its own; give --format with --layout")
    first_day = date(start.year, start.month, start.day)
    try:
        made = generate_events(
            out,
            layout=layout or "",
            shape=shape or "",
            format=format or "",
            days=days,
            users=users,
            seed=seed,
            start=first_day,
        )
    except ValueError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo(f"{made.events:,} events of {days} days in {made.files:,} files ({made.bytes:,} bytes) in {out}")
    if shape:
        click.echo(f"Its config is the recipe {shape} (docs/sources.md), with {out.absolute()} for its folder")
        return
    written = layout if layout in LAYOUTS else json.dumps(layout)
    parse = ", parse: [properties, traits]" if format == "csv" else ""
    click.echo(
        f"Name it in a config: source: {{uri: {out.absolute()}, layout: {written}, start_date: {first_day}{parse}}}"
    )


@main.command()
@click.option("--source", required=True, metavar="URI", help="Folder or s3://bucket/prefix of raw files.")
@click.option("--destination", metavar="URI", help="Folder or s3://bucket/prefix to write to.  [default: data/<name>]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: stdout]")
def suggest(source: str, destination: str | None, output: Path | None) -> None:
    """Read raw files and write a commented config that runs."""
    from personalize_assets.suggest import suggest_config

    with exit_code_of_errors():
        if output is not None and output.exists():
            raise PersonalizeAssetsError(f"{output} already exists; name a new file, or remove it first")
        found = suggest_config(source, destination, output.parent if output else None)
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)
    if output is None:
        click.echo(found.text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(found.text, encoding="utf-8")
        click.echo(f"Wrote {output}; read it, then: personalize-assets run --config {output}")


if __name__ == "__main__":
    main()
