"""What all assets of one dataset group share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypedDict, cast

import dagster as dg

from personalize_assets.aws.error_codes import passes_by_itself
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.pipeline import Pipeline


class About(TypedDict):
    owners: list[str]
    tags: dict[str, str]


@dataclass(frozen=True)
class Group:
    """One dataset group: its pipeline, its days, and the prefix that tells its assets from another group's."""

    pipeline: Pipeline
    partitions: dg.DailyPartitionsDefinition
    key_prefix: tuple[str, ...] = ()

    def key(self, name: str) -> dg.AssetKey:
        return dg.AssetKey([*self.key_prefix, name])

    def name(self, name: str) -> str:
        """A name for an op, a job or a resource: these have no prefixes in Dagster, and must differ between groups."""
        return "_".join([*self.key_prefix, name])

    def about(self, dataset: str | None = None) -> About:
        """Owners and tags, the same for every asset; the tags tell dataset groups, and datasets, apart in searches."""
        group = self.pipeline.config.dataset_group
        tags = {"personalize/dataset_group": group.name, "personalize/domain": group.domain}
        if dataset:
            tags["personalize/dataset"] = dataset
        return {"owners": list(group.owners), "tags": tags}

    @property
    def engine_key(self) -> str:
        return self.name("engine")

    @property
    def pool(self) -> str | None:
        """The Dagster pool of the steps that run on the engine: how many runs Glue takes at once is limited there."""
        return "glue" if self.pipeline.config.engine == "glue" else None

    def engine(self, context: dg.AssetExecutionContext) -> Engine:
        return cast("Engine", getattr(context.resources, self.engine_key))

    @property
    def backfill_policy(self) -> dg.BackfillPolicy:
        """A range of days is one run, up to so many days: what fails is then no more than that."""
        return dg.BackfillPolicy.multi_run(self.pipeline.config.automation.max_days_per_run)

    def asked_for(
        self, context: dg.AssetExecutionContext, checks: Iterable[dg.AssetCheckResult]
    ) -> list[dg.AssetCheckResult]:
        """Those results whose checks are part of the run: somebody may have asked for an asset alone."""
        selected = {(check.asset_key, check.name) for check in context.selected_asset_check_keys}
        return [check for check in checks if (check.asset_key, check.check_name) in selected]


# On a run that leaves out the days which are finished; the backfill dialogue takes it as well.
RESUME_TAG = "personalize_assets/resume"
# On a run that leaves nothing for the UI to show, as one without a DAGSTER_HOME.
UNSEEN_TAG = "personalize_assets/unseen"
_PARENT_BACKFILL_TAG = "dagster/parent_backfill_id"
_UNFINISHED = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def resumes(context: dg.AssetExecutionContext) -> bool:
    """Whether a run goes on where another one failed, and so may leave out what that one has finished.

    It does by its tag, as a run of the arrivals sensor, or if it is a retry of a failed run or backfill. Any other run
    was asked for by somebody who wants the days converted, finished or not.
    """
    run = context.run
    if run.tags.get(RESUME_TAG) == "true" or _PARENT_BACKFILL_TAG in run.tags:
        return True
    parent = context.instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    return parent is not None and parent.status in _UNFINISHED


def is_seen(context: dg.AssetExecutionContext) -> bool:
    """Whether anybody can look at a run: charts are drawn only then."""
    return context.run.tags.get(UNSEEN_TAG) != "true"


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The arrival days of a run: one partition, or a range of them in a single run."""
    return [date.fromisoformat(key) for key in context.partition_keys]


# Waits of about 30 s, 90 s and 210 s: what lasts longer is for the arrivals sensor, or for people.
RETRIES = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
# A day's convert takes minutes; what takes so long hangs. Enforced where Dagster's run monitoring is on.
MAX_RUNTIME = timedelta(hours=6)
# On a run whose failure does not pass by itself.
PERMANENT_TAG = "personalize_assets/permanent_failure"


@contextmanager
def permanent_errors() -> Iterator[None]:
    """What the user must mend is not tried again, and is shown by its text alone; what passes is, with back-off.

    An error that is neither told nor known to pass goes its way, and is not tried again.
    """
    try:
        yield
    except Exception as error:
        context = dg.OpExecutionContext.get()
        passes = passes_by_itself(error)
        if passes and context.retry_number < RETRIES.max_retries:
            seconds = RETRIES.calculate_delay(context.retry_number + 1)
            context.log.warning(f"Tried again in {seconds:.0f} s, as this may pass: {error}")
            raise dg.RetryRequested(RETRIES.max_retries, seconds) from error
        if not isinstance(error, PersonalizeAssetsError):
            raise
        if not passes:
            context.instance.add_run_tags(context.run_id, {PERMANENT_TAG: "true"})
        raise dg.Failure(str(error), allow_retries=False) from error
