"""Conversion tasks on every core of this machine, without Spark: one process a core, as Python itself uses only one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import loky
from loky.process_executor import TerminatedWorkerError

from personalize_assets.conversion import worker
from personalize_assets.conversion.events import Spread
from personalize_assets.conversion.tasks import Plan, Task, run_task
from personalize_assets.errors import PersonalizeAssetsError

KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 * 1024 * 1024), "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024)}
"""For Linux: what a process frees it keeps, and does not give back only to take it anew. That costs a twentieth."""

# Less than this is read before other processes have started.
_SMALL_BYTES = 4 * 1024 * 1024


def over_processes(cores: int) -> Spread:
    """Tasks in processes that end with the job; few bytes, or a task alone, are read in this process."""

    def spread(tasks: Sequence[Task], plan: Plan) -> list[dict[str, Any]]:
        size = sum(file.bytes for task in tasks for file in task.source.files)
        if len(tasks) == 1 or cores == 1 or size < _SMALL_BYTES:
            return [run_task(task, plan) for task in tasks]
        # What is sent to the workers comes from modules that import neither Spark nor Dagster.
        workers = loky.ProcessPoolExecutor(
            min(cores, len(tasks)),
            initializer=worker.begin,
            env=KEEP_MEMORY,
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
