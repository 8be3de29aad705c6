"""Conversion tasks on every core of this machine, without Spark: one process a core, as Python itself uses only one."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker

import loky
from loky.process_executor import TerminatedWorkerError

from personalize_assets.conversion import process as worker
from personalize_assets.conversion.convert.planner import Spread
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.spec import Plan, Task, TaskReport
from personalize_assets.errors import PersonalizeAssetsError

KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 * 1024 * 1024), "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024)}
"""For Linux: what a process frees it keeps, and does not give back only to take it anew. That costs a twentieth."""

# Less than this is read before other processes have started.
_SMALL_BYTES = 4 * 1024 * 1024


_waiting: list[loky.ProcessPoolExecutor] = []
"""The processes that were started for tasks to come, if any."""


def start_early(cores: int, raw_bytes: int) -> None:
    """Start the processes that ``over_processes`` will want for so many bytes, to be ready by the time they are wanted.

    If that never comes, they end with this process.
    """
    if not _waiting and _pay(cores, raw_bytes):
        _waiting.append(_started(cores))


def over_processes(cores: int) -> Spread:
    """Tasks in processes that end with the job; few bytes, or a task alone, are read in this process."""

    def spread(tasks: Sequence[Task], plan: Plan) -> list[TaskReport]:
        size = sum(file.bytes for task in tasks for file in task.source.files)
        if len(tasks) == 1 or not _pay(cores, size):
            return [run_task(task, plan) for task in tasks]
        workers = _waiting.pop() if _waiting else _started(min(cores, len(tasks)))
        try:
            # Not by `map`, which cancels what is left when Ctrl-C comes: loky then stumbles over it, and says so.
            reports = [future.result() for future in [workers.submit(run_task, task, plan) for task in tasks]]
        except TerminatedWorkerError as error:
            raise PersonalizeAssetsError(
                "a process that read raw files was killed, as the system does when memory runs out; convert fewer days "
                "at once, or give the machine more memory"
            ) from error
        except BaseException:
            workers.shutdown(kill_workers=True)
            raise
        workers.shutdown()
        return reports

    return spread


def _pay(cores: int, raw_bytes: int) -> bool:
    """Whether processes are worth their start."""
    return cores > 1 and raw_bytes >= _SMALL_BYTES


def _started(processes: int) -> loky.ProcessPoolExecutor:
    # What is sent to the workers comes from modules that import neither Spark nor Dagster.
    workers = loky.ProcessPoolExecutor(processes, initializer=worker.begin, env=KEEP_MEMORY)
    resource_tracker.ensure_running()  # which else is started with the first of them, and lets interrupts in again
    with _without_interrupts():
        for _ in range(processes):
            workers.submit(worker.load)
    return workers


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes started here never see Ctrl-C, not even before they are able to ignore it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
