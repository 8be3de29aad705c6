"""The whole pipeline in this process, stage by stage: what ``personalize-assets run`` does."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import dagster as dg

from personalize_assets.config import Config
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import make_engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration.group import RESUME_TAG, UNSEEN_TAG
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.storage.destination import DAILY, REJECTS

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_all(config: Config, days: Sequence[date] | None = None, *, resume: bool = False) -> None:
    """Convert days (by default every day that has raw files), export all, print what came of it.

    With ``resume``, days whose files and mapping are those of the last conversion are left as they are.
    Each stage is a Dagster run in the instance of ``DAGSTER_HOME``, if that is set. Raises ``PersonalizeAssetsError``
    with the cause of the first stage that fails.
    """
    pipeline = Pipeline(config)
    hash_keys.must_be_there(pipeline.datasets)
    sizes = pipeline.bytes_by_day() if days is None else {}
    days = _in_reach(config, list(sizes) if days is None else days)
    make_engine(config.engine, config).prepare(sum(sizes.get(day, 0) for day in days))
    stages = _Stages(build_definitions(config), days, config.automation.max_days_per_run)
    names = list(pipeline.datasets)
    stages.run_days("catalog", ["raw_event_catalog"])
    stages.run_days("convert", [DAILY[name] for name in names], {RESUME_TAG: "true"} if resume else {})
    tables = [name for name in names if name != "interactions"]
    stages.run("export", [*tables, *(f"{name}_csv" for name in names)])
    stages.run("schemas", [f"{name}_schema" for name in names])
    click.echo()
    for line in _summary(pipeline):
        click.echo(line)


def _in_reach(config: Config, days: Sequence[date]) -> list[date]:
    """The days that are partitions: from the source's first day to today (UTC)."""
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

    def __init__(self, definitions: dg.Definitions, days: Sequence[date], most_days: int) -> None:
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self._days = days
        self._most_days = most_days
        home = os.environ.get("DAGSTER_HOME")
        self._instance = dg.DagsterInstance.get() if home else dg.DagsterInstance.ephemeral()
        self._tags = {} if home else {UNSEEN_TAG: "true"}

    def run_days(self, stage: str, names: Sequence[str], tags: Mapping[str, str] | None = None) -> None:
        """One run for each stretch of days without a gap, or several where it is too long."""
        count = f"{len(self._days)} day{'s' if len(self._days) > 1 else ''}"
        with _told(stage, f"{count}, {self._days[0]} to {self._days[-1]}"):
            for first, last in _stretches(self._days, self._most_days):
                of_range = dict(zip(_RANGE, (first.isoformat(), last.isoformat()), strict=True))
                try:
                    self._execute(stage, names, {**of_range, **(tags or {})})
                except PersonalizeAssetsError as error:
                    if stage != "convert" or first == self._days[0]:
                        raise
                    done = sum(day < first for day in self._days)
                    raise PersonalizeAssetsError(
                        f"{error}\n{done} of {count} are done; run again with --resume to leave them out"
                    ) from error

    def run(self, stage: str, names: Sequence[str]) -> None:
        with _told(stage, ", ".join(names)):
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
def _told(stage: str, what: str) -> Iterator[None]:
    """A line a stage: what it does when it begins, how long it took when it ends."""
    started = time.monotonic()
    click.echo(f"{stage:<8} {what}", nl=False)
    ending = ""
    try:
        yield
        ending = f" ({time.monotonic() - started:.1f} s)"
    finally:
        click.echo(ending)


def _stretches(days: Sequence[date], most: int) -> Iterator[tuple[date, date]]:
    """First and last day of each stretch of days that follow one another, at most so many of them."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1) or (day - first).days >= most:
            yield first, last
            first = day
        last = day
    yield first, last


def _summary(pipeline: Pipeline) -> Iterator[str]:
    """The table of the exports, what was rejected and why, and where everything lies; over all converted days."""
    destination = pipeline.destination
    rows: list[tuple[str, ...]] = [("dataset", "kept", "rejected", "duplicates", "exported", "bytes", "file")]
    reasons: Counter[str] = Counter()
    for name in pipeline.datasets:
        rejected: Counter[str] = Counter()
        for commit in destination.daily_commits(name).values():
            rejected.update(commit["rejected"])
        reasons.update({f"{name} {reason}": count for reason, count in rejected.items()})
        manifest = destination.manifest(name) or {}
        numbers = (manifest["kept"], rejected.total(), manifest["duplicates"], manifest["rows"], manifest["bytes"])
        rows.append((name, *(f"{number:,}" for number in numbers), _shown(destination.uri_of(manifest["path"]))))
    yield from _table(rows)
    for source in pipeline.sources:
        for books in destination.daily_books(source).values():
            reasons.update(books["malformed"])
    if reasons:
        told = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        yield f"\nRejected: {told}; see {_shown(destination.uri_of(REJECTS))}"
    yield f"Schemas:  {_shown(destination.uri_of('schemas'))}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns side by side, numbers to the right; the first and the last column are texts."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if column in (0, len(widths) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _shown(uri: str) -> str:
    """A path as short as it can be said from the working folder; a slash at its end stays."""
    if not uri.startswith("s3://") and Path(uri).is_relative_to(Path.cwd()):
        return uri.removeprefix(f"{Path.cwd()}/")
    return uri
