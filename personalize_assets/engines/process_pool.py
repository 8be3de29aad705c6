"""Tasks on every core of this machine without Spark: one process a core, because of Python's GIL."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache, partial
from multiprocessing import Pipe, resource_tracker
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from personalize_assets.conversion import process as worker
from personalize_assets.conversion import task_progress, waiting
from personalize_assets.conversion.progress import Meter, SpreadMeter
from personalize_assets.conversion.spread import ResultT, Spread, TaskT, in_turn, in_turn_with
from personalize_assets.errors import PersonalizeAssetsError

# Imported with the first pool: a run of few bytes needs none.
if TYPE_CHECKING:
    import loky

_LOG = logging.getLogger(__name__)

KEEP_MEMORY = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": str(64 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024),
}
"""Environment that makes Arrow use glibc's allocator, and that keeps freed memory for the next allocation.

Arrow's own allocator gives memory back after 10 ms, and getting it again took a fifth of an export's CPU time.
"""

# loky restarts a worker, with a warning, that has 300 MB more than when it started: a piece of an export takes as much.
_WORKERS = {**KEEP_MEMORY, "LOKY_MAX_MEMORY_LEAK_SIZE": str(10**15)}

# This much is read sooner than processes start.
_SMALL_BYTES = 4 * 1024 * 1024


_waiting: list[loky.ProcessPoolExecutor] = []
"""A pool that no job uses now: started early, or kept for the next job; at most one."""
_keeping = threading.Event()


def start_early(cores: Callable[[], int], raw_bytes: int) -> None:
    """Start the pool that ``processes`` will use for so many bytes, if they are worth it.

    A pool that is never used ends with this process.
    """
    if not _waiting and _is_worth_a_pool(cores, raw_bytes):
        _waiting.append(_start_pool(cores()))


@contextmanager
def kept_pool() -> Iterator[None]:
    """Keep the pool of a job within for the jobs after it; its processes end with the block."""
    _keeping.set()
    try:
        yield
    finally:
        _keeping.clear()
        while _waiting:
            _waiting.pop().shutdown(kill_workers=True)


@contextmanager
def processes(cores: Callable[[], int], meter: Meter | None = None) -> Iterator[Spread]:
    """A spread over processes that start with the first large work and end with the block; for several threads.

    A single task, or few bytes, are done in this process, and ``cores`` is not asked then. ``meter`` counts tasks as
    they finish. Raises ``PersonalizeAssetsError`` if a process is killed.
    """
    pools: list[loky.ProcessPoolExecutor] = []
    starting = threading.Lock()

    def pool() -> loky.ProcessPoolExecutor:
        with starting:
            if not pools:
                pools.append(_waiting.pop() if _waiting else _start_pool(cores()))
        return pools[0]

    def spread(run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        if not tasks:
            return []
        if meter is None:
            return run_all(run, tasks, size, None)
        counted = meter.plan(tasks, size)
        with task_progress.reported(counted.move):
            return run_all(partial(task_progress.run_in_spread, counted.number, run), tasks, size, counted)

    def run_all(
        run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, counted: SpreadMeter | None
    ) -> list[ResultT]:
        if not _is_worth_a_pool(cores, size):
            return in_turn_with(run, tasks, counted.finish) if counted else in_turn(run, tasks, size)
        # Not `map`: it cancels the rest on Ctrl-C, on which loky fails with a traceback of its own.
        futures = {pool().submit(run, task): task for task in tasks}
        if counted:
            for future in as_completed(futures):
                counted.finish(futures[future], future.result())
        return [future.result() for future in futures]

    try:
        yield spread
    except BaseException as error:
        if isinstance(error, BrokenProcessPool) and _was_killed(error):
            raise PersonalizeAssetsError(
                "a process of the conversion was killed, as the system does when memory runs out; convert fewer days "
                "at once, or give the machine more memory"
            ) from error
        for each in pools:
            each.shutdown(kill_workers=True)
        raise
    if _keeping.is_set():
        _waiting.extend(pools)
        return
    for each in pools:
        each.shutdown()


def _was_killed(error: BrokenProcessPool) -> bool:
    from loky.process_executor import TerminatedWorkerError

    return isinstance(error, TerminatedWorkerError)


def _is_worth_a_pool(cores: Callable[[], int], raw_bytes: int) -> bool:
    return is_large(raw_bytes) and cores() > 1


def is_large(raw_bytes: int) -> bool:
    """Whether so many bytes take longer to read than processes take to start."""
    return raw_bytes >= _SMALL_BYTES


def _start_pool(count: int) -> loky.ProcessPoolExecutor:
    # The workers import only the modules of what is sent to them, which import neither Spark nor Dagster.
    import loky

    begin_with = (os.getpid(), _messages_of_workers())
    workers = loky.ProcessPoolExecutor(count, initializer=worker.begin, initargs=begin_with, env=_WORKERS)
    resource_tracker.ensure_running()  # else the first process starts it, which unblocks interrupts again
    with _without_interrupts():
        for _ in range(count):
            workers.submit(worker.load)
    return workers


@cache
def _messages_of_workers() -> Connection:
    """Where workers write messages to; a thread passes them on. One for all pools of this process."""
    reading, writing = Pipe(duplex=False)
    threading.Thread(target=_pass_on, args=(reading,), name="messages of workers", daemon=True).start()
    return writing


def _pass_on(messages: Connection) -> None:
    """Pass messages on until there are no more workers; one that cannot be shown does not keep the others back."""
    with suppress(EOFError, OSError):
        while True:
            found = worker.receive(messages)
            try:
                if isinstance(found, str):
                    waiting.report_of_worker(found)
                else:
                    task_progress.report(found)
            except Exception:
                _LOG.debug("a message of a worker could not be shown", exc_info=True)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start processes with SIGINT blocked, so that Ctrl-C does not reach them before they can ignore it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
