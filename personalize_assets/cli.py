"""``personalize-assets``: the pipeline from the command line, and events to try it on."""

from __future__ import annotations

import os
import sys
from datetime import date, timedelta
from pathlib import Path

import click

from personalize_assets.conversion.process import collect_seldom
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS


def program() -> None:
    """The command as it is installed: ``main`` in a process of its own."""
    collect_seldom()
    main()


class Days(click.ParamType[tuple[date, date]]):
    """``2026-10-01..2026-10-07``, both included, or one day."""

    name = "A..B"

    def convert(
        self, value: str | tuple[date, date], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date, date]:
        if isinstance(value, tuple):
            return value
        first, _, last = value.partition("..")
        try:
            days = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"{value!r} is not a range of days; write it as 2026-10-01..2026-10-07", param, ctx)
        if days[0] > days[1]:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return days


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="personalize-assets")
def main() -> None:
    """Raw click events to the files Amazon Personalize trains on."""


@main.command()
@click.option(
    "--config", type=click.Path(path_type=Path), help="Config file.  [default: $PERSONALIZE_CONFIG, else the sample]"
)
@click.option("--engine", help="Engine to run on, instead of the config's.")
@click.option("--days", type=Days(), help="Arrival days to convert.  [default: every day that has raw files]")
@click.option("--resume", is_flag=True, help="Leave out days that are converted already, as after a failure.")
@click.option(
    "--max-days-per-run", type=click.IntRange(min=1), help="Days that one Spark run converts, instead of the config's."
)
def run(
    config: Path | None,
    engine: str | None,
    days: tuple[date, date] | None,
    resume: bool,
    max_days_per_run: int | None,
) -> None:
    """Run everything, without the UI. Exit code 0, or 1 with the cause."""
    from personalize_assets.config import load_config
    from personalize_assets.local_run.interrupts import watching_for_ctrl_c
    from personalize_assets.local_run.run import run_all

    env = {**os.environ, **({"PERSONALIZE_ENGINE": engine} if engine else {})}
    if max_days_per_run:
        env["PERSONALIZE__AUTOMATION__MAX_DAYS_PER_RUN"] = str(max_days_per_run)
    with watching_for_ctrl_c() as stopped_by_user:
        try:
            run_all(load_config(config, env), _each_day(days) if days else None, resume=resume)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) or stopped_by_user():
                click.echo("Stopped. Whatever was in force before still is; run again to finish.", err=True)
                sys.exit(130)
            if not isinstance(error, PersonalizeAssetsError):
                raise
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)


def _each_day(days: tuple[date, date]) -> list[date]:
    first, last = days
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@main.command()
@click.option(
    "--config", type=click.Path(path_type=Path), help="Config file.  [default: $PERSONALIZE_CONFIG, else the sample]"
)
@click.option("--stack", default="personalize-assets", help="Name of the CloudFormation stack.")
@click.option(
    "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="A parameter of glue/template.yaml."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done; changes nothing.")
def deploy(config: Path | None, stack: str, parameters: tuple[str, ...], dry_run: bool) -> None:
    """Put the Glue job and its roles into your AWS account, for the engine `glue`."""
    from personalize_assets.config import load_config
    from personalize_assets.deploy import stack as deployment

    wrong = [parameter for parameter in parameters if "=" not in parameter]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} has no value; write it as NumberOfWorkers=5", param_hint="--parameter")
    env = {**os.environ, "PERSONALIZE_ENGINE": "glue"}
    try:
        plan = deployment.plan(load_config(config, env), stack, dict(p.split("=", 1) for p in parameters))
        for line in plan.lines():
            click.echo(line)
        if dry_run:
            click.echo("\nNothing was changed: this was a dry run.")
            return
        outputs = deployment.carry_out(plan)
    except PersonalizeAssetsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo("\nDone.")
    for name, value in sorted(outputs.items()):
        click.echo(f"{name:<20} {value}")


@main.command()
@click.option("--layout", type=click.Choice(LAYOUTS), required=True, help="How keys carry the arrival day.")
@click.option("--days", type=click.IntRange(min=1), default=7, help="Number of arrival days.")
@click.option("--users", type=click.IntRange(min=1), default=300, help="Number of people; events grow with it.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same bytes.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2026-10-01", help="First arrival day.")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def generate(layout: str, days: int, users: int, seed: int, start: date, out: Path) -> None:
    """Write events like a real site's into the folder OUT."""
    from personalize_assets.generate import generate as generate_events

    first_day = date(start.year, start.month, start.day)
    try:
        made = generate_events(out, layout=layout, days=days, users=users, seed=seed, start=first_day)
    except ValueError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo(f"{made.events:,} events of {days} days in {made.files:,} files ({made.bytes:,} bytes) in {out}")
    click.echo(f"Name it in a config: source: {{uri: {out.absolute()}, layout: {layout}, start_date: {first_day}}}")


@main.command()
@click.option("--source", required=True, metavar="URI", help="Folder or s3://bucket/prefix of raw files.")
@click.option("--destination", metavar="URI", help="Where everything made is to lie.  [default: data/<name>]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: stdout]")
def suggest(source: str, destination: str | None, output: Path | None) -> None:
    """Look at raw files and write a commented config that runs."""
    from personalize_assets.suggest import suggest as suggested

    try:
        if output is not None and output.exists():
            raise PersonalizeAssetsError(f"{output} is there already; name a new file, or remove it first")
        text = suggested(source, destination, output.parent if output else None)
    except PersonalizeAssetsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
        click.echo(f"Wrote {output}; read it, then: personalize-assets run --config {output}")


if __name__ == "__main__":
    main()
