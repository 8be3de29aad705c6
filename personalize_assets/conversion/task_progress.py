"""How far a task is, reported from within it: a task may take a minute, and a bar must move meanwhile.

The process of a task passes reports on: a worker to its parent (``process.begin``), any other to whom ``reported``
names. Where no one asks for reports, as on Spark, there are none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import msgspec

_TaskT = TypeVar("_TaskT")
_ResultT = TypeVar("_ResultT")

REPORT_SECONDS = 0.5
"""The shortest time between two reports of a task, and before the first."""


class TaskProgress(msgspec.Struct, frozen=True, array_like=True):
    """What a task has read so far: stored bytes, and events. Numbers name the task, and the spread that it is of."""

    spread: int
    task: int
    bytes: int
    events: int


OnTaskProgress = Callable[[TaskProgress], None]
"""Is called in any thread; it must return soon."""

_reports: list[OnTaskProgress] = []
_spread: ContextVar[int] = ContextVar("spread", default=0)


def run_in_spread(spread: int, run: Callable[[_TaskT], _ResultT], task: _TaskT) -> _ResultT:
    """Run a task, whose reports are of the spread of this number: workers serve one spread after another."""
    before = _spread.set(spread)
    try:
        return run(task)
    finally:
        _spread.reset(before)


@contextmanager
def reported(to: OnTaskProgress) -> Iterator[None]:
    """In this block, reports of tasks of this process and of its workers go to a function."""
    _reports.append(to)
    try:
        yield
    finally:
        _reports.remove(to)


def report_always(to: OnTaskProgress) -> None:
    """From now on reports go to a function: in a process of workers."""
    _reports.insert(0, to)


def report(progress: TaskProgress) -> None:
    """Pass a report on now."""
    for to in _reports[-1:]:
        to(progress)


class TaskMeter:
    """Counts what one task reads, and reports it now and then."""

    def __init__(self, task: int, events: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """The task of this number begins now.

        Args:
            task: Its number.
            events: Returns how many events it has read so far; asked when a report is due.
            clock: In seconds.
        """
        self._spread = _spread.get()
        self._task = task
        self._events = events
        self._clock = clock
        self._due = clock() + REPORT_SECONDS if _reports else float("inf")
        self._bytes = 0

    def add(self, size: int) -> None:
        """Count the stored bytes of a file, or of the split of one, that is read to its end."""
        self._bytes += size
        self.move(lambda: 0)

    def move(self, beyond: Callable[[], int]) -> None:
        """Report if it is time; ``beyond`` is asked then for the bytes read of the file that is open."""
        now = self._clock()
        if now >= self._due:
            self._due = now + REPORT_SECONDS
            report(TaskProgress(self._spread, self._task, self._bytes + beyond(), self._events()))
