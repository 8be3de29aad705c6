"""Conversion tasks on every core of this machine, without Spark: one process a core, as Python itself uses only one."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import loky
from loky.process_executor import TerminatedWorkerError

from personalize_assets.conversion.events import Spread
from personalize_assets.conversion.tasks import Plan, Task, run_task
from personalize_assets.errors import PersonalizeAssetsError

# Less than this is read before other processes have started.
_SMALL_BYTES = 4 * 1024 * 1024


def over_processes(cores: int) -> Spread:
    """Tasks in processes that end with the job; few bytes, or a task alone, are read in this process."""

    def spread(tasks: Sequence[Task], plan: Plan) -> list[dict[str, Any]]:
        size = sum(file.bytes for task in tasks for file in task.source.files)
        if len(tasks) == 1 or cores == 1 or size < _SMALL_BYTES:
            return [run_task(task, plan) for task in tasks]
        # Ctrl-C is the parent's. What is sent to the workers comes from modules that import neither Spark nor Dagster:
        # a worker is to be there in a moment.
        workers = loky.ProcessPoolExecutor(
            min(cores, len(tasks)), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )
        try:
            reports = list(workers.map(run_task, tasks, [plan] * len(tasks)))
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
