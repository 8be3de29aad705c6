"""The arrivals sensor: ``arrivals`` put between the sources, the destination and Dagster's history of runs."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from personalize_assets.aws.event_queue import Queue, day_of
from personalize_assets.orchestration.automation import HOW_TO_SWITCH_ON
from personalize_assets.orchestration.group import MAX_RUNTIME, PERMANENT_TAG, RESUME_TAG, Group
from personalize_assets.pipeline.arrivals import Ask, Converted, Cursor, Outcome, Position, Rules, Runs, tick
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.storage.object_store import StoredFile
from personalize_assets.storage.raw_files import DayListing

if TYPE_CHECKING:
    from dagster._core.storage.dagster_run import RunRecord

# Dagster stops a tick after 60 s (DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS), and a page of S3's can take a few.
TICK_SECONDS = 40.0
_DRAIN_SECONDS = 15.0
# A year of days takes three hours at a request a minute for S3, which costs by the request; a folder costs nothing.
_OLDER_DAYS_S3, _OLDER_DAYS_FOLDER = 2, 100

DAY_TAG = "personalize_assets/day"
CHANGE_TAG = "personalize_assets/change"

_DESCRIPTION = (
    "Looks for days whose raw files have changed, waits until nothing has come for {settle:g} minutes, reports them as "
    "`raw_events` and asks for one run of `{job}` a day. " + HOW_TO_SWITCH_ON
)


def arrivals(group: Group, job: str) -> dg.SensorDefinition:
    """The sensor that asks for a run of the job called ``job`` for each day that has changed and settled."""
    automation = group.pipeline.config.automation
    notices = _Notices(Queue(automation.sqs_queue, group.pipeline.config.aws)) if automation.sqs_queue else None

    @dg.sensor(
        name=group.name("arrivals"),
        job_name=job,
        minimum_interval_seconds=automation.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING if automation.on else dg.DefaultSensorStatus.STOPPED,
        description=_DESCRIPTION.format(settle=automation.settle_minutes, job=job),
    )
    def arrivals(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        started = time.monotonic()
        now = datetime.now(UTC)
        scope = _scope(group.pipeline)
        cursor = Cursor.read(context.cursor, scope)
        world = _World(group.pipeline, context.instance, scope, job, now.timestamp())
        if notices:
            notices.put_on_watch(cursor, context.cursor, group.pipeline, now.timestamp())
        rules = _rules(group.pipeline, now.date())
        outcome = tick(cursor, world, rules, now.timestamp(), lambda: time.monotonic() - started > TICK_SECONDS)
        for problem in outcome.problems:
            context.log.error(problem)
        context.log.info(_told(outcome))
        if notices:
            notices.delete_after(cursor.text())
        return dg.SensorResult(
            run_requests=[_request(scope, ask) for ask in outcome.asks],
            asset_events=[_reported(group, ask) for ask in outcome.asks if ask.is_first],
            cursor=cursor.text(),
            skip_reason=None if outcome.asks else dg.SkipReason(_told(outcome)),
        )

    return arrivals


def _scope(pipeline: Pipeline) -> str:
    """Names what a cursor and the tags of runs are about: sources, destination and datasets."""
    places = [f"{id} {raw.source.uri} {raw.source.layout}" for id, raw in pipeline.sources.items()]
    told = "\n".join([*places, pipeline.destination.uri, *pipeline.datasets])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _rules(pipeline: Pipeline, today: date) -> Rules:
    automation, source = pipeline.config.automation, pipeline.config.source
    days = [source.start_date + timedelta(days=n) for n in range((today - source.start_date).days + 1)]
    recent = set(days[-automation.lookback_days :])
    if any(raw.source.layout == "flat" for raw in pipeline.sources.values()):
        recent.update(days[:1])  # all files of a flat source are of the first day
    if automation.arrivals == "sqs":
        recent = set()  # the queue names the days; all of them take turns, in case a message was lost
    is_s3 = any(raw.source.uri.startswith("s3://") for raw in pipeline.sources.values())
    share = automation.older_days_per_tick or (_OLDER_DAYS_S3 if is_s3 else _OLDER_DAYS_FOLDER)
    return Rules(sorted(recent), [day for day in days if day not in recent], share, automation.settle_minutes * 60)


class _World:
    """What ``tick`` asks of the sources, the destination and the instance."""

    def __init__(self, pipeline: Pipeline, instance: dg.DagsterInstance, scope: str, job: str, now: float) -> None:
        self.pipeline = pipeline
        self._instance = instance
        self._scope = scope
        self._job = job
        self._now = now
        self._listings = {id: DayListing(raw) for id, raw in pipeline.sources.items()}

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredFile]]:
        ids = list(self._listings)
        if after and after.source in ids:
            ids = ids[ids.index(after.source) :]
        for id in ids:
            key = after.key if after and after.source == id else ""
            for file in self._listings[id].files(day, key):
                yield id, file

    def converted(self, day: date) -> Converted:
        return self.pipeline.converted(day)

    def runs(self, day: date, change: str) -> Runs:
        of_day = dg.RunsFilter(job_name=self._job, tags={DAY_TAG: f"{self._scope}/{day}"})
        records = self._instance.get_run_records(of_day, limit=100)
        if any(self._is_under_way(record) for record in records):
            return Runs(is_under_way=True)
        # A run that was not even queued is launched by asking for it again.
        ended = [
            record
            for record in records
            if record.dagster_run.tags.get(CHANGE_TAG) == change
            and record.dagster_run.status != dg.DagsterRunStatus.NOT_STARTED
        ]
        if not ended:
            return Runs()
        last = max(ended, key=_ended)
        return Runs(False, len(ended), _ended(last), last.dagster_run.tags.get(PERMANENT_TAG) == "true")

    def _is_under_way(self, record: "RunRecord") -> bool:
        run = record.dagster_run
        if run.is_finished or run.status == dg.DagsterRunStatus.NOT_STARTED:
            return False
        # Nobody tells of the end of a run whose machine has gone, where no run monitoring does.
        return record.start_time is None or self._now < record.start_time + MAX_RUNTIME.total_seconds()

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        catalog = self.pipeline.destination.catalog(day)
        had = {file["source"] for file in (catalog or {}).get("files", ())}
        for id, raw in self.pipeline.sources.items():
            if id in had and id not in sources and not raw.store.holds():
                return (
                    f"{raw.store.uri} is empty, but held files of {day}: that day is left as it is; mount the folder "
                    "or correct the uri in the config, or materialize the day by hand if it is meant to be empty"
                )
        return None


def _ended(record: "RunRecord") -> float:
    return record.end_time or record.update_timestamp.timestamp()


class _Notices:
    """The days that a queue names.

    Its messages are deleted one tick later, when Dagster has the cursor that holds the days: whatever dies before, a
    tick, the daemon or this process, sees them again.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._receipts: list[str] = []
        self._cursor: str | None = None

    def put_on_watch(self, cursor: Cursor, saved: str | None, pipeline: Pipeline, now: float) -> None:
        """Read the queue as far as there is time, and room on watch; the rest stays for the next tick."""
        if self._cursor is not None and self._cursor == saved:
            self._queue.delete(self._receipts)
        self._receipts, self._cursor = [], None
        started = time.monotonic()

        def may_go_on() -> bool:
            return not cursor.is_full and time.monotonic() - started < _DRAIN_SECONDS

        for receipts, found in self._queue.receive(may_go_on):
            self._receipts += receipts
            for day in {day_of(raw, *place) for place in found for raw in pipeline.sources.values()}:
                if day:
                    cursor.notice(day, now, pipeline.config.automation.settle_minutes * 60)

    def delete_after(self, cursor: str) -> None:
        self._cursor = cursor


def _request(scope: str, ask: Ask) -> dg.RunRequest:
    tags = {DAY_TAG: f"{scope}/{ask.day}", CHANGE_TAG: ask.change, RESUME_TAG: "true"}
    return dg.RunRequest(run_key=ask.run_key, partition_key=ask.day.isoformat(), tags=tags)


def _reported(group: Group, ask: Ask) -> dg.AssetMaterialization:
    tally = ask.tally
    newest = {"newest": dg.MetadataValue.timestamp(tally.newest)} if tally.files else {}
    return dg.AssetMaterialization(
        group.key("raw_events"),
        partition=ask.day.isoformat(),
        metadata={"files": tally.files, "bytes": tally.bytes, "content": tally.digest, **newest},
    )


def _told(outcome: Outcome) -> str:
    """What came of a tick, in one line."""
    parts = [f"{outcome.looked_at} days looked at"]
    for what, days in (
        ("asked for", [ask.day for ask in outcome.asks]),
        ("not settled", outcome.unsettled),
        ("being converted", outcome.under_way),
        ("failed, to be tried again later", outcome.waiting_to_retry),
    ):
        if days:
            some = ", ".join(str(day) for day in days[:5]) + (", …" if len(days) > 5 else "")
            parts.append(f"{len(days)} {what} ({some})")
    if outcome.is_cut_short:
        parts.append("stopped early for want of time; the next tick goes on")
    return "; ".join([*parts, *outcome.problems])
