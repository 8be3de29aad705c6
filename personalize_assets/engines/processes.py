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


def over_processes(cores: int) -> Spread:
    """Tasks in processes that end with the job; one task alone is done in this process, which spares their start."""

    def spread(tasks: Sequence[Task], plan: Plan) -> list[dict[str, Any]]:
        if len(tasks) == 1:
            return [run_task(tasks[0], plan)]
        # The largest first, so that none is begun when the other cores are about to be done.
        by_size = sorted(tasks, key=lambda task: -sum(file.bytes for file in task.source.files))
        workers = loky.ProcessPoolExecutor(min(cores, len(tasks)), initializer=_leave_ctrl_c_to_the_parent)
        try:
            reports = list(workers.map(run_task, by_size, [plan] * len(by_size)))
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


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
