"""What a run prints at its end, whether it succeeded or not: the table, what was not read, and the red checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import click

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.current_checks import current_checks
from personalize_assets.judging.likely_causes import likely_mistakes
from personalize_assets.judging.red_checks import RedCheck, red_of
from personalize_assets.local_run.summary import print_summary, short_path, summarize
from personalize_assets.pipeline.converted_days import counted
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.evaluate import format_causes
from personalize_assets.storage.manifests import DayState
from personalize_assets.storage.raw_files import format_skipped, format_unread

_CHECK_DOCS = "docs/reference/checks.md says what to do"


def print_closing(group: DatasetGroup, listed: Collection[date] | None = None) -> bool:
    """Print what the destination has now; returns whether Personalize would refuse any of it.

    Args:
        listed: The days that have raw files; None where only some days were looked at.
    """
    stored = group.destination.days.all()
    states = counted(group, stored)
    checks = current_checks(group, states)
    print_summary(summarize(group, states))
    _print_report(group, states)
    _print_left_out(group, stored)
    if listed is not None:
        _print_without_files(states, listed)
    _print_not_read(group)
    for mistake in likely_mistakes(group, states):
        click.echo(f"Warning:  {mistake}")
    found = red_of(checks)
    print_checks(found)
    return any(check.is_error for check in found)


def print_failed_closing(group: DatasetGroup) -> None:
    """Print the table and what was not read, after a stage has failed; nothing if no day is converted.

    Never raises: the error of the stage is the one to print.
    """
    try:
        stored = group.destination.days.all()
        if stored:
            click.echo()
            states = counted(group, stored)
            print_summary(summarize(group, states))
            if group.owns_destination:
                _print_report(group, states)
            _print_left_out(group, stored)
            _print_not_read(group)
    except PersonalizeAssetsError as error:
        click.echo(f"The table of results cannot be read: {error}")


def _print_report(group: DatasetGroup, states: Mapping[str, DayState]) -> None:
    # Jinja2 takes a while to load, and a run has other things to do first.
    from personalize_assets.report.writing import try_report

    if uri := try_report(group, states):
        click.echo(f"Report:   {short_path(uri)}")


def _print_left_out(group: DatasetGroup, stored: Mapping[str, DayState]) -> None:
    """The days that no export has any more, because ``start_date`` is later now."""
    days = sorted(stored.keys() - counted(group, stored).keys())
    if days:
        click.echo(
            f"Left out: converted days before start_date {group.config.source.start_date} ({days[0]} to {days[-1]}: "
            f"{len(days):,}); they stay stored, and count again with an earlier start_date"
        )


def _print_without_files(states: Mapping[str, DayState], listed: Collection[date]) -> None:
    """The days whose raw files are gone. They may have expired, so that their rows stay until someone decides."""
    there = {day.isoformat() for day in listed}
    gone = [
        day
        for day, state in states.items()
        if day not in there and any(source.raw_files for source in state.sources.values())
    ]
    if gone:
        days = f"{len(gone):,} converted day{'s' if len(gone) > 1 else ''} ({gone[0]} to {gone[-1]})"
        click.echo(
            f"Kept:     the rows of {days} whose raw files are gone; `run --days {gone[0]}..{gone[-1]}` converts these "
            "days to what is there now"
        )


def _print_not_read(group: DatasetGroup) -> None:
    for source in group.sources.values():
        if source.skipped:
            click.echo(f"Skipped:  {format_skipped(source)}")
        for line in format_unread(source):
            click.echo(line)


def print_checks(found: Sequence[RedCheck]) -> None:
    """Print the red checks, errors first, and their likely causes."""
    errors = [check for check in found if check.is_error]
    warnings = [check for check in found if not check.is_error]
    for title, checks in (("Personalize would refuse this export", errors), ("Warnings of checks", warnings)):
        if checks:
            click.echo(f"\n{title} ({_CHECK_DOCS}):")
            for check in checks:
                click.echo(f"  {check}")
    causes = dict.fromkeys(cause for check in found for cause in check.finding.causes)
    if causes:
        click.echo(f"\n{format_causes(list(causes))}")
