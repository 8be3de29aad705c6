"""Runs in a process of its own that can be killed at a chosen write, or in another hour."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from personalize_assets.config import load_config
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.run import run_all

FAILED = 1
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.remove", "os.link", "os.symlink", "os.rmdir")
_WAIT_SECONDS = 120


@dataclass(frozen=True)
class Conditions:
    """Under which conditions a run takes place.

    Attributes:
        kill_at: The number of the write at which the process is killed, from 1: before it is done. 0 for none.
        full_at: The number of the write from which on each fails as on a full disk. 0 for none.
        below: Only writes below this folder count.
        hours: By how much the clock is ahead.
        env: Of the config, and for AWS.
    """

    kill_at: int = 0
    full_at: int = 0
    below: str = ""
    hours: float = 0.0
    env: Mapping[str, str] = field(default_factory=dict)


def run_here(config: Path, env: Mapping[str, str], *, resume: bool = True) -> None:
    """All stages of a config, whether anything is new or not."""
    run_all(load_config(config, env), resume=resume, force=True)


def start(work: Callable[..., Any], *arguments: Any, conditions: Conditions = Conditions()) -> ForkServerProcess:
    """Start work in a process of its own, which exits with 1 if it fails with an error for the user."""
    process = _context.Process(target=_run, args=(work, arguments, conditions))
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Wait for a process, and return its exit code; negative for a signal."""
    process.join(_WAIT_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"a run did not end within {_WAIT_SECONDS} seconds")
    assert process.exitcode is not None
    return process.exitcode


def run(work: Callable[..., Any], *arguments: Any, conditions: Conditions = Conditions()) -> int:
    """Work in a process of its own; returns its exit code."""
    return finish(start(work, *arguments, conditions=conditions))


def _run(work: Callable[..., Any], arguments: tuple[Any, ...], conditions: Conditions) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ.update(conditions.env)
    if conditions.hours:
        real = time.time
        time.time = lambda: real() + conditions.hours * 3600
    if conditions.below:
        sys.addaudithook(_Writes(conditions))
    try:
        work(*arguments)
    except PersonalizeAssetsError:
        os._exit(FAILED)
    os._exit(0)


class _Writes:
    """Counts what changes files below a folder, and kills this process at the chosen one, or lets it fail."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._done = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            is_write = isinstance(flags, int) and bool(flags & _WRITES)
        elif event in _CHANGES:
            path, is_write = arguments[0], True
        else:
            return
        if is_write and str(path).startswith(self._conditions.below):
            self._done += 1
            if self._done == self._conditions.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if event != "os.remove" and 0 < self._conditions.full_at <= self._done:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


# A server without threads, from which processes are forked in milliseconds, with everything imported.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["personalize_assets_tests.helpers.faults.preloaded"])
