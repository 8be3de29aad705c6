"""``personalize-assets generate``."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from shlex import quote
from time import monotonic as _clock
from typing import TYPE_CHECKING

import click

from personalize_assets.commands.options import ReportingCommand, command_display, stoppable
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import LAYOUTS, WHAT_TO_WRITE
from personalize_assets.layouts import layout as layout_of

if TYPE_CHECKING:
    from personalize_assets.conversion.progress import Progress
    from personalize_assets.generate import Written

# Of `personalize_assets.generate`, which is imported only when it is called.
SHAPE_NAMES = (
    "amplitude", "cloudwatch", "eventbridge", "firehose", "ga4", "kafka-connect", "mixpanel", "movielens", "mparticle",
    "pinpoint", "posthog", "redshift", "rudderstack", "segment", "shopify", "snowplow",
)  # fmt: skip
FORMAT_NAMES = ("json", "csv", "parquet")


def _layout(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A layout as given. Raises ``click.BadParameter`` for what is none."""
    if value is None:
        return None
    try:
        return layout_of(value, date.min).name
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(cls=ReportingCommand)
@click.option("--layout", callback=_layout, help=f"How keys carry the arrival day: {WHAT_TO_WRITE}.")
@click.option(
    "--shape",
    type=click.Choice(SHAPE_NAMES),
    help="Instead of --layout: events and keys as this source stores them (docs/how-to/sources.md).",
)
@click.option(
    "--format",
    type=click.Choice(FORMAT_NAMES),
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
    from personalize_assets.conversion.progress import report
    from personalize_assets.generate import generate as generate_events

    if (layout is None) == (shape is None):
        raise click.UsageError("give --layout or --shape, one of the two")
    if shape and format:
        raise click.UsageError(f"--shape {shape} has a format of its own; give --format with --layout")
    first_day = date(start.year, start.month, start.day)
    try:
        last_day = first_day + timedelta(days=days - 1)
    except OverflowError:
        raise click.UsageError(f"{days} days from {first_day} end after the year {date.max.year}") from None
    what = f"{days} days, {first_day} to {last_day}" if days > 1 else f"1 day, {first_day}"
    display = command_display()
    started = _clock()
    with stoppable(f"Stopped. {out} is not complete; remove it before you generate again."):
        try:
            with display.stage("generate", what):
                made = generate_events(
                    out,
                    layout=layout or "",
                    shape=shape or "",
                    format=format or "",
                    days=days,
                    users=users,
                    seed=seed,
                    start=first_day,
                    on_progress=lambda written: report(display.progress, _progress(written, _clock() - started)),
                )
        except ValueError as error:
            raise PersonalizeAssetsError(str(error)) from None
    click.echo(f"{made.events:,} events of {days} days in {made.files:,} files ({made.bytes:,} bytes) in {out}")
    if shape:
        click.echo(
            f"A config for them: the recipe {shape} (docs/how-to/sources.md), with {out.absolute()} in place of its "
            f"folder {shape}; or have one written: personalize-assets init --source {quote(str(out.absolute()))}"
        )
        return
    written = layout if layout in LAYOUTS else json.dumps(layout)
    parse = ", parse: [properties, traits]" if format == "csv" else ""
    click.echo(
        f"Name it in a config: source: {{uri: {out.absolute()}, layout: {written}, start_date: {first_day}{parse}}}"
    )


def _progress(written: Written, seconds: float) -> Progress:
    from personalize_assets.conversion.progress import Progress

    return Progress(
        job="generate",
        done=written.visits,
        total=written.planned,
        unit="visits",
        bytes_done=written.bytes,
        events=written.events,
        seconds=seconds,
    )
