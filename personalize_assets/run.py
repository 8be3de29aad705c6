"""The whole pipeline in this process, stage by stage: what ``personalize-assets run`` does."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import dagster as dg

from personalize_assets.config import Config
from personalize_assets.definitions import build_definitions
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import Pipeline
from personalize_assets.storage import DAILY, REJECTS

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_all(config: Config, days: Sequence[date] | None = None) -> None:
    """Convert days (by default every day that has raw files), export all, print what came of it.

    Each stage is a Dagster run in the instance of ``DAGSTER_HOME``, if that is set. Raises ``PersonalizeAssetsError``
    with the cause of the first stage that fails.
    """
    pipeline = Pipeline(config)
    days = _in_reach(config, pipeline.days_with_files() if days is None else days)
    stages = _Stages(build_definitions(config), days)
    names = list(pipeline.datasets)
    daily = ["raw_event_catalog"]
    stages.run_days("catalog", daily)
    stages.run_days("convert", [DAILY[name] for name in names])
    tables = [name for name in names if name != "interactions"]
    stages.run("export", [*tables, *(f"{name}_csv" for name in names)])
    stages.run("schemas", [f"{name}_schema" for name in names])
    click.echo()
    for line in _summary(pipeline, {day.isoformat() for day in days}):
        click.echo(line)


def _in_reach(config: Config, days: Sequence[date]) -> list[date]:
    """The days that are partitions: from the source's first day to today (UTC)."""
    today = date.fromtimestamp(time.time())
    found = [day for day in days if config.source.start_date <= day <= today]
    if not found:
        raise PersonalizeAssetsError(
            f"no day to convert: found {days[0]} to {days[-1]}, wanted days from source.start_date "
            f"({config.source.start_date}) to today ({today}); correct --days or source.start_date"
        )
    return found


class _Stages:
    """Runs stages one after another and prints a line for each."""

    def __init__(self, definitions: dg.Definitions, days: Sequence[date]) -> None:
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self._days = days
        home = os.environ.get("DAGSTER_HOME")
        self._instance = dg.DagsterInstance.get() if home else dg.DagsterInstance.ephemeral()

    def run_days(self, stage: str, names: Sequence[str]) -> None:
        """One run for each stretch of days without a gap."""
        started = time.monotonic()
        for first, last in _stretches(self._days):
            self._execute(stage, names, dict(zip(_RANGE, (first.isoformat(), last.isoformat()), strict=True)))
        count = f"{len(self._days)} day{'s' if len(self._days) > 1 else ''}"
        _tell(stage, f"{count}, {self._days[0]} to {self._days[-1]}", started)

    def run(self, stage: str, names: Sequence[str]) -> None:
        started = time.monotonic()
        self._execute(stage, names, {})
        _tell(stage, ", ".join(names), started)

    def _execute(self, stage: str, names: Sequence[str], tags: Mapping[str, str]) -> None:
        try:
            self._job.execute_in_process(
                run_config=_QUIET,
                instance=self._instance,
                tags=tags,
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


def _tell(stage: str, what: str, started: float) -> None:
    click.echo(f"{stage:<8} {what} ({time.monotonic() - started:.1f} s)")


def _stretches(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """First and last day of each stretch of days that follow one another."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last


def _summary(pipeline: Pipeline, days: set[str]) -> Iterator[str]:
    """The table of the exports, what was rejected in these days and why, and where everything lies."""
    header = ("dataset", "kept", "rejected", "duplicates", "exported", "bytes", "file")
    rows = []
    reasons: Counter[str] = Counter()
    for name in pipeline.datasets:
        rejected: Counter[str] = Counter()
        for day, commit in pipeline.destination.daily_commits(name).items():
            if day in days:
                rejected.update(commit["rejected"])
        reasons.update({f"{name} {reason}": count for reason, count in rejected.items()})
        manifest = pipeline.destination.manifest(name) or {}
        numbers = [manifest["kept"], rejected.total(), manifest["duplicates"], manifest["rows"], manifest["bytes"]]
        file = _shown(pipeline.destination.uri_of(pipeline.destination.csv_key(name)))
        rows.append((name, *(f"{number:,}" for number in numbers), file))
    yield from _table(header, rows)
    reasons.update(_malformed(pipeline, days))
    if reasons:
        told = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        yield f"\nRejected: {told}; see {_shown(pipeline.destination.uri_of(REJECTS))}"
    yield f"Schemas:  {_shown(pipeline.destination.uri_of('schemas'))}"


def _malformed(pipeline: Pipeline, days: set[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for day in sorted(days):
        for source in pipeline.sources:
            total.update(pipeline.destination.source_books(day, source)["malformed"])
    return total


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if column in (0, len(header) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _shown(uri: str) -> str:
    """A path as short as it can be said from the working folder."""
    if not uri.startswith("s3://") and Path(uri).is_relative_to(Path.cwd()):
        return str(Path(uri).relative_to(Path.cwd()))
    return uri
