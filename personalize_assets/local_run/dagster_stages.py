"""The stages of a run as runs of Dagster: where its instance keeps them, or the engine needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError

from personalize_assets.definitions import build_definitions
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration import run_tags
from personalize_assets.pipeline.catalog import current_catalogs
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.importing.compared_import import ComparedImport
from personalize_assets.storage.days import DAILY

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class DagsterStages:
    """As ``local_run.stages.Stages``; progress goes into the runs' logs.

    Runs are kept in the instance of ``DAGSTER_HOME``, if that is set.
    """

    def __init__(self, group: DatasetGroup) -> None:
        """Build the definitions; nothing is read or started yet."""
        self._group = group
        self._job = build_definitions(group.config).resolve_implicit_global_asset_job_def()
        home = os.environ.get("DAGSTER_HOME")
        self._instance = dg.DagsterInstance.get() if home else dg.DagsterInstance.ephemeral()
        self._tags = {} if home else {run_tags.UNSEEN: "true"}

    def unload(self, days: Sequence[date], *, resume: bool) -> None:
        """Unload a range of days of the warehouse; with ``resume`` those without a final unload."""
        self._execute(["warehouse_unload"], {**_range_tags(days), **_resume_tags(resume)})

    def catalog(self, days: Sequence[date], *, resume: bool) -> dict[str, str | None]:
        """Catalog a range of days without gaps, with ``resume`` those that changed.

        Returns the content digest of each (ISO).
        """
        self._execute(["raw_event_catalog"], {**_range_tags(days), **_resume_tags(resume)})
        return {day.isoformat(): catalog.content for day, catalog in current_catalogs(self._group, days).items()}

    def convert(self, days: Sequence[date], *, resume: bool) -> None:
        """Convert a range of days without gaps; with ``resume`` those that are not finished."""
        names = [DAILY[name] for name in self._group.datasets]
        self._execute(names, {**_range_tags(days), **_resume_tags(resume)})

    def export(self, names: Sequence[str]) -> None:
        """Make tables and CSVs of all converted days."""
        self._execute(names, {})

    def schemas(self, names: Sequence[str]) -> None:
        """Check that the Avro schemas beside the CSVs are those of the config."""
        self._execute([f"{name}_schema" for name in names], {})

    def imports(self, names: Sequence[str], *, again: bool = False) -> list[ComparedImport]:
        """Import the current CSVs of datasets into Personalize; what was done is shown by the UI alone."""
        self._execute([f"{name}_import" for name in names], {run_tags.AGAIN: "true"} if again else {})
        return []

    def _execute(self, names: Sequence[str], tags: Mapping[str, str]) -> None:
        try:
            self._job.execute_in_process(
                run_config=_QUIET,
                instance=self._instance,
                tags={**self._tags, **tags},
                asset_selection=[dg.AssetKey(name) for name in names],
            )
        except dg.Failure as failure:
            raise PersonalizeAssetsError(str(failure.description)) from failure
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        except DagsterAssetCheckFailedError as error:
            # Its first line ends at a colon; the others are an asset and its red checks each.
            _, *checks = str(error).splitlines()
            raise PersonalizeAssetsError(f"a check failed: {'; '.join(checks)}") from error


def _resume_tags(resume: bool) -> dict[str, str]:
    return {run_tags.RESUME: "true"} if resume else {}


def _range_tags(days: Sequence[date]) -> dict[str, str]:
    return {run_tags.RANGE_START: days[0].isoformat(), run_tags.RANGE_END: days[-1].isoformat()}
