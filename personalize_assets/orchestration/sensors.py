"""The arrivals sensor: connects ``pipeline.arrivals`` to the sources, the destination and Dagster's run history."""

import hashlib
import time
from collections import deque
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import dagster as dg

from personalize_assets.aws.event_queue import Queue
from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.automation import HOW_TO_SWITCH_ON
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.orchestration.runs_of_days import RunsOfDays
from personalize_assets.pipeline.arrivals import (
    CommittedDay,
    Cursor,
    DayRequest,
    Outcome,
    Position,
    Rules,
    RunOfDays,
    Runs,
    mark_of,
    tick,
)
from personalize_assets.pipeline.convert import converted_state
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import confirm_owner
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import DayListing

# Dagster stops a tick after 60 s (DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS), and listing a page of S3 can take a few.
TICK_SECONDS = 40.0
_DRAIN_SECONDS = 15.0
# Days that are listed at the same time, and how many files of each.
_DAYS_AHEAD = 8
_FILES_AHEAD = 1000
# S3 costs by the request: with 2 days a tick of a minute, a year of days is listed in three hours. Folders are free.
_OLDER_DAYS_S3, _OLDER_DAYS_FOLDER = 2, 100

_DESCRIPTION = (
    "Finds days whose raw files have changed, waits until none has changed for {settle:g} minutes, reports the days as "
    "`raw_events` and requests runs of `{job}`: one for up to {most} adjacent days that are new, and one for each "
    "other day. " + HOW_TO_SWITCH_ON
)


def arrivals(defs: GroupDefs, job: str) -> dg.SensorDefinition:
    """The sensor that requests a run of the job named ``job`` for each day that has changed and settled."""
    group = defs.dataset_group
    automation = group.config.automation
    queue = Queue(automation.sqs_queue, group.config.aws) if automation.sqs_queue else None
    notifications = _Notifications(queue) if queue else None
    assets = {defs.key(name) for name in ("raw_event_catalog", *(DAILY[name] for name in group.datasets))}

    @dg.sensor(
        name=defs.name("arrivals"),
        job_name=job,
        minimum_interval_seconds=automation.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING if automation.on else dg.DefaultSensorStatus.STOPPED,
        description=_DESCRIPTION.format(settle=automation.settle_minutes, job=job, most=automation.max_days_per_run),
    )
    def arrivals(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        started = time.monotonic()
        now = datetime.now(UTC)
        scope = _scope(group)
        # A destination that was deleted has converted nothing, whatever the cursor and the runs know of the one before.
        since = confirm_owner(group).since
        cursor = Cursor.read(context.cursor, f"{scope}/{since}")
        jobs = _jobs_that_make(assets, context.repository_def) | {job}
        state = _DagsterState(group, RunsOfDays(context.instance, assets, jobs, scope, now.timestamp()), since)
        if notifications:
            notifications.receive(cursor, context.cursor, group, now.timestamp())
        rules = _rules(group, now.date())
        with closing(state):
            outcome = tick(cursor, state, rules, now.timestamp(), lambda: time.monotonic() - started > TICK_SECONDS)
        for problem in outcome.problems:
            context.log.error(problem)
        context.log.info(_summary(outcome))
        if notifications:
            notifications.delete_after(cursor.text())
        return dg.SensorResult(
            run_requests=[_run_request(scope, run) for run in outcome.runs],
            asset_events=[_report(defs, request) for request in outcome.requests if request.is_first],
            cursor=cursor.text(),
            skip_reason=None if outcome.requests else dg.SkipReason(_summary(outcome)),
        )

    return arrivals


def _jobs_that_make(assets: Set[dg.AssetKey], repository: dg.RepositoryDefinition | None) -> set[str]:
    """The names of the code location's jobs that make any of these assets, those of a host project included."""
    jobs = repository.get_all_jobs() if repository else ()
    return {job.name for job in jobs if not assets.isdisjoint(job.asset_layer.executable_asset_keys)}


def _scope(group: DatasetGroup) -> str:
    """Identifies the sources, destination and datasets that a cursor and the tags of a run are about."""
    sources = [f"{id} {raw.source_uri} {raw.source.layout}" for id, raw in group.sources.items()]
    text = "\n".join([*sources, group.destination.uri, *group.datasets])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _rules(group: DatasetGroup, today: date) -> Rules:
    """Which days are listed in every tick, and how many of the others in each."""
    automation, source = group.config.automation, group.config.source
    days = [source.start_date + timedelta(days=n) for n in range((today - source.start_date).days + 1)]
    recent = set(days[-automation.lookback_days :])
    if not all(raw.layout.is_dated for raw in group.sources.values()):
        recent.update(days[:1])  # all files of a flat source belong to its first day
    if automation.arrivals == "sqs":
        recent = set()  # the queue names the days; all are still listed in turn, in case a message was lost
    is_s3 = any(raw.source_uri.startswith("s3://") for raw in group.sources.values())
    share = automation.older_days_per_tick or (_OLDER_DAYS_S3 if is_s3 else _OLDER_DAYS_FOLDER)
    older = [day for day in days if day not in recent]
    return Rules(sorted(recent), older, share, automation.settle_minutes * 60, automation.max_days_per_run)


class _DagsterState:
    """What ``tick`` needs to know of the sources, the destination and Dagster; for one tick."""

    def __init__(self, group: DatasetGroup, runs: RunsOfDays, since: str) -> None:
        self._group = group
        self._since = since
        self._runs = runs
        self._listings = {id: DayListing(raw) for id, raw in group.sources.items()}
        self._expected: deque[date] = deque()
        self._ahead: dict[date, Future[list[tuple[str, StoredObject]]]] = {}
        self._threads = ThreadPoolExecutor(_DAYS_AHEAD)

    def close(self) -> None:
        """List nothing more ahead."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def expect(self, days: Sequence[date]) -> None:
        """See ``arrivals.SensorState``, as for the other methods."""
        self._expected = deque(days)

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredObject]]:
        """The raw files of a day; of the next days the first are listed at the same time."""
        while self._expected and len(self._ahead) < _DAYS_AHEAD:
            coming = self._expected.popleft()
            self._ahead[coming] = self._threads.submit(lambda day: list(self._first_files(day)), coming)
        first = self._ahead.pop(day, None) if after is None else None
        if first is None:
            yield from self._listed(day, after)
            return
        yield from first.result()
        if len(first.result()) == _FILES_AHEAD:
            source, file = first.result()[-1]
            yield from self._listed(day, Position(source, file.key))

    def _first_files(self, day: date) -> Iterator[tuple[str, StoredObject]]:
        return islice(self._listed(day, None), _FILES_AHEAD)

    def _listed(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredObject]]:
        ids = list(self._listings)
        if after and after.source in ids:
            ids = ids[ids.index(after.source) :]
        for id in ids:
            key = after.key if after and after.source == id else ""
            for file in self._listings[id].files(day, key):
                yield id, file

    def committed(self, day: date) -> CommittedDay:
        """The current content of a day."""
        found = converted_state(self._group, day)
        return found._replace(runs=f"{found.runs} since {self._since}") if found == CommittedDay() else found

    def runs(self, day: date, change: str) -> Runs:
        """Whether any run covers a day, and how those that this sensor requested for this change ended."""
        return self._runs.of(day.isoformat(), change)

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        """The text of a problem: a source is empty that had files of this day; None if there is none."""
        catalog = self._group.destination.catalogs([day]).get(day)
        had = {file.source for file in catalog.files} if catalog else set()
        for id, raw in self._group.sources.items():
            if id in had and id not in sources and not raw.store.holds():
                return (
                    f"{raw.store.uri} is empty, but had files of {day}: that day is left as it is; mount the folder or "
                    "correct the uri in the config, or materialize the day by hand if it is meant to be empty"
                )
        return None


class _Notifications:
    """The days that the messages of a queue name.

    Messages are deleted one tick later, when Dagster has saved the cursor with their days. If the tick, the daemon or
    this process dies before that, they are received again.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._receipts: list[str] = []
        self._cursor: str | None = None

    def receive(self, cursor: Cursor, saved: str | None, group: DatasetGroup, now: float) -> None:
        """Add the days to the cursor, while there is time and the cursor has room; the rest waits for the next tick.

        ``saved``: the cursor that Dagster has, to delete the messages of the tick before.
        """
        if self._cursor is not None and self._cursor == saved:
            self._queue.delete(self._receipts)
        self._receipts, self._cursor = [], None
        started = time.monotonic()

        def may_go_on() -> bool:
            return not cursor.is_full and time.monotonic() - started < _DRAIN_SECONDS

        for receipts, found in self._queue.receive(may_go_on):
            self._receipts += receipts
            for day in {raw.day_of_object(*place) for place in found for raw in group.sources.values()}:
                if day:
                    cursor.notice(day, now, group.config.automation.settle_minutes * 60)

    def delete_after(self, cursor: str) -> None:
        """Delete the messages received in this tick once Dagster has saved this cursor."""
        self._cursor = cursor


def _run_request(scope: str, run: RunOfDays) -> dg.RunRequest:
    first, last = run.days[0], run.days[-1]
    if len(run.days) > 1:
        tags = {
            run_tags.RANGE_START: first.day.isoformat(),
            run_tags.RANGE_END: last.day.isoformat(),
            run_tags.RANGE_OF: scope,
            run_tags.CHANGES: " ".join(mark_of(request.change) for request in run.days),
            run_tags.RESUME: "true",
        }
        return dg.RunRequest(run_key=run.run_key, tags=tags)
    tags = {run_tags.DAY: f"{scope}/{first.day}", run_tags.CHANGE: first.change, run_tags.RESUME: "true"}
    return dg.RunRequest(run_key=run.run_key, partition_key=first.day.isoformat(), tags=tags)


def _report(defs: GroupDefs, request: DayRequest) -> dg.AssetMaterialization:
    """The raw files of a changed day, as a materialization of ``raw_events``."""
    tally = request.tally
    newest = {"newest": dg.MetadataValue.timestamp(tally.newest)} if tally.files else {}
    return dg.AssetMaterialization(
        defs.key("raw_events"),
        partition=request.day.isoformat(),
        metadata={"files": tally.files, "bytes": tally.bytes, "content": tally.digest, **newest},
    )


def _summary(outcome: Outcome) -> str:
    """What a tick found, in one line."""
    parts = [f"{outcome.looked_at} days checked"]
    count = len(outcome.runs)
    in_runs = f" in {count} run{'s' if count > 1 else ''}" if count < len(outcome.requests) else ""
    for what, days in (
        (f"requested{in_runs}", [request.day for request in outcome.requests]),
        ("not settled", outcome.unsettled),
        ("being converted", outcome.under_way),
        ("failed, to be retried later", outcome.waiting_to_retry),
    ):
        if days:
            some = ", ".join(str(day) for day in days[:5]) + (", …" if len(days) > 5 else "")
            parts.append(f"{len(days)} {what} ({some})")
    if outcome.is_cut_short:
        parts.append("stopped because its time was up; the next tick continues")
    return "; ".join([*parts, *outcome.problems])
