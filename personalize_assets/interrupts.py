"""Whether Ctrl-C was pressed, whoever handles it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


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
        pressed = False

        def was_pressed() -> bool:
            nonlocal pressed
            with suppress(BlockingIOError):
                pressed = pressed or signal.SIGINT in reading.recv(4096)
            return pressed

        try:
            yield was_pressed
        finally:
            signal.set_wakeup_fd(before)
