"""Start-up of a process: worker processes of ``convert``, and the command line's own garbage collector."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from importlib.abc import MetaPathFinder
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from personalize_assets.conversion import task_progress, waiting

# Python's own first threshold of 700 collects far too often here: hardly any of these objects are cyclic garbage.
_GC_THRESHOLDS = (50_000, 20, 20)
_POLL_SECONDS = 1.0
_MOST_LINE_CHARS = 400  # at most 1,600 bytes
_MESSAGE = msgspec.msgpack.Decoder(str | task_progress.TaskProgress)


class _NoPandas(MetaPathFinder):
    """Blocks the import of pandas: PyArrow would load it, in a third of a second, to ask if a list is a Series."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not for tasks", name=name)


_is_command = False


def begin_command() -> None:
    """Start-up of the installed command, whose process nothing else uses."""
    global _is_command
    _is_command = True
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # before Arrow is loaded: see `engines.process_pool`
    collect_seldom()


def leave_out_pandas() -> None:
    """Block importing pandas for tasks in this process, if it is the command's own: others may need pandas."""
    if _is_command:
        _block_pandas()


def _block_pandas() -> None:
    if not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())


def begin(parent: int, messages: Connection | None = None) -> None:
    """Worker initializer: ignore SIGINT, block importing pandas, run the garbage collector rarely.

    The worker ends soon after its parent, however that ends.

    Args:
        parent: Its process id.
        messages: Where lines about long waits (``waiting``) and reports of tasks (``task_progress``) go to; by default
            lines go to stderr, and reports nowhere.
    """
    if messages is not None:
        os.set_blocking(messages.fileno(), False)  # the worker never waits for the parent to read
        waiting.report_always(partial(_send_line, messages))
        task_progress.report_always(partial(_send_report, messages))
    threading.Thread(target=_end_with, args=(parent,), name="waiting for the parent's end", daemon=True).start()
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _block_pandas()


def _send_line(messages: Connection, line: str) -> None:
    # So few bytes are written to a pipe at once: messages of several workers do not mix.
    messages.send_bytes(msgspec.msgpack.encode(line[:_MOST_LINE_CHARS]))


def _send_report(messages: Connection, progress: task_progress.TaskProgress) -> None:
    with suppress(OSError):  # a full pipe: the next one says more
        messages.send_bytes(msgspec.msgpack.encode(progress))


def receive(messages: Connection) -> str | task_progress.TaskProgress:
    """The next message of a worker: a line, or how far a task is. Raises ``EOFError`` at the end, and ``OSError``."""
    found: str | task_progress.TaskProgress = _MESSAGE.decode(messages.recv_bytes())
    return found


def _end_with(parent: int) -> None:
    # Not PR_SET_PDEATHSIG: it ends the worker with the thread that started it, and other systems lack it.
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


def load() -> None:
    """Import what tasks need, so that the first task does not wait for it."""
    import personalize_assets.conversion.convert.task
    import personalize_assets.conversion.export.export  # noqa: F401


def collect_seldom() -> None:
    """Run the garbage collector rarely, and not at all when the process ends.

    Dagster, Spark and Arrow load half a million objects that stay. Walking over them while they are loaded, and
    several times more at the end, takes a second; their memory is freed with the process anyway.
    """
    gc.set_threshold(*_GC_THRESHOLDS)
    atexit.register(gc.freeze)
