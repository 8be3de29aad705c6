"""Whether Ctrl-C was pressed, whoever handles it."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def watching_for_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether an interrupt has arrived since. Main thread only.

    A terminal sends Ctrl-C to everybody at once, so a worker or Java may die of it and be reported as a failure before
    Python's own handler had its turn: whoever sees the failure asks here what was behind it.
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

        def hook(ignored: Any) -> None:
            # An interrupt that met Python while it was tidying up: nobody can catch it, nor make use of its traceback.
            if not was_pressed():
                hook_before(ignored)

        sys.unraisablehook = hook
        try:
            yield was_pressed
        finally:
            sys.unraisablehook = hook_before
            signal.set_wakeup_fd(before)
