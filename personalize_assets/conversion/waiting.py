"""Lines about what takes long to answer: S3 is busy or cannot be reached, and a request waits or is tried again.

A line is due when one request has been under way for ``FIRST_SECONDS``, its tries included, and then every
``LINE_SECONDS`` for all requests of the process together. Lines go to stderr, unless ``reported`` sends them elsewhere.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

FIRST_SECONDS = 5.0
LINE_SECONDS = 10.0
_CHECK_SECONDS = 1.0


class Wait:
    """A request that is under way.

    Attributes:
        what: What is asked for, such as a URI.
        started: When the first try began, in seconds of the clock.
        state: Which try it is, and why; empty for the first one.
    """

    def __init__(self, what: str, started: float) -> None:
        """The first try begins."""
        self.what = what
        self.started = started
        self.state = ""


class Waits:
    """The requests of a process that are under way. For several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` is in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[int, Wait] = {}
        self._last_line = -LINE_SECONDS

    def begin(self, what: str) -> Wait:
        """A request begins."""
        wait = Wait(what, self._clock())
        with self._lock:
            self._under_way[id(wait)] = wait
        return wait

    def end(self, wait: Wait) -> bool:
        """A request ends, with or without success."""
        with self._lock:
            return self._under_way.pop(id(wait), None) is not None

    def line(self) -> str | None:
        """The line that is due now; None if none is. Then the next one is due later."""
        with self._lock:
            now = self._clock()
            long = [wait for wait in self._under_way.values() if now - wait.started >= FIRST_SECONDS]
            if not long or now - self._last_line < LINE_SECONDS:
                return None
            self._last_line = now
            oldest = min(long, key=lambda wait: wait.started)
            more = f", and {len(long) - 1} more" if len(long) > 1 else ""
            state = f" ({oldest.state})" if oldest.state else ""
            return f"waiting for {now - oldest.started:.0f} s: {oldest.what}{state}{more}"

    def may_pass(self) -> bool:
        """Whether the line of another process is due now."""
        with self._lock:
            now = self._clock()
            is_due = now - self._last_line >= LINE_SECONDS
            if is_due:
                self._last_line = now
            return is_due

    def is_empty(self) -> bool:
        """Whether no request is under way."""
        with self._lock:
            return not self._under_way


class _Watch:
    """Looks at the waits of this process while there are any, in a thread."""

    def __init__(self) -> None:
        self.waits = Waits()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._is_running = False

    def start(self) -> None:
        with self._lock:
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._run, name="waiting for S3", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_CHECK_SECONDS)
            if line := self.waits.line():
                _report_wait(line)
            with self._lock:
                if self.waits.is_empty():
                    self._is_running = False
                    return

    def is_of_this_process(self) -> bool:
        return self._process == os.getpid()


_watch = _Watch()
_Report = Callable[[str], None]
_reports: list[tuple[_Report, _Report]] = []
"""Where lines go, and those about waits."""


def begin(what: str) -> Wait:
    """A request of this process begins; ``end`` must follow."""
    global _watch
    if not _watch.is_of_this_process():  # its thread did not survive the fork
        _watch = _Watch()
    wait = _watch.waits.begin(what)
    _watch.start()
    return wait


def end(wait: Wait) -> None:
    """A request of this process ends."""
    _watch.waits.end(wait)


@contextmanager
def waiting_for(what: str) -> Iterator[Wait]:
    """A request that ends with the block; the block may say in ``state`` which try it is."""
    wait = begin(what)
    try:
        yield wait
    finally:
        end(wait)


@contextmanager
def reported(to: _Report, waits: _Report | None = None) -> Iterator[None]:
    """In this block, lines of this process and of its workers go to a function, which any thread may call.

    Lines about waits, which come every ten seconds, go to ``waits``, by default to the same.
    """
    both = (to, waits or to)
    _reports.append(both)
    try:
        yield
    finally:
        _reports.remove(both)


def report_always(to: _Report) -> None:
    """From now on lines go to a function: in a process of workers."""
    _reports.insert(0, (to, to))


def report(line: str) -> None:
    """Pass a line on now."""
    with suppress(OSError, ValueError):  # nothing fails because a line cannot be written
        (_reports[-1][0] if _reports else _to_stderr)(line)


def _report_wait(line: str) -> None:
    with suppress(OSError, ValueError):
        (_reports[-1][1] if _reports else _to_stderr)(line)


def report_of_worker(line: str) -> None:
    """Pass on the line of another process, unless there was one just now."""
    if _watch.waits.may_pass():
        _report_wait(line)


def _to_stderr(line: str) -> None:
    # In one write: lines of several threads would share one.
    print(f"{line}\n", end="", file=sys.stderr, flush=True)
