"""How far a job is: counted as its tasks finish, and reported while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

LINE_SECONDS = 10.0
"""The shortest time between two lines of progress, and before the first."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is.

    Attributes:
        job: ``convert`` or ``export``.
        tasks: Those planned so far: an export plans its later tasks by what the earlier ones find.
        bytes: What the planned tasks read, roughly.
        events: Events of the finished tasks; 0 for an export, which reads rows.
        seconds: Since the job began.
    """

    job: str
    tasks_done: int
    tasks: int
    bytes_done: int
    bytes: int
    events: int
    seconds: float

    def line(self) -> str:
        """One line for people."""
        parts = [f"{self.job}: {self.tasks_done} of {self.tasks} tasks"]
        if self.events:
            parts.append(f"{self.bytes_done / 1e6:,.1f} of {self.bytes / 1e6:,.1f} MB")
            parts.append(f"{self.events:,} events")
        return f"{', '.join(parts)} after {self.seconds:.0f} s"


OnProgress = Callable[[Progress], None]
"""Is called as tasks finish, in any thread, but never in two at once; it must return soon."""


class Meter:
    """Adds up what the spreads of one job plan and finish. Safe for several threads.

    A task that has an attribute ``bytes`` counts for so many; others share the size of their spread evenly. A result
    that has an attribute ``events`` adds so many events.
    """

    def __init__(self, job: str, on_progress: OnProgress, clock: Callable[[], float] = time.monotonic) -> None:
        """The job begins now; ``clock`` is in seconds."""
        self._job = job
        self._on_progress = on_progress
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._tasks = self._tasks_done = self._bytes = self._bytes_done = self._events = 0

    def plan(self, tasks: Sequence[Any], size: int) -> SpreadMeter:
        """Add the tasks of a spread, which read about ``size`` bytes; they are finished by what this returns."""
        with self._lock:
            self._tasks += len(tasks)
            self._bytes += size
        return SpreadMeter(self, tasks, size)

    def add(self, tasks: int, size: int, events: int) -> None:
        """Count tasks as finished, and report."""
        with self._lock:
            self._tasks_done += tasks
            self._bytes_done += size
            self._events += events
            self._on_progress(
                Progress(
                    job=self._job,
                    tasks_done=self._tasks_done,
                    tasks=self._tasks,
                    bytes_done=self._bytes_done,
                    bytes=self._bytes,
                    events=self._events,
                    seconds=self._clock() - self._started,
                )
            )


class SpreadMeter:
    """Counts the tasks of one spread: one by one, or by their number while Spark has not returned results yet."""

    def __init__(self, meter: Meter, tasks: Sequence[Any], size: int) -> None:
        """See ``Meter.plan``."""
        self._meter = meter
        self._count = len(tasks)
        self._size = size
        self._tasks = self._bytes = 0

    def finish(self, task: Any, result: Any) -> None:
        """Count a task as finished."""
        size = getattr(task, "bytes", None)
        self._add(1, self._even(1) if size is None else size, getattr(result, "events", 0))

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
    """Write a line at most every ``LINE_SECONDS``; none for a job that ends before."""
    last = 0.0

    def on_progress(progress: Progress) -> None:
        nonlocal last
        if progress.seconds - last >= LINE_SECONDS:
            last = progress.seconds
            write(progress.line())

    return on_progress
