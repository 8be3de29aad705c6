"""Whether Ctrl-C was pressed, even if a library handled it."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def watching_for_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether an interrupt has arrived since. Main thread only.

    A terminal sends Ctrl-C to all processes at once, so a worker or Java may die of it, and its death be reported as a
    failure, before Python's own handler runs. The code that handles the failure asks this function for the cause.
    """
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        hook_before = sys.unraisablehook
        pressed = False

        def was_pressed() -> bool:
            nonlocal pressed
            with suppress(BlockingIOError):
                pressed = pressed or signal.SIGINT in reading.recv(4096)
            return pressed

        def hook(unraisable: Any) -> None:
            # An interrupt during a destructor or at exit cannot be caught, and its traceback helps no one.
            if not was_pressed():
                hook_before(unraisable)

        sys.unraisablehook = hook
        root = logging.getLogger()
        root.addFilter(_is_about_no_interrupt)
        try:
            yield was_pressed
        finally:
            root.removeFilter(_is_about_no_interrupt)
            sys.unraisablehook = hook_before
            signal.set_wakeup_fd(before)


def _is_about_no_interrupt(record: logging.LogRecord) -> bool:
    # py4j logs a KeyboardInterrupt with its traceback before it raises it.
    return not (record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt))
