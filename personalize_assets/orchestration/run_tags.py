"""The tags that this package reads from and puts on runs. No other module spells one out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

import dagster as dg

RESUME = "personalize_assets/resume"
"""``true``: leave out the days that are finished. The dialogue of a backfill takes it as well."""
UNSEEN = "personalize_assets/unseen"
"""``true``: nothing of the run can be opened in the UI, as without a ``DAGSTER_HOME``."""
PERMANENT = "personalize_assets/permanent_failure"
"""``true`` on a failed run: trying again without a change does not help."""
DAY = "personalize_assets/day"
"""The arrival day that the arrivals sensor asked for, as ``<scope>/<day>``; see ``sensors``."""
CHANGE = "personalize_assets/change"
"""The change of that day that the sensor found; see ``pipeline.arrivals``."""
RANGE_OF = "personalize_assets/range_of"
"""The scope of a run of several days that the sensor asked for."""
CHANGES = "personalize_assets/changes"
"""The marks of the changes of these days (``pipeline.arrivals.mark_of``), joined by spaces."""

PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

# Converting a day takes minutes: a run that takes this long hangs. Enforced where Dagster's run monitoring is on.
MAX_RUNTIME = timedelta(hours=6)


def max_runtime(longest: timedelta) -> dict[str, str]:
    """The tag of a run that Dagster ends after so long, if its run monitoring is on."""
    return {"dagster/max_runtime": str(int(longest.total_seconds()))}


MAX_RUNTIME_TAGS = max_runtime(MAX_RUNTIME)

_PARENT_BACKFILL = "dagster/parent_backfill_id"
_UNFINISHED = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def resumes(context: dg.AssetExecutionContext) -> bool:
    """Whether a run continues another one, and so may leave out the days that are finished.

    It does if its tag says so, as on a run of the arrivals sensor, or if it retries a failed run or backfill. Any other
    run converts all of its days, because it was started for exactly that.
    """
    run = context.run
    if run.tags.get(RESUME) == "true" or _PARENT_BACKFILL in run.tags:
        return True
    parent = context.instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    return parent is not None and parent.status in _UNFINISHED


def began(context: dg.AssetExecutionContext) -> float:
    """When a run was created, or the first one that it continues, in seconds since the epoch."""
    id = context.run.root_run_id or context.run.run_id
    record = context.instance.get_run_record_by_id(id) or context.instance.get_run_record_by_id(context.run.run_id)
    return record.create_timestamp.timestamp() if record else time.time()


def covers(tags: Mapping[str, str], day: str) -> bool:
    """Whether a run with these tags is about a day (ISO): its partition, or within its range of them; without, all."""
    if PARTITION in tags:
        return tags[PARTITION] == day
    return tags.get(RANGE_START, day) <= day <= tags.get(RANGE_END, day)


def has_ui(context: dg.AssetExecutionContext) -> bool:
    """Whether the run can be opened in the UI; charts are drawn only then."""
    return context.run.tags.get(UNSEEN) != "true"
