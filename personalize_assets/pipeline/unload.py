"""The stage ``warehouse_unload``: days of a warehouse's tables, written to S3 by one statement a table and day.

Which statement serves whom is decided by the statements that the Data API lists for a table and day, so that processes
need not know of each other:

- One that goes on is waited for, also if a process that died or another run started it. There are never two UNLOADs
  to one place, of which each would delete the other's files.
- Else a new one is started. Its client token is a digest of what is run, where, and of the id of the newest statement
  that has ended: processes that ask at the same moment, and calls that are made again, get the same statement; a run
  after that gets a new one, which sees the rows that have arrived since.
- One of another run that was cancelled is started again; one of this run that was cancelled is an error.

A day's unload counts once its files are recorded (``UnloadRecord``): after Redshift's own list of them was found equal
to what is in S3, and no newer statement had begun. The catalog refuses a day whose files are not those of its records.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from personalize_assets.aws.redshift_data import RedshiftData, Statement
from personalize_assets.config.redshift import Redshift
from personalize_assets.conversion import waiting
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.conversion.waiting import Wait
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import claim_destination
from personalize_assets.pipeline.unload_sql import TABLE_COLUMN, Unload, count_cut, unloads
from personalize_assets.storage.manifests import UnloadedFile, UnloadRecord
from personalize_assets.storage.object_store import ObjectStore, StoredObject, open_store

# A new cluster has five slots for queries (Redshift guide, page cm-c-defining-query-queues): one stays for others.
_AT_ONCE = 4
_FIRST_POLL, _LONGEST_POLL = 0.5, 10.0
# Segment docs, page storage/warehouses/schema: a text column has 512 characters.
_SEGMENT_WIDTH = 512
_DAY = timedelta(days=1)


class IncompleteUnload(PersonalizeAssetsError):
    """Files of a day that are not what a statement unloaded; the text says what to do."""


class ChangingUnload(IncompleteUnload, TransientError):
    """Files of a day that differ from its records: another run may be unloading the day at the moment."""


def last_complete_day() -> date:
    """Yesterday (UTC): no row with an arrival time in it can come any more, only rows that the warehouse gets late."""
    return _today() - _DAY


def _today() -> date:
    return datetime.now(UTC).date()


def complete_days(group: DatasetGroup) -> list[date]:
    """The days from the source's first one to the last that is over."""
    first = group.config.source.start_date
    return [first + n * _DAY for n in range((last_complete_day() - first).days + 1)]


def days_to_unload(group: DatasetGroup, days: Sequence[date]) -> list[date]:
    """Those of the days that need an unload: of some table there is none yet, or not one that is final.

    An unload is final if it was made ``automation.lookback_days`` days after its day began, or later: until then a
    warehouse that is filled a few times a day may still get rows of it.
    """
    plan = list(unloads(_redshift(group), days))
    records = _records(group, plan)
    return sorted({unload.day for unload in plan if not _is_final(group, unload, records.get(_id(unload)))})


def unload_days(
    group: DatasetGroup,
    days: Sequence[date],
    *,
    since: float,
    resume: bool = False,
    log: Callable[[str], None] = lambda line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[date, dict[str, UnloadRecord]]:
    """Unload days (arrival days, UTC), and return what was, by day and table.

    If it is interrupted, or a statement fails, the statements that this call started are cancelled. After a transient
    error they go on: the next try finds them.

    Args:
        since: When the run began that asks, in seconds since the epoch, its retries included: what was submitted since
            then is not done again.
        resume: Leave days whose unload is final, see ``days_to_unload``.

    Raises:
        AwsError: Redshift refuses a call or a statement fails; ``TransientAwsError`` if trying again may help.
        PersonalizeAssetsError: A day is not over, or its files are not what was unloaded.
    """
    redshift = _redshift(group)
    _check_complete(days)
    claim_destination(group)
    api = RedshiftData(redshift, group.config.aws, sleep)
    plan = list(unloads(redshift, days))
    records = _records(group, plan)
    done = {
        _id(unload): record
        for unload in plan
        if (record := records.get(_id(unload)))
        and record.sql == _digest(group, unload)
        and (record.at >= since or (resume and _is_final(group, unload, record)))
    }
    left = [unload for unload in plan if _id(unload) not in done]
    if done:
        log(f"{len(done)} of {len(plan)} unloads are done and left as they are")
    before = {one: record.statement for one, record in records.items()}
    work = _Work(group, api, open_store(redshift.unload, group.config.aws), before, since, log, sleep)
    done |= work.run(left)
    made: dict[date, dict[str, UnloadRecord]] = {day: {} for day in days}
    for unload in plan:
        made[unload.day][unload.table] = done[_id(unload)]
    return made


def check_unloaded(group: DatasetGroup, listed: Mapping[date, Sequence[StoredObject]]) -> None:
    """Raise ``IncompleteUnload`` if the files that were listed of a day are not those of its records.

    Nothing is checked where the source is no warehouse.
    """
    if group.config.source.redshift is None:
        return
    plan = list(unloads(group.config.source.redshift, list(listed)))
    records = _records(group, plan)
    for day, files in listed.items():
        of_day = [unload for unload in plan if unload.day == day]
        for unload in of_day:
            record = records.get(_id(unload))
            if record is None or record.sql != _digest(group, unload):
                found = "is not unloaded" if record is None else "was unloaded by another statement than the config's"
                raise IncompleteUnload(f"{unload.table} of {day} {found}: {_unload_it(day)}")
        wanted = {file.key: file.bytes for unload in of_day for file in records[_id(unload)].files}
        found_files = {file.key: file.bytes for file in files}
        if wanted != found_files:
            raise _difference(group, day, wanted, found_files)


def _difference(
    group: DatasetGroup, day: date, wanted: Mapping[str, int], found: Mapping[str, int]
) -> IncompleteUnload:
    uri = group.config.source.uris[0]
    if missing := sorted(wanted.keys() - found.keys()):
        what = f"{len(missing)} of the {len(wanted)} files unloaded of {day} are missing, as {missing[0]}"
    elif foreign := sorted(found.keys() - wanted.keys()):
        return IncompleteUnload(
            f"{uri} has files of {day} that were not unloaded for this config, as {foreign[0]}; if its table is no "
            "longer in source.redshift.tables, delete its folder, or put the table back"
        )
    else:
        changed = next(key for key in sorted(wanted) if wanted[key] != found[key])
        what = f"{changed} has {found[changed]:,} bytes, but {wanted[changed]:,} were unloaded"
    return ChangingUnload(
        f"{uri}: {what}; it may be unloaded again at the moment: run again after that, or {_unload_it(day)}"
    )


def _unload_it(day: date) -> str:
    return f"materialize warehouse_unload for that day, or use `personalize-assets run --days {day}`"


def _check_complete(days: Sequence[date]) -> None:
    last = last_complete_day()
    if days and max(days) > last:
        raise PersonalizeAssetsError(
            f"{max(days)} is not over (UTC), and rows that arrive later in it would be missing; wanted days up to "
            f"{last}: ask for it after {max(days)} 24:00 UTC"
        )


def _redshift(group: DatasetGroup) -> Redshift:
    redshift = group.config.source.redshift
    if redshift is None:
        raise ValueError("the source is no warehouse")
    return redshift


def _id(unload: Unload) -> tuple[str, date]:
    return unload.table, unload.day


def _records(group: DatasetGroup, plan: Sequence[Unload]) -> dict[tuple[str, date], UnloadRecord]:
    return group.destination.unloads.some(list(map(_id, plan)))


def _is_final(group: DatasetGroup, unload: Unload, record: UnloadRecord | None) -> bool:
    if record is None or record.sql != _digest(group, unload):
        return False
    began = datetime.combine(unload.day, datetime.min.time(), UTC)
    return record.at >= (began + group.config.automation.lookback_days * _DAY).timestamp()


def _digest(group: DatasetGroup, unload: Unload) -> str:
    """Identifies what is run and where, the same in every run."""
    redshift = _redshift(group)
    where = [redshift.workgroup, redshift.cluster, redshift.database]
    return hashlib.sha256(json.dumps([unload.sql, *where]).encode()).hexdigest()[:16]


@dataclass
class _Task:
    """One unload, and the statement that does it at the moment."""

    unload: Unload
    name: str
    digest: str
    statement: Statement


@dataclass
class _Work:
    """Runs unloads, a few at once; see ``unload_days``.

    Attributes:
        before: The statements of the records: the Data API may have forgotten them.
    """

    group: DatasetGroup
    api: RedshiftData
    store: ObjectStore
    before: Mapping[tuple[str, date], str]
    since: float
    log: Callable[[str], None]
    sleep: Callable[[float], None]
    _own: set[str] = field(default_factory=set)
    _starting: str | None = None

    def run(self, plan: Sequence[Unload]) -> dict[tuple[str, date], UnloadRecord]:
        """Unload all of these."""
        done: dict[tuple[str, date], UnloadRecord] = {}
        waiting_ones = deque(plan)
        active: list[_Task] = []
        poll = _FIRST_POLL
        try:
            with waiting.waiting_for(self.api.what) as wait:
                while waiting_ones or active:
                    while waiting_ones and len(active) < _AT_ONCE:
                        active.append(self._begin(waiting_ones.popleft()))
                    ended = self._look_at(active, wait)
                    for task in ended:
                        record = self._finish(task)
                        if record is not None:
                            done[_id(task.unload)] = record
                            active.remove(task)
                    poll = _FIRST_POLL if ended else min(2 * poll, _LONGEST_POLL)
                    if active and not ended:
                        self.sleep(poll)
        except BaseException as error:
            if not isinstance(error, TransientError):
                self._cancel_own()
            raise
        return done

    def _begin(self, unload: Unload) -> _Task:
        """Take up the statement of an unload that goes on, or was submitted since the run began; else start one."""
        digest = _digest(self.group, unload)
        name = f"personalize-assets unload {unload.table} {unload.day} {digest}"
        known = self.api.named(name)
        newest = known[0] if known else None
        going = next((one for one in known if one.is_unfinished), None)
        if going is not None:
            self.log(f"{_what(unload)}: statement {going.id} is under way already ({going.status}); waiting for it")
            return _Task(unload, name, digest, going)
        if newest is not None and newest.status == "FINISHED" and newest.created >= self.since:
            return _Task(unload, name, digest, newest)
        after = newest.id if newest else self.before.get(_id(unload), "")
        return _Task(unload, name, digest, self._start(name, unload.sql, after))

    def _start(self, name: str, sql: str, after: str) -> Statement:
        """Start a statement; ``after`` is the id of the one that it comes after.

        The name is the same in every run: other arguments with the same token would be refused.
        """
        token = hashlib.sha256(json.dumps([sql, self.api.target, after]).encode()).hexdigest()
        self._starting = name
        started = self.api.execute(name, sql, token)
        self._own.add(started.id)
        self._starting = None
        return started

    def _look_at(self, active: Sequence[_Task], wait: Wait) -> list[_Task]:
        """Describe the statements of tasks; returns the tasks whose statement has ended."""
        for task in active:
            task.statement = self.api.describe(task.statement.id)
        going = [task for task in active if task.statement.is_unfinished]
        if going:
            wait.state = f"UNLOAD of {_what(going[0].unload)} is {going[0].statement.status}"
        return [task for task in active if not task.statement.is_unfinished]

    def _finish(self, task: _Task) -> UnloadRecord | None:
        """Record what the statement of a task has unloaded; None if a newer statement is to be waited for."""
        unload, statement = task.unload, task.statement
        is_own = statement.id in self._own
        self._own.discard(statement.id)
        problem: PersonalizeAssetsError | None = None
        found: _Unloaded | None = None
        if statement.status == "FINISHED":
            try:
                found = _unloaded(self.store, unload)
            except IncompleteUnload as error:
                problem = error
        else:
            problem = self.api.failure(_what(unload), statement)
        # Listed before this: no statement had begun by now that could have deleted a file before.
        newer = [one for one in self.api.named(task.name) if one.created > statement.created]
        if newer and (newer[0].is_unfinished or newer[0].status == "FINISHED"):
            self.log(f"{_what(unload)}: it is unloaded again by statement {newer[0].id}; waiting for that")
            task.statement = newer[0]
            return None
        if newer or (statement.status == "ABORTED" and not is_own):
            # One that failed may have deleted files of this one; one that was cancelled was another run's.
            self.log(f"{_what(unload)}: the statement of another run ended without files; starting one")
            task.statement = self._start(task.name, unload.sql, newer[0].id if newer else statement.id)
            return None
        if problem is not None:
            raise problem
        assert found is not None
        record = UnloadRecord(
            sql=task.digest,
            statement=statement.id,
            at=statement.created,
            rows=found.rows,
            files=found.files,
            cut=self._count_cut(task, found),
        )
        self.group.destination.unloads.put(unload.table, unload.day, record)
        return record

    def _count_cut(self, task: _Task, found: _Unloaded) -> dict[str, int] | None:
        """Of the columns of JSON text that the config names, how many texts may be cut; None if that is unknown."""
        parsed = {parse_path(path)[0] for path in self.group.config.source.parse}
        lower = {str(name).lower() for name in parsed}
        widths = {column: width for column, width in found.widths.items() if column.lower() in lower}
        if not widths or found.rows == 0:
            return {}
        try:
            sql = count_cut(task.unload, widths)
            name = task.name.replace(" unload ", " count ", 1)
            counting = self._start(name, sql, task.statement.id)
            poll = _FIRST_POLL
            while counting.is_unfinished:
                self.sleep(poll)
                poll = min(2 * poll, _LONGEST_POLL)
                counting = self.api.describe(counting.id)
            self._own.discard(counting.id)
            if counting.status != "FINISHED":
                raise self.api.failure(f"cut texts of {_what(task.unload)}", counting)
            return dict(zip(widths, self.api.numbers(counting.id), strict=True))
        except PersonalizeAssetsError as error:
            self.log(f"cut texts are not counted: {error}")
            return None

    def _cancel_own(self) -> None:
        """Cancel what was started here. Failures are logged: the error or interrupt that led here is raised."""
        ids = set(self._own)
        try:
            if self._starting:  # the interrupt may have come before the answer
                ids |= {one.id for one in self.api.named(self._starting) if one.is_unfinished}
        except PersonalizeAssetsError as error:
            self.log(f"statements that were just being started cannot be listed, and may go on: {error}")
        for id in sorted(ids):
            try:
                self.log(f"cancelling statement {id}")
                self.api.cancel(id)
            except PersonalizeAssetsError as error:
                self.log(f"statement {id} could not be cancelled and may go on: {error}")


def _what(unload: Unload) -> str:
    return f"{unload.table} of {unload.day}"


@dataclass(frozen=True)
class _Unloaded:
    """What is in S3 after a statement: the files, their rows, and the width of each text column."""

    files: tuple[UnloadedFile, ...]
    rows: int | None
    widths: Mapping[str, int]


def _unloaded(store: ObjectStore, unload: Unload) -> _Unloaded:
    """What a finished statement left. Raises ``IncompleteUnload`` if that is not what its manifest lists.

    Without rows, Redshift may write no file and no manifest.
    """
    manifest_key = f"{unload.folder}manifest"
    files = {file.key: file.bytes for file in store.files(unload.folder)}
    files.pop(manifest_key, None)
    data = store.read(manifest_key)
    where = f"{store.uri}/{unload.folder}"
    if data is None:
        if files:
            raise IncompleteUnload(
                f"{where} has {len(files)} files without a manifest, which UNLOAD writes last; {_unload_it(unload.day)}"
            )
        return _Unloaded((), 0, {})
    try:
        manifest: Any = json.loads(data)
        entries = {entry["url"].removeprefix(f"{store.uri}/"): entry.get("meta", {}) for entry in manifest["entries"]}
        sizes = {key: meta.get("content_length") for key, meta in entries.items()}
        counts = [meta.get("record_count") for meta in entries.values()]
        widths = dict(_widths(manifest))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IncompleteUnload(f"{where}manifest is no manifest of UNLOAD: {error}; {_unload_it(unload.day)}") from None
    wrong = sorted(key for key in sizes.keys() | files.keys() if key not in files or key not in sizes)
    wrong += sorted(key for key in sizes.keys() & files.keys() if sizes[key] not in (None, files[key]))
    if wrong:
        raise IncompleteUnload(
            f"{where} is not what its manifest lists: {wrong[0]} is missing, foreign or of another size; "
            f"{_unload_it(unload.day)}"
        )
    rows = None if None in counts else sum(counts)
    return _Unloaded(tuple(UnloadedFile(key, files[key]) for key in sorted(files)), rows, widths)


def _widths(manifest: Any) -> Iterator[tuple[str, int]]:
    """The width of each text column in a manifest; where it is not given, Segment's."""
    for column in manifest.get("schema", {}).get("elements", ()):
        kind = column.get("type", {})
        if kind.get("base") in ("character varying", "varchar") and column["name"] != TABLE_COLUMN:
            yield column["name"], int(kind.get("max_length") or _SEGMENT_WIDTH)
