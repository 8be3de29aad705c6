"""How far a job is: counted as its tasks move and finish, and reported while it runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import msgspec

from personalize_assets.conversion.task_progress import TaskProgress

_LOG = logging.getLogger(__name__)

LINE_SECONDS = 10.0
"""The shortest time between two lines of progress, and before the first."""

SO_FAR, AT_MOST, UNTIMED = "so far", "at most", "untimed"
"""What ``Progress.total`` is where what is done tells nothing about the rest: see ``Progress.bound``."""

# From less than that, the time left would be a guess.
_LEAST_SHARE = 0.02
_LEAST_SECONDS = 1.0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is.

    Attributes:
        job: Its name, such as ``convert``.
        done: How many of its units are done.
        total: How many there are; 0 if that is not known.
        unit: What is counted, in the plural.
        bound: Empty if the rest goes on like what is done. ``SO_FAR`` if more will be planned: by an export, by what
            its first tasks find. ``AT_MOST`` if ``total`` is the most that there may be. ``UNTIMED`` if the units take
            as long as a service takes for each.
        bytes_done: Bytes read or written, those of unfinished tasks included.
        bytes: How many there are, roughly; 0 if that is not known.
        events: Events read or written; 0 for a job that has none.
        seconds: Since the job began.
        state: What it does now, if it does not count that.
        part: Which of ``parts`` jobs of the same stage it is, from 1; the others are not counted here.
    """

    job: str
    done: int = 0
    total: int = 0
    unit: str = "tasks"
    bound: str = ""
    bytes_done: int = 0
    bytes: int = 0
    events: int = 0
    seconds: float = 0.0
    state: str = ""
    part: int = 1
    parts: int = 1

    @property
    def share(self) -> float | None:
        """The share of the job that is done, from 0 to 1: of its bytes, else of its units; None if it is not known."""
        if self.bound or self.state:
            return None
        done, total = (self.bytes_done, self.bytes) if self.bytes else (self.done, self.total)
        return min(done / total, 1.0) if total else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the speed so far; None where it is not known, or not yet."""
        share = self.share
        if share is None or self.part < self.parts or share < _LEAST_SHARE or self.seconds < _LEAST_SECONDS:
            return None
        return self.seconds * (1 - share) / share

    def figures(self) -> list[str]:
        """What is counted, each as a text for people."""
        found = [
            self._part(),
            self.state or self._units(),
            self._megabytes(),
            f"{self.events:,} events" if self.events else "",
        ]
        return [*filter(None, found), *self._speed()]

    def main_figures(self) -> list[str]:
        """As ``figures``, without those that a bar shows, too."""
        read = self._megabytes()
        if self.state or self.bound or not (read or self.events):
            found = [self.state or self._units(), read if self.bytes_done < self.bytes else ""]
        else:
            found = ["" if self.bytes else f"{self.events:,} events", read]
        return [*filter(None, [self._part(), *found]), *self._speed()]

    def _part(self) -> str:
        return f"part {self.part} of {self.parts}" if self.parts > 1 else ""

    def _units(self) -> str:
        if not self.total:
            return f"{self.done:,} {self.unit}" if self.done else ""
        at_most = f"{AT_MOST} " if self.bound == AT_MOST else ""
        so_far = f" {SO_FAR}" if self.bound == SO_FAR else ""
        return f"{self.done:,} of {at_most}{self.total:,} {self.unit}{so_far}"

    def _megabytes(self) -> str:
        if not self.bytes_done or self.bound == SO_FAR:  # of an export they are a guess by its rows
            return ""
        of = f" of {self.bytes / 1e6:,.1f}" if self.bytes else ""
        return f"{self.bytes_done / 1e6:,.1f}{of} MB"

    def _speed(self) -> list[str]:
        is_known = self.events and self.seconds >= _LEAST_SECONDS
        return [f"{self.events / self.seconds:,.0f} events/s"] if is_known else []

    def line(self) -> str:
        """One line for people, as for a log."""
        left = "" if self.seconds_left is None else f", about {format_seconds(self.seconds_left)} left"
        return f"{self.job}: {', '.join(self.figures())} after {format_seconds(self.seconds)}{left}"


def format_seconds(seconds: float) -> str:
    """A duration for people: ``34 s``, ``2 min 5 s`` or ``3 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


OnProgress = Callable[[Progress], None]
"""Is called as tasks move and finish, in any thread, but never in two at once; it must return soon."""


def report(on_progress: OnProgress, progress: Progress) -> None:
    """Pass a report on. No work fails because its progress cannot be shown: stdout may be closed, or its disk full."""
    try:
        on_progress(progress)
    except Exception:
        _LOG.debug("progress could not be shown", exc_info=True)


class Meter:
    """Adds up what the spreads of one job plan and finish. Safe for several threads.

    A task that has an attribute ``bytes`` counts for so many; others share the size of their spread evenly. A result
    that has an attribute ``events`` adds so many events.
    """

    def __init__(
        self,
        job: str,
        on_progress: OnProgress,
        clock: Callable[[], float] = time.monotonic,
        *,
        unit: str = "tasks",
        bound: str = "",
    ) -> None:
        """The job begins now; ``clock`` is in seconds, ``unit`` and ``bound`` as in ``Progress``."""
        self._job = job
        self._unit = unit
        self._bound = bound
        self._on_progress = on_progress
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._total = self._done = self._bytes = self._bytes_done = self._events = 0

    def plan(self, tasks: Sequence[Any], size: int) -> SpreadMeter:
        """Add the tasks of a spread, which read about ``size`` bytes; they are finished by what this returns."""
        with self._lock:
            self._total += len(tasks)
            self._bytes += size
        return SpreadMeter(self, tasks, size)

    def plan_bytes(self, size: int) -> Callable[[int], None]:
        """Add so many bytes to read; what this returns is called with those that were read."""
        with self._lock:
            self._bytes += size
        return lambda read: self.add(0, read, 0)

    def add(self, tasks: int, size: int, events: int) -> None:
        """Count tasks as finished, and what was read, and report."""
        with self._lock:
            self._done += tasks
            self._bytes_done += size
            self._events += events
            report(
                self._on_progress,
                Progress(
                    job=self._job,
                    done=self._done,
                    total=self._total,
                    unit=self._unit,
                    bound=self._bound,
                    bytes_done=self._bytes_done,
                    bytes=self._bytes,
                    events=self._events,
                    seconds=self._clock() - self._started,
                ),
            )


_numbers = count(1)


class SpreadMeter:
    """Counts the tasks of one spread: one by one, or by their number while Spark has not returned results yet.

    Attributes:
        number: Of the spread, in this process.
    """

    def __init__(self, meter: Meter, tasks: Sequence[Any], size: int) -> None:
        """See ``Meter.plan``."""
        self.number = next(_numbers)
        self._meter = meter
        self._count = len(tasks)
        self._size = size
        self._tasks = self._bytes = 0
        self._lock = threading.Lock()
        self._nothing = TaskProgress(self.number, 0, 0, 0)
        self._under_way = {task.number: self._nothing for task in tasks if hasattr(task, "number")}

    def move(self, progress: TaskProgress) -> None:
        """Count what an unfinished task has read; that of tasks which are finished, or no part of this, is ignored.

        A report may arrive when its spread is over, and the next one has a task of the same number.
        """
        if progress.spread != self.number:
            return
        with self._lock:
            before = self._under_way.get(progress.task)
            if before is not None:
                self._under_way[progress.task] = progress
                self._add(0, progress.bytes - before.bytes, progress.events - before.events)

    def finish(self, task: Any, result: Any) -> None:
        """Count a task as finished."""
        with self._lock:
            size = getattr(task, "bytes", None)
            before = self._under_way.pop(getattr(task, "number", None), self._nothing)
            size = self._even(1) if size is None else size
            self._add(1, size - before.bytes, getattr(result, "events", 0) - before.events)

    def finish_count(self, count: int) -> None:
        """Count further tasks as finished, so that there are ``count``; fewer than before are ignored."""
        more = min(count, self._count) - self._tasks
        if more > 0:
            self._add(more, self._even(more), 0)

    def finish_all(self, results: Sequence[Any]) -> None:
        """Count what is left as finished, and the events of all results."""
        events = sum(getattr(result, "events", 0) for result in results)
        self._add(self._count - self._tasks, self._size - self._bytes, events)

    def _even(self, tasks: int) -> int:
        return self._size * tasks // self._count

    def _add(self, tasks: int, size: int, events: int) -> None:
        self._tasks += tasks
        self._bytes += size
        self._meter.add(tasks, size, events)


def lines(write: Callable[[str], None]) -> OnProgress:
    """Write a line at most every ``LINE_SECONDS``, over all jobs of a stage; none if they end before."""
    last = before = 0.0

    def on_progress(progress: Progress) -> None:
        nonlocal last, before
        if progress.seconds < before:  # the next part, or a job that is tried again: its clock begins at 0
            last -= before
        before = progress.seconds
        if progress.seconds - last >= LINE_SECONDS:
            last = progress.seconds
            write(progress.line())

    return on_progress
