"""Which arrival days have changed, which of them have settled, and which are to be converted now. Without Dagster.

The content of a day is identified by the digest of its listing (``storage.raw_files.Tally``), and what is converted by
the digest in the day's commits. The cursor only saves reading commits: a lost cursor, a restart or a conversion by hand
neither loses a day nor converts it twice. All times are seconds since the epoch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec

from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import NO_FILES, Tally

# These bounds keep the cursor below 50 kB, however long the history: a done day takes about 40 bytes, a watched one 80.
_MAX_DONE = 400
_MAX_WATCHED = 300
# Per tick: watched days that are listed, and runs that are requested.
_WATCHED_PER_TICK = 20
_RUNS_PER_TICK = 25
# Days of a history that is listed for the first time, so that adjacent ones become one run.
_FIRST_ROUND_PER_TICK = 400
_FILES_PER_TIME_CHECK = 1000
# A failed day is requested again after an hour, then two, four, …; after a permanent error once a day, because nothing
# notifies us when a permission has been granted.
_FIRST_WAIT = 3600.0
_LONGEST_WAIT = 24 * 3600.0


class Position(NamedTuple):
    """How far the listing of a day has come: all sources before this one, and its keys up to this one."""

    source: str
    key: str


class CommittedDay(NamedTuple):
    """What is committed of a day: the digest of the content it was made of, and the runs that made it.

    Without a commit the content is that of a day without files, and ``runs`` is ``new``.
    """

    content: str = NO_FILES
    runs: str = "new"


class Runs(NamedTuple):
    """The runs about a day, and those that were requested for one change of it.

    Attributes:
        is_under_way: Whether any run that converts the day has not ended, whatever started it.
        finished: Runs for this change that ended.
        ended: When the last of them ended.
        is_permanent: Whether the last of them ended with a permanent error.
    """

    is_under_way: bool = False
    finished: int = 0
    ended: float = 0.0
    is_permanent: bool = False


class SensorState(Protocol):
    """What a tick reads besides the cursor: sources, destination and the history of runs."""

    def expect(self, days: Sequence[date]) -> None:
        """The days whose files will be asked for from their beginning, in this order: they may be listed ahead."""

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredObject]]:
        """The raw files of a day that come after a position, as ``(source, file)``: source by source, in key order."""

    def committed(self, day: date) -> CommittedDay:
        """What is committed of a day in all datasets together."""

    def runs(self, day: date, change: str) -> Runs:
        """The runs for a day; ``change`` as in ``DayRequest``."""

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        """The problem to log if a source that had files on this day, but is not among these, is now empty."""


class DayRequest(NamedTuple):
    """A day to convert.

    Attributes:
        change: Names what is to be replaced by what.
        run_key: The change and the number of the try, so that Dagster runs each of them once.
        is_first: Whether no run for this change has ended yet.
        tally: The day's files.
    """

    day: date
    change: str
    run_key: str
    is_first: bool
    tally: Tally


class RunOfDays(NamedTuple):
    """Adjacent days, oldest first, to convert in one run."""

    days: tuple[DayRequest, ...]

    @property
    def run_key(self) -> str:
        """That of the day, or one of all days and changes: the same if the same is found again."""
        if len(self.days) == 1:
            return self.days[0].run_key
        keys = "\n".join(request.run_key for request in self.days)
        return f"{self.days[0].day}..{self.days[-1].day}/{hashlib.sha256(keys.encode()).hexdigest()[:16]}"


def mark_of(change: str) -> str:
    """Stands for a change of a day in the tags of a run of several days."""
    return hashlib.sha256(change.encode()).hexdigest()[:12]


class Watched(msgspec.Struct, array_like=True):
    """A day that waits: to settle, for its run, or for the next try. ``due`` is when to list it again."""

    digest: str
    first_seen: float
    due: float


class Partial(msgspec.Struct):
    """A listing that was stopped because time ran out."""

    day: str
    position: Position
    tally: Tally


class Cursor(msgspec.Struct):
    """What a tick leaves for the next one; stored by Dagster as text.

    Attributes:
        scope: Identifies the sources and the destination that the cursor is about.
        done: The digest of each converted day; the oldest days are dropped.
        watched: Days that wait, by day.
        left: Days that the last tick had no time for.
        older: The older day that was listed last.
        partial: A listing to continue.
        has_listed_all: Whether each of the older days was listed once.
    """

    scope: str = ""
    done: dict[str, str] = msgspec.field(default_factory=dict)
    watched: dict[str, Watched] = msgspec.field(default_factory=dict)
    left: list[str] = msgspec.field(default_factory=list)
    older: str = ""
    partial: Partial | None = None
    has_listed_all: bool = False

    @classmethod
    def read(cls, text: str | None, scope: str) -> Cursor:
        """Decode a cursor; a new one if there is none, if it cannot be decoded, or if it has another scope."""
        try:
            cursor = msgspec.json.decode(text or "", type=cls)
        except msgspec.MsgspecError:
            return cls(scope)
        return cursor if cursor.scope == scope else cls(scope)

    def text(self) -> str:
        """The cursor as JSON."""
        return msgspec.json.encode(self).decode()

    def notice(self, day: date, now: float, settle_seconds: float) -> None:
        """Watch a day that a notification names as changed."""
        waiting = self.watched.get(day.isoformat())
        if waiting is None:
            self.watched[day.isoformat()] = Watched("", now, now)
        else:
            waiting.due = min(waiting.due, now + settle_seconds)

    @property
    def is_full(self) -> bool:
        """Whether no more days can be watched."""
        return len(self.watched) >= _MAX_WATCHED


@dataclass(frozen=True)
class Rules:
    """Which days to list, and how long a day must be unchanged.

    Attributes:
        recent: Days listed in every tick.
        older: Days of which each tick lists the next ``older_per_tick``, newest first.
        settle_seconds: A day has settled when nothing has changed for so long.
        days_per_run: How many adjacent days are one run at most.
    """

    recent: Sequence[date]
    older: Sequence[date]
    older_per_tick: int
    settle_seconds: float
    days_per_run: int = 1


@dataclass
class Outcome:
    """What a tick did: runs to request, and days by why they wait. ``requests`` are the days of ``runs``."""

    runs: list[RunOfDays] = field(default_factory=list)
    requests: list[DayRequest] = field(default_factory=list)
    looked_at: int = 0
    unsettled: list[date] = field(default_factory=list)
    under_way: list[date] = field(default_factory=list)
    waiting_to_retry: list[date] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_cut_short: bool = False


class Verdict(Enum):
    """Whether a day is converted, must wait, or is to be requested now."""

    DONE = "done"
    UNSETTLED = "unsettled"
    UNDER_WAY = "under way"
    RETRY_LATER = "retry later"
    VANISHED = "vanished"
    DUE = "due"


class Decision(NamedTuple):
    """What to do about a day; ``look_again`` is when to list it again if it is not done."""

    verdict: Verdict
    look_again: float = 0.0
    request: DayRequest | None = None
    problem: str = ""


def tick(cursor: Cursor, state: SensorState, rules: Rules, now: float, out_of_time: Callable[[], bool]) -> Outcome:
    """List the days that are due, decide about each, and change the cursor accordingly.

    However little time there is, every tick gets one step further; the next one begins with what it leaves.
    """
    outcome = Outcome()
    plan = _plan(cursor, rules, now)
    cursor.left = []
    state.expect([day for day in plan if cursor.partial is None or cursor.partial.day != day.isoformat()])
    for index, day in enumerate(plan):
        tally = None
        if index == 0 or not out_of_time():
            tally = _list_day(cursor, state, day, out_of_time)
        if tally is None:
            outcome.is_cut_short = True
            cursor.left = [later.isoformat() for later in plan[index:]]
            break
        outcome.looked_at += 1
        if cursor.done.get(day.isoformat()) == tally.digest:
            decision = Decision(Verdict.DONE)
        else:
            decision = decide(day, tally, _first_seen(cursor, day, tally, now), state, rules, now)
        _apply(decision, cursor, outcome, day, tally, now)
    # What is too much for this tick is due again in the next one.
    outcome.runs = runs_of(outcome.requests, rules.days_per_run)[-_RUNS_PER_TICK:]
    outcome.requests = [request for run in outcome.runs for request in run.days]
    _bound(cursor)
    return outcome


def runs_of(requests: Sequence[DayRequest], most: int) -> list[RunOfDays]:
    """Adjacent days in runs of at most so many, oldest first; a day that has failed has a run of its own.

    So a day that cannot be converted holds up no others after the first try.
    """
    runs: list[list[DayRequest]] = []
    for request in sorted(requests, key=lambda request: request.day):
        before = runs[-1][-1] if runs else None
        is_next = before is not None and request.day - before.day == timedelta(days=1)
        if before and is_next and request.is_first and before.is_first and len(runs[-1]) < most:
            runs[-1].append(request)
        else:
            runs.append([request])
    return [RunOfDays(tuple(days)) for days in runs]


def _plan(cursor: Cursor, rules: Rules, now: float) -> list[date]:
    """Days left by the last tick, watched days that are due, recent days, and the next of the older ones; each once."""
    days = {day.isoformat(): day for day in (*rules.recent, *rules.older)}
    cursor.watched = {day: waiting for day, waiting in cursor.watched.items() if day in days}
    due = sorted((waiting.due, day) for day, waiting in cursor.watched.items() if waiting.due <= now)
    older = sorted((day.isoformat() for day in rules.older), reverse=True)
    turn: list[str] = []
    if not set(cursor.left) & set(older):
        start = sum(day >= cursor.older for day in older) if cursor.older else 0
        if cursor.has_listed_all:
            turn = (older[start:] + older[:start])[: rules.older_per_tick]
        else:
            turn = older[start:][: max(rules.older_per_tick, _FIRST_ROUND_PER_TICK)]
            cursor.has_listed_all = start + len(turn) == len(older)
        cursor.older = turn[-1] if turn else ""
    recent = sorted((day.isoformat() for day in rules.recent), reverse=True)
    names = [*cursor.left, *(day for _, day in due[:_WATCHED_PER_TICK]), *recent, *turn]
    return [days[name] for name in dict.fromkeys(names) if name in days]


def _list_day(cursor: Cursor, state: SensorState, day: date, out_of_time: Callable[[], bool]) -> Tally | None:
    """The sum of a day's listing, begun now or in an earlier tick; None if the time ran out again."""
    partial = cursor.partial if cursor.partial and cursor.partial.day == day.isoformat() else None
    tally = partial.tally if partial else Tally()
    cursor.partial = None
    files = state.files(day, partial.position if partial else None)
    while batch := list(islice(files, _FILES_PER_TIME_CHECK)):
        for source in dict.fromkeys(source for source, _ in batch):
            tally.add(source, (file for its, file in batch if its == source))
        if len(batch) == _FILES_PER_TIME_CHECK and out_of_time():
            source, file = batch[-1]
            cursor.partial = Partial(day.isoformat(), Position(source, file.key), tally)
            return None
    return tally


def _first_seen(cursor: Cursor, day: date, tally: Tally, now: float) -> float:
    """When the day was first listed with its present content."""
    waiting = cursor.watched.get(day.isoformat())
    return waiting.first_seen if waiting and waiting.digest == tally.digest else now


def decide(day: date, tally: Tally, first_seen: float, state: SensorState, rules: Rules, now: float) -> Decision:
    """Decide about one day from its listing, its commits and its runs; changes nothing."""
    # Without files, or with a time of modification in the future (a wrong clock), the first listing counts.
    quiet_since = tally.newest if tally.files and tally.newest <= now else first_seen
    settled_at = quiet_since + rules.settle_seconds
    if tally.files and now < settled_at:
        return Decision(Verdict.UNSETTLED, settled_at)
    committed = state.committed(day)
    change = f"{day.isoformat()}/{tally.digest}/{committed.runs}"
    runs = state.runs(day, change)
    # A run under way may have found other content before the day came back to this one: its commit will replace this.
    if committed.content == tally.digest and not runs.is_under_way:
        return Decision(Verdict.DONE)
    if now < settled_at:
        return Decision(Verdict.UNSETTLED, settled_at)
    if runs.is_under_way:
        return Decision(Verdict.UNDER_WAY, now)
    retry_at = runs.ended + (_LONGEST_WAIT if runs.is_permanent else _wait_after(runs.finished))
    if runs.finished and now < retry_at:
        return Decision(Verdict.RETRY_LATER, retry_at)
    if problem := state.vanished(day, tally.sources):
        return Decision(Verdict.VANISHED, now + _FIRST_WAIT, problem=problem)
    request = DayRequest(day, change, f"{change}/{runs.finished + 1}", runs.finished == 0, tally)
    return Decision(Verdict.DUE, now, request)


def _apply(decision: Decision, cursor: Cursor, outcome: Outcome, day: date, tally: Tally, now: float) -> None:
    """Enter a decision into the cursor and the outcome."""
    name = day.isoformat()
    if decision.verdict is Verdict.DONE:
        cursor.done[name] = tally.digest
        cursor.watched.pop(name, None)
        return
    # Forgotten even if the day comes back to this content: a run may find another one in between.
    cursor.done.pop(name, None)
    if name in cursor.watched or not cursor.is_full:  # else it is found again when the older days reach it
        cursor.watched[name] = Watched(tally.digest, _first_seen(cursor, day, tally, now), decision.look_again)
    if decision.verdict is Verdict.UNSETTLED:
        outcome.unsettled.append(day)
    elif decision.verdict is Verdict.UNDER_WAY:
        outcome.under_way.append(day)
    elif decision.verdict is Verdict.RETRY_LATER:
        outcome.waiting_to_retry.append(day)
    elif decision.verdict is Verdict.VANISHED:
        outcome.problems.append(decision.problem)
    elif decision.request:
        outcome.requests.append(decision.request)


def _wait_after(failures: int) -> float:
    return min(_FIRST_WAIT * 2.0 ** min(failures - 1, 10), _LONGEST_WAIT)


def _bound(cursor: Cursor) -> None:
    """Forget the oldest done days: reading their commits once, when their turn comes, gives the same."""
    for day in sorted(cursor.done)[: -_MAX_DONE or None]:
        del cursor.done[day]
