"""The whole pipeline, stage by stage: what ``personalize-assets run`` does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from personalize_assets.config import Config
from personalize_assets.conversion import waiting
from personalize_assets.conversion.progress import OnProgress, Progress
from personalize_assets.engines import Engine, make_engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.closing import print_closing, print_failed_closing
from personalize_assets.local_run.display import Display, choose_display
from personalize_assets.local_run.imports import print_outcomes
from personalize_assets.local_run.unchanged import mark_done, nothing_new, settings_digest
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup, total_bytes
from personalize_assets.pipeline.importing.access import imported_datasets
from personalize_assets.pipeline.unload import complete_days, days_to_unload, last_complete_day
from personalize_assets.storage.cleanup import warned_once
from personalize_assets.storage.raw_files import listed_once

if TYPE_CHECKING:
    from personalize_assets.local_run.dagster_stages import DagsterStages
    from personalize_assets.local_run.stages import Stages


@listed_once()
def run_all(
    config: Config,
    days: Sequence[date] | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    display: Display | None = None,
) -> bool:
    """Convert days, export all, and print a line a stage, the closing table and the red checks.

    If nothing is new since the last run, only the latter are printed, after a line that says so. Returns whether
    Personalize would accept what is exported: with ``checks: warn`` in the config it may not.

    Args:
        days: Arrival days (UTC); by default every day that has raw files, or that is over if a warehouse has them.
        resume: Leave days as they are whose files and mapping have not changed since they were converted, and unload
            no day of a warehouse whose unload is final.
        force: Run every stage, even if nothing is new.
        display: Shows the stages; by default as ``choose_display`` does.

    Raises:
        PersonalizeAssetsError: With the cause of the first stage that fails.
        KeyboardInterrupt: Ctrl-C, also where Dagster turned it into an error of its own.
    """
    display = display or choose_display()
    with (
        waiting.reported(display.note, display.waiting),
        warned_once(lambda warning: click.echo(f"Warning: {warning}")),
    ):
        return _run_all(config, days, resume=resume, force=force, display=display)


def _run_all(config: Config, days: Sequence[date] | None, *, resume: bool, force: bool, display: Display) -> bool:
    group = DatasetGroup(config)
    hash_keys.check_key(group.datasets)
    settings = settings_digest(group)
    engine = make_engine(config.engine, config)
    if config.source.redshift is not None:
        days = _unload(group, engine, days, resume=resume, display=display)
    files = group.files_by_day() if days is None else {}
    listed = list(files) or None
    days = _partition_days(config, list(files) if days is None else days)
    if not force:
        files = {day: files[day] for day in days} if files else group.files_of(days)
        if nothing_new(group, settings, files):
            click.echo(f"Nothing is new in {_count(days)} since the last run; --force runs every stage again.\n")
            _import(group, engine, display)
            return not print_closing(group, listed)
    engine.prepare(sum(map(total_bytes, files.values())))
    try:
        with engine.several_jobs():
            contents = _run_stages(group, engine, days, resume=resume, display=display)
            _import(group, engine, display)
    except PersonalizeAssetsError:
        print_failed_closing(group)
        raise
    mark_done(group, settings, contents)
    click.echo()
    return not print_closing(group, listed)


def _unload(
    group: DatasetGroup, engine: Engine, days: Sequence[date] | None, *, resume: bool, display: Display
) -> list[date]:
    """Unload days of the warehouse: those asked for, by default those without a final unload.

    Returns the days to run: those asked for, by default all that are over.
    """
    config = group.config
    of_run = complete_days(group) if days is None else _partition_days(config, days)
    if not of_run:
        raise PersonalizeAssetsError(
            f"no day to unload: source.start_date is {config.source.start_date}, and {last_complete_day()} is the last "
            "day that is over (UTC); wait, or correct source.start_date"
        )
    leaves_final = days is None or resume
    to_unload = days_to_unload(group, of_run) if leaves_final else of_run
    if to_unload:
        stages = _stages(group, engine, display.progress)
        with display.stage("unload", f"{_count(to_unload)}, {to_unload[0]} to {to_unload[-1]}"), _named("unload"):
            for of_range in day_ranges(to_unload, config.automation.max_days_per_run):
                stages.unload(of_range, resume=leaves_final)
    return of_run


def _run_stages(
    group: DatasetGroup, engine: Engine, days: Sequence[date], *, resume: bool, display: Display
) -> dict[str, str | None]:
    """Run all stages; returns the content digest of each day (ISO), as it was catalogued."""
    names = list(group.datasets)
    tables = [name for name, dataset in group.datasets.items() if not dataset.is_events]
    exports = [*tables, *(f"{name}_csv" for name in names)]
    parts = _Parts(display.progress)
    stages = _stages(group, engine, parts.progress)
    ranges = list(day_ranges(days, group.config.automation.max_days_per_run))
    of_days = f"{_count(days)}, {days[0]} to {days[-1]}"
    with display.stage("catalog", of_days), _named("catalog"):
        contents: dict[str, str | None] = {}
        for of_range in parts.each(ranges):
            contents |= stages.catalog(of_range, resume=resume)
    with display.stage("convert", of_days), _named("convert"):
        for number, of_range in enumerate(parts.each(ranges)):
            try:
                stages.convert(of_range, resume=resume)
            except PersonalizeAssetsError as error:
                if not number:
                    raise
                done = sum(day < of_range[0] for day in days)
                raise PersonalizeAssetsError(
                    f"{error}\n{done} of {_count(days)} are done; run again with --resume to leave them out"
                ) from error
    with display.stage("export", ", ".join(exports)), _named("export"):
        stages.export(exports)
    with display.stage("schemas", ", ".join(f"{name}_schema" for name in names)), _named("schemas"):
        stages.schemas(names)
    return contents


def _import(group: DatasetGroup, engine: Engine, display: Display) -> None:
    """Import the exports, if the config says so; without a call that changes anything if Personalize holds them."""
    if group.config.import_.on:
        run_imports(group, engine, imported_datasets(group), display)


def run_imports(
    group: DatasetGroup, engine: Engine, names: Sequence[str], display: Display, *, again: bool = False
) -> None:
    """Import the current exports of datasets, and print what was sent and what Personalize holds.

    Raises ``PersonalizeAssetsError`` with the first error.
    """
    with waiting.reported(display.note, display.waiting), display.stage("import", ", ".join(names)), _named("import"):
        outcomes = _stages(group, engine, display.progress).imports(names, again=again)
    print_outcomes(outcomes)


def _stages(group: DatasetGroup, engine: Engine, on_progress: OnProgress) -> Stages | DagsterStages:
    """With Dagster, which takes a second to load, only where its instance keeps the runs or the engine needs it."""
    if engine.needs_dagster or os.environ.get("DAGSTER_HOME"):
        from personalize_assets.local_run.dagster_stages import DagsterStages

        return DagsterStages(group)
    from personalize_assets.local_run.stages import Stages

    return Stages(group, engine, on_progress)


class _Parts:
    """Passes the progress of jobs on, with which of the jobs of their stage each is."""

    def __init__(self, to: OnProgress) -> None:
        self._to = to
        self._part = self._parts = 1

    def progress(self, progress: Progress) -> None:
        self._to(replace(progress, part=self._part, parts=self._parts))

    def each(self, ranges: Sequence[list[date]]) -> Iterator[list[date]]:
        """The ranges of days that are a job each, one after another."""
        self._parts = len(ranges)
        try:
            for part, of_range in enumerate(ranges, 1):
                self._part = part
                yield of_range
        finally:
            self._part = self._parts = 1


@contextmanager
def _named(stage: str) -> Iterator[None]:
    """Put a stage's name before the error that ends it; an error that is not for users is cut to one line."""
    try:
        yield
    except PersonalizeAssetsError as error:
        raise PersonalizeAssetsError(f"{stage}: {error}") from error
    except Exception as error:
        raise PersonalizeAssetsError(f"{stage}: {type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no further message")


def _count(days: Sequence[date]) -> str:
    return f"{len(days)} day{'s' if len(days) > 1 else ''}"


def _partition_days(config: Config, days: Sequence[date]) -> list[date]:
    """Those of the days that are partitions: from the first day of the source to today (UTC).

    A warehouse's end with yesterday, because a day is unloaded once it is over.
    """
    is_warehouse = config.source.redshift is not None
    last = last_complete_day() if is_warehouse else datetime.now(UTC).date()
    found = [day for day in days if config.source.start_date <= day <= last]
    if not found:
        until = "yesterday, the last day that is over" if is_warehouse else "today"
        raise PersonalizeAssetsError(
            f"no day to convert: found {days[0]} to {days[-1]}, wanted days from source.start_date "
            f"({config.source.start_date}) to {until} ({last}); correct --days or source.start_date"
        )
    return found


def day_ranges(days: Sequence[date], max_days: int) -> Iterator[list[date]]:
    """These days (ascending) in ranges without gaps and of at most ``max_days``."""
    of_range = [days[0]]
    for day in days[1:]:
        if day - of_range[-1] > timedelta(days=1) or len(of_range) >= max_days:
            yield of_range
            of_range = []
        of_range.append(day)
    yield of_range
