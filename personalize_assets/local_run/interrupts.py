"""Whether Ctrl-C was pressed, even if a library handled it."""

from __future__ import annotations

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
        try:
            yield was_pressed
        finally:
            sys.unraisablehook = hook_before
            signal.set_wakeup_fd(before)
