"""The stages of a run in this process without Dagster, each with its checks: the same functions as the assets'."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TypeVar

from personalize_assets.conversion import waiting
from personalize_assets.conversion.progress import OnProgress, Progress, report
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, ExportReport, ExportSpec
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.check_facts import judge_file
from personalize_assets.judging.judged_days import JudgedDays, make_days, unbalanced_days
from personalize_assets.judging.judged_export import JudgedExport, make_export
from personalize_assets.local_run.imports import import_all
from personalize_assets.pipeline.catalog import catalog_days, register_in_athena
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.compared_import import ComparedImport
from personalize_assets.pipeline.schemas import current_schema
from personalize_assets.pipeline.transient import MAX_RETRIES, is_transient, wait_before
from personalize_assets.pipeline.unload import unload_days
from personalize_assets.quality.accounting import ACCOUNTED
from personalize_assets.quality.evaluate import refusals
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.manifests import DayCatalog

_T = TypeVar("_T")


class Stages:
    """Runs stages of a dataset group on an engine.

    Each raises ``PersonalizeAssetsError``, also where a check that blocks fails. Transient errors are tried again, as
    in Dagster's runs.
    """

    def __init__(
        self, group: DatasetGroup, engine: Engine, on_progress: OnProgress, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Nothing is read or started yet; ``sleep`` waits so many seconds before a retry."""
        self._group = group
        self._engine = engine
        self._on_progress = on_progress
        self._sleep = sleep
        self._since = time.time()

    def unload(self, days: Sequence[date], *, resume: bool) -> None:
        """Unload days of the warehouse; with ``resume`` those without a final unload."""
        unload = partial(unload_days, self._group, days, since=self._since, resume=resume)
        self._retried(partial(unload, log=waiting.report))

    def catalog(self, days: Sequence[date], *, resume: bool) -> dict[str, str | None]:
        """Catalog the raw files of days, with ``resume`` of those that changed; register them in Athena if configured.

        Returns the content digest of each day (ISO).
        """

        def work() -> dict[str, DayCatalog]:
            catalogs = catalog_days(self._group, days, resume=resume, on_progress=self._on_progress)
            register_in_athena(self._group, catalogs)
            return catalogs

        return {day: catalog.content for day, catalog in self._retried(work).items()}

    def convert(self, days: Sequence[date], *, resume: bool) -> None:
        """Convert days to the daily datasets; with ``resume`` those that are not finished."""

        def convert(spec: ConvertSpec) -> ConvertReport:
            found = self._engine.convert(None, spec, self._on_progress)
            self._begin("convert", "committing")
            return found

        def work(resume: bool) -> JudgedDays:
            return make_days(
                self._group,
                days,
                list(self._group.datasets),
                convert,
                resume=resume,
            )

        # A retry need not do again what the try before has committed.
        _raise_for(_unaccounted(self._retried(partial(work, resume), partial(work, True))))

    def export(self, names: Sequence[str]) -> None:
        """Make tables and CSVs of all converted days, and read the CSVs as Personalize does."""

        def export(spec: ExportSpec) -> ExportReport:
            found = self._engine.export(None, spec, self._on_progress)
            self._begin("export", "joining parts")
            return found

        made: JudgedExport = self._retried(partial(make_export, self._group, names, export))
        if made.refused:
            raise PersonalizeAssetsError("\n".join(made.refused.values()))
        # With `checks: warn` a run judges what is current at its end, and reads the CSVs only then.
        for name in made.outcome.manifests if self._group.config.is_strict else ():
            self._begin("export", f"checking {name}.csv")
            findings = self._retried(partial(judge_file, self._group, name))
            _raise_for(f"{name}_csv: {reason}" for reason in refusals(findings))

    def schemas(self, names: Sequence[str]) -> None:
        """Check that the Avro schemas beside the CSVs are those of the config."""
        for name in names:
            self._retried(partial(current_schema, self._group, name))

    def imports(self, names: Sequence[str], *, again: bool = False) -> list[ComparedImport]:
        """Import the current CSVs of datasets into Personalize; returns what was done."""
        return self._retried(partial(import_all, self._group, names, again=again, on_progress=self._on_progress))

    def _begin(self, stage: str, state: str) -> None:
        report(self._on_progress, Progress(job=stage, state=state))

    def _retried(self, work: Callable[[], _T], again: Callable[[], _T] | None = None) -> _T:
        """What ``work`` returns, or after a transient error ``again``, by default the same."""
        for retry in range(1, MAX_RETRIES + 1):
            try:
                return work()
            except Exception as error:
                if not is_transient(error):
                    raise
                seconds = wait_before(retry)
                waiting.report(f"transient error, retry {retry} of {MAX_RETRIES} in {seconds:.0f} s: {error}")
            self._sleep(seconds)
            work = again or work
        return work()


def _unaccounted(made: JudgedDays) -> Iterator[str]:
    for name, facts in made.facts.items():
        for problem in unbalanced_days(facts.accounting, facts.commits):
            yield f"{DAILY[name]}: {ACCOUNTED.name}: {problem}"


def _raise_for(problems: Iterator[str]) -> None:
    """Raise the error of checks that block, if any failed: with the first few problems."""
    found = list(problems)
    if found:
        more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
        raise PersonalizeAssetsError(f"a check failed: {'; '.join(found[:5])}{more}")
