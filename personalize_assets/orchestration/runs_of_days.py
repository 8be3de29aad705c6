"""Which of Dagster's runs are about an arrival day: those under way, whatever started them, and the sensor's own."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from personalize_assets.orchestration import run_tags
from personalize_assets.pipeline.arrivals import Runs, mark_of

if TYPE_CHECKING:
    from dagster._core.storage.dagster_run import RunRecord

# All states of a run that has not ended but one: Dagster launches a run that was never queued (NOT_STARTED) when its
# run key is requested again.
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


# Several days are one run only when their content is new, which is seldom: this is years.
_MAX_RANGES = 200


class RunsOfDays:
    """The runs of an instance, as they are when the first day is asked for."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        assets: Collection[dg.AssetKey],
        jobs: Collection[str],
        scope: str,
        now: float,
    ) -> None:
        """Read nothing yet.

        ``assets`` are made for a day; ``jobs`` are the names of the jobs that make any of them. ``scope`` is that of
        the sensor's tags (``run_tags.DAY``). ``now``: seconds since the epoch.
        """
        self._instance = instance
        self._assets = set(assets)
        self._jobs = set(jobs)
        self._scope = scope
        self._now = now

    def of(self, day: str, change: str) -> Runs:
        """Whether a run covers a day (ISO) now, and how the sensor's runs for this change of it ended."""
        if any(self._covers(record.dagster_run, day) for record in self._under_way):
            return Runs(is_under_way=True)
        of_day = dg.RunsFilter(tags={run_tags.DAY: f"{self._scope}/{day}", run_tags.CHANGE: change})
        records = [*self._instance.get_run_records(of_day, limit=100), *self._ranges.get(mark_of(change), ())]
        ended = [record for record in records if record.dagster_run.status != dg.DagsterRunStatus.NOT_STARTED]
        if not ended:
            return Runs()
        last = max(ended, key=_ended)
        return Runs(False, len(ended), _ended(last), last.dagster_run.tags.get(run_tags.PERMANENT) == "true")

    @cached_property
    def _ranges(self) -> dict[str, list[RunRecord]]:
        """The newest of the sensor's runs of several days, by the marks of their changes."""
        found: dict[str, list[RunRecord]] = {}
        asked = dg.RunsFilter(tags={run_tags.RANGE_OF: self._scope})
        for record in self._instance.get_run_records(asked, limit=_MAX_RANGES):
            for mark in record.dagster_run.tags.get(run_tags.CHANGES, "").split():
                found.setdefault(mark, []).append(record)
        return found

    @cached_property
    def _under_way(self) -> list[RunRecord]:
        records = self._instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
        # Without run monitoring a crashed host leaves its run in progress: treat it as ended after MAX_RUNTIME.
        longest = run_tags.MAX_RUNTIME.total_seconds()
        return [one for one in records if one.start_time is None or self._now < one.start_time + longest]

    def _covers(self, run: dg.DagsterRun, day: str) -> bool:
        if run.asset_selection is None:
            makes_days = run.job_name in self._jobs
        else:
            makes_days = not self._assets.isdisjoint(run.asset_selection)
        return makes_days and run_tags.covers(run.tags, day)


def _ended(record: RunRecord) -> float:
    return record.end_time or record.update_timestamp.timestamp()
