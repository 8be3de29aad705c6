"""The whole pipeline in this process, stage by stage: what ``personalize-assets run`` does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import click
import dagster as dg

from personalize_assets.config import Config
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import make_engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.summary import print_summary, summarize
from personalize_assets.orchestration import run_tags
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.destination import DAILY
from personalize_assets.storage.raw_files import listed_once

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@listed_once()
def run_all(config: Config, days: Sequence[date] | None = None, *, resume: bool = False) -> None:
    """Convert days, export all, and print a line a stage and the closing table.

    Each stage is a Dagster run in the instance of ``DAGSTER_HOME``, if that is set.

    Args:
        days: Arrival days (UTC); by default every day that has raw files.
        resume: Leave days as they are whose files and mapping have not changed since they were converted.

    Raises:
        PersonalizeAssetsError: With the cause of the first stage that fails.
        KeyboardInterrupt: Ctrl-C, also where Dagster turned it into an error of its own.
    """
    group = DatasetGroup(config)
    hash_keys.check_key(group.datasets)
    sizes = group.bytes_by_day() if days is None else {}
    days = _partition_days(config, list(sizes) if days is None else days)
    make_engine(config.engine, config).prepare(sum(sizes.get(day, 0) for day in days))
    stages = _Stages(build_definitions(config), days, config.automation.max_days_per_run)
    names = list(group.datasets)
    tables = [name for name in names if name != "interactions"]
    stages.run_days("catalog", ["raw_event_catalog"])
    stages.run_days("convert", [DAILY[name] for name in names], {run_tags.RESUME: "true"} if resume else {})
    stages.run("export", [*tables, *(f"{name}_csv" for name in names)])
    stages.run("schemas", [f"{name}_schema" for name in names])
    click.echo()
    print_summary(summarize(group))


def _partition_days(config: Config, days: Sequence[date]) -> list[date]:
    """Those of the days that are partitions: from the first day of the source to today (UTC)."""
    today = datetime.now(UTC).date()
    found = [day for day in days if config.source.start_date <= day <= today]
    if not found:
        raise PersonalizeAssetsError(
            f"no day to convert: found {days[0]} to {days[-1]}, wanted days from source.start_date "
            f"({config.source.start_date}) to today ({today}); correct --days or source.start_date"
        )
    return found


class _Stages:
    """Runs stages one after another and prints a line for each."""

    def __init__(self, definitions: dg.Definitions, days: Sequence[date], max_days: int) -> None:
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self._days = days
        self._max_days = max_days
        home = os.environ.get("DAGSTER_HOME")
        self._instance = dg.DagsterInstance.get() if home else dg.DagsterInstance.ephemeral()
        self._tags = {} if home else {run_tags.UNSEEN: "true"}

    def run_days(self, stage: str, names: Sequence[str], tags: Mapping[str, str] | None = None) -> None:
        """Run a stage over all days: one Dagster run for each range of ``day_ranges``."""
        count = f"{len(self._days)} day{'s' if len(self._days) > 1 else ''}"
        with _stage_line(stage, f"{count}, {self._days[0]} to {self._days[-1]}"):
            for first, last in day_ranges(self._days, self._max_days):
                ends = {run_tags.RANGE_START: first.isoformat(), run_tags.RANGE_END: last.isoformat()}
                try:
                    self._execute(stage, names, {**ends, **(tags or {})})
                except PersonalizeAssetsError as error:
                    if stage != "convert" or first == self._days[0]:
                        raise
                    done = sum(day < first for day in self._days)
                    raise PersonalizeAssetsError(
                        f"{error}\n{done} of {count} are done; run again with --resume to leave them out"
                    ) from error

    def run(self, stage: str, names: Sequence[str]) -> None:
        """Run a stage that has no days."""
        with _stage_line(stage, ", ".join(names)):
            self._execute(stage, names, {})

    def _execute(self, stage: str, names: Sequence[str], tags: Mapping[str, str]) -> None:
        try:
            self._job.execute_in_process(
                run_config=_QUIET,
                instance=self._instance,
                tags={**self._tags, **tags},
                asset_selection=[dg.AssetKey(name) for name in names],
            )
        except dg.Failure as failure:
            raise PersonalizeAssetsError(f"{stage}: {failure.description}") from failure
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        except Exception as error:
            raise PersonalizeAssetsError(f"{stage}: {type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no further message")


@contextmanager
def _stage_line(stage: str, what: str) -> Iterator[None]:
    """One line for a stage: what it does, printed when it starts, and its duration, printed when it ends."""
    started = time.monotonic()
    click.echo(f"{stage:<8} {what}", nl=False)
    ending = ""
    try:
        yield
        ending = f" ({time.monotonic() - started:.1f} s)"
    finally:
        click.echo(ending)


def day_ranges(days: Sequence[date], max_days: int) -> Iterator[tuple[date, date]]:
    """First and last day of ranges that cover these days (ascending), without gaps and of at most ``max_days``."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1) or (day - first).days >= max_days:
            yield first, last
            first = day
        last = day
    yield first, last
