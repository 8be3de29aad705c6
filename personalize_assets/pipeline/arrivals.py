"""Which arrival days have changed, which of them have settled, and which are to be converted now. Without Dagster.

A day's content is told by a digest of its listing, and what is converted by the digest in the day's commits: the cursor
only saves looking there. So a lost cursor, a restart or a conversion by hand neither loses a day nor converts it twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec

from personalize_assets.storage.object_store import StoredFile

# The cursor stays below 50 kB, whatever the history: so many days at about 40 and 80 bytes each.
_MOST_DONE = 400
_MOST_WATCHED = 300
# Of the days that wait for something, so many are looked at in a tick, and so many runs are asked for.
_WATCHED_PER_TICK = 20
_ASKS_PER_TICK = 25
_FILES_BETWEEN_LOOKS_AT_THE_CLOCK = 1000
# A failed day is asked for again after an hour, then two, four, …; once a day where the failure does not pass by
# itself: nobody tells us when a permission has been granted.
_FIRST_WAIT = 3600.0
_LONGEST_WAIT = 24 * 3600.0

_BITS = 96


class Tally(msgspec.Struct):
    """The sum of a listing, in any order of files and in several goes. ``newest`` is 0 without a file."""

    total: str = "0" * (_BITS // 4)
    files: int = 0
    bytes: int = 0
    newest: float = 0.0
    sources: list[str] = msgspec.field(default_factory=list)

    def add(self, source: str, files: Iterable[StoredFile]) -> None:
        total = int(self.total, 16)
        for file in files:
            told = f"{source}\0{file.key}\0{file.bytes}\0{file.version}".encode("utf-8", "surrogateescape")
            total += int.from_bytes(hashlib.blake2b(told, digest_size=_BITS // 8).digest(), "big")
            self.files += 1
            self.bytes += file.bytes
            self.newest = max(self.newest, file.modified)
            if source not in self.sources:
                self.sources.append(source)
        self.total = f"{total % 2**_BITS:0{_BITS // 4}x}"

    @property
    def digest(self) -> str:
        """Equal for equal keys, sizes and versions (``StoredFile``) of the same sources."""
        return self.total


NOTHING = Tally().digest
"""The digest of a day without files, and the content of a day that was never converted."""


def content_digest(files: Mapping[str, Iterable[StoredFile]]) -> str:
    """The digest of a day's files, by source."""
    tally = Tally()
    for source, listed in files.items():
        tally.add(source, listed)
    return tally.digest


class Position(NamedTuple):
    """How far the listing of a day has come: all sources before this one, and its keys up to this one."""

    source: str
    key: str


class Converted(NamedTuple):
    """What is in force of a day: the digest of the content it was made of, and the runs that made it."""

    content: str = NOTHING
    runs: str = "new"


class Runs(NamedTuple):
    """The runs that were asked for: whether one for the day is under way, and how those for this change ended.

    ``ended`` is when the last of them did; ``is_permanent`` whether its failure will not pass by itself.
    """

    is_under_way: bool = False
    finished: int = 0
    ended: float = 0.0
    is_permanent: bool = False


class World(Protocol):
    """What lies around the cursor: sources, destination and the history of runs."""

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredFile]]:
        """The raw files of a day that come after a position, as ``(source, file)``: source by source, in key order."""

    def converted(self, day: date) -> Converted:
        """What is in force of a day, in all datasets; without content if they are not of the same."""

    def runs(self, day: date, change: str) -> Runs: ...

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        """The text to show if a source that had files on this day, but is not among these, is now empty altogether."""


class Ask(NamedTuple):
    """A day to convert. ``change`` names what is to be replaced by what; ``run_key`` counts its runs too."""

    day: date
    change: str
    run_key: str
    is_first: bool
    tally: Tally


class Watched(msgspec.Struct, array_like=True):
    """A day that waits: to settle, for its run, or for the next try. ``due`` is when to look at it again."""

    digest: str
    first_seen: float
    due: float


class Partial(msgspec.Struct):
    """A listing that the time did not suffice for."""

    day: str
    position: Position
    tally: Tally


class Cursor(msgspec.Struct):
    """What a tick leaves for the next one; ``scope`` names the sources and the destination it is about."""

    scope: str = ""
    done: dict[str, str] = msgspec.field(default_factory=dict)
    watched: dict[str, Watched] = msgspec.field(default_factory=dict)
    left: list[str] = msgspec.field(default_factory=list)
    older: str = ""
    partial: Partial | None = None

    @classmethod
    def read(cls, text: str | None, scope: str) -> Cursor:
        """The cursor in a text; a new one if there is none, if it cannot be read, or if it is about something else."""
        try:
            cursor = msgspec.json.decode(text or "", type=cls)
        except msgspec.MsgspecError:
            return cls(scope)
        return cursor if cursor.scope == scope else cls(scope)

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    def notice(self, day: date, now: float, settle_seconds: float) -> None:
        """Look at a day soon, because somebody says it has changed."""
        waiting = self.watched.get(day.isoformat())
        if waiting is None:
            self.watched[day.isoformat()] = Watched("", now, now)
        else:
            waiting.due = min(waiting.due, now + settle_seconds)

    @property
    def is_full(self) -> bool:
        return len(self.watched) >= _MOST_WATCHED


@dataclass(frozen=True)
class Rules:
    """``recent`` days are listed in every tick, and ``older_per_tick`` of the ``older`` ones, which take turns."""

    recent: Sequence[date]
    older: Sequence[date]
    older_per_tick: int
    settle_seconds: float


@dataclass
class Outcome:
    """What came of a tick."""

    asks: list[Ask] = field(default_factory=list)
    looked_at: int = 0
    unsettled: list[date] = field(default_factory=list)
    under_way: list[date] = field(default_factory=list)
    waiting_to_retry: list[date] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_cut_short: bool = False


def tick(cursor: Cursor, world: World, rules: Rules, now: float, out_of_time: Callable[[], bool]) -> Outcome:
    """Look at the days whose turn it is and change the cursor accordingly.

    However little time there is, every tick gets one step further; what it leaves is the first thing of the next.
    """
    outcome = Outcome()
    plan = _plan(cursor, rules, now)
    cursor.left = []
    for index, day in enumerate(plan):
        tally = None
        if index == 0 or not out_of_time():
            tally = _listed(cursor, world, day, out_of_time)
        if tally is None:
            outcome.is_cut_short = True
            cursor.left = [later.isoformat() for later in plan[index:]]
            break
        outcome.looked_at += 1
        _judge(cursor, world, rules, now, day, tally, outcome)
    _bound(cursor)
    return outcome


def _plan(cursor: Cursor, rules: Rules, now: float) -> list[date]:
    """What the last tick has left, days that are due, recent days, and some of the older ones; each once."""
    days = {day.isoformat(): day for day in (*rules.recent, *rules.older)}
    cursor.watched = {day: waiting for day, waiting in cursor.watched.items() if day in days}
    due = sorted((waiting.due, day) for day, waiting in cursor.watched.items() if waiting.due <= now)
    older = sorted((day.isoformat() for day in rules.older), reverse=True)
    turn: list[str] = []
    if not set(cursor.left) & set(older):
        start = sum(day >= cursor.older for day in older) if cursor.older else 0
        turn = (older[start:] + older[:start])[: rules.older_per_tick]
        cursor.older = turn[-1] if turn else ""
    recent = sorted((day.isoformat() for day in rules.recent), reverse=True)
    names = [*cursor.left, *(day for _, day in due[:_WATCHED_PER_TICK]), *recent, *turn]
    return [days[name] for name in dict.fromkeys(names) if name in days]


def _listed(cursor: Cursor, world: World, day: date, out_of_time: Callable[[], bool]) -> Tally | None:
    """The sum of a day's listing, begun now or in an earlier tick; None if the time ran out again."""
    partial = cursor.partial if cursor.partial and cursor.partial.day == day.isoformat() else None
    tally = partial.tally if partial else Tally()
    cursor.partial = None
    files = world.files(day, partial.position if partial else None)
    while batch := list(islice(files, _FILES_BETWEEN_LOOKS_AT_THE_CLOCK)):
        for source in dict.fromkeys(source for source, _ in batch):
            tally.add(source, (file for its, file in batch if its == source))
        if len(batch) == _FILES_BETWEEN_LOOKS_AT_THE_CLOCK and out_of_time():
            source, file = batch[-1]
            cursor.partial = Partial(day.isoformat(), Position(source, file.key), tally)
            return None
    return tally


def _judge(cursor: Cursor, world: World, rules: Rules, now: float, day: date, tally: Tally, outcome: Outcome) -> None:
    """Whether a day is done, or is to be asked for, or has to wait."""
    name = day.isoformat()
    if cursor.done.get(name) == tally.digest:
        cursor.watched.pop(name, None)
        return
    # Should it come back to what it was, a run may have found it in between: the commit is to be asked.
    cursor.done.pop(name, None)
    waiting = cursor.watched.get(name)
    first_seen = waiting.first_seen if waiting and waiting.digest == tally.digest else now

    def wait(until: float, kind: list[date]) -> None:
        kind.append(day)
        if waiting or not cursor.is_full:  # else its turn among the older days finds it again
            cursor.watched[name] = Watched(tally.digest, first_seen, until)

    # Of a time to come, by a wrong clock, or no file at all any more: then the first look counts.
    quiet_since = tally.newest if tally.files and tally.newest <= now else first_seen
    if tally.files and now < quiet_since + rules.settle_seconds:
        wait(quiet_since + rules.settle_seconds, outcome.unsettled)
        return
    converted = world.converted(day)
    change = f"{name}/{tally.digest}/{converted.runs}"
    runs = world.runs(day, change)
    # What is in force now is soon replaced, if a run has found something else before the day came back to it.
    if converted.content == tally.digest and not runs.is_under_way:
        cursor.done[name] = tally.digest
        cursor.watched.pop(name, None)
        return
    if now < quiet_since + rules.settle_seconds:
        wait(quiet_since + rules.settle_seconds, outcome.unsettled)
        return
    again = runs.ended + (_LONGEST_WAIT if runs.is_permanent else _wait_after(runs.finished))
    if runs.is_under_way:
        wait(now, outcome.under_way)
    elif runs.finished and now < again:
        wait(again, outcome.waiting_to_retry)
    elif problem := world.vanished(day, tally.sources):
        outcome.problems.append(problem)
        wait(now + _FIRST_WAIT, [])
    elif len(outcome.asks) == _ASKS_PER_TICK:
        wait(now, [])
    else:
        outcome.asks.append(Ask(day, change, f"{change}/{runs.finished + 1}", runs.finished == 0, tally))
        wait(now, [])


def _wait_after(failures: int) -> float:
    return min(_FIRST_WAIT * 2.0 ** min(failures - 1, 10), _LONGEST_WAIT)


def _bound(cursor: Cursor) -> None:
    """Forget the done days of long ago: their commits tell the same, for one look each time their turn comes."""
    for day in sorted(cursor.done)[: -_MOST_DONE or None]:
        del cursor.done[day]
