"""How a worker process begins."""

from __future__ import annotations

import subprocess
import sys

# A worker, whose lines go through a pipe that is not read yet.
WITH_A_PIPE = (
    "import os\n"
    "from multiprocessing import Pipe\n"
    "from personalize_assets.conversion import process, waiting\n"
    "reading, writing = Pipe(duplex=False)\n"
    "process.begin(os.getppid(), writing)\n"
)


def run(program: str) -> str:
    """What a program prints in a process of its own, as these settings are for a whole process."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_worker_ignores_ctrl_c_collects_garbage_rarely_and_cannot_load_pandas() -> None:
    assert (
        run(
            "import gc, os, signal\n"
            "from personalize_assets.conversion import process\n"
            "process.begin(os.getppid())\n"
            "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, gc.get_threshold()[0])\n"
            "try:\n"
            "    import pandas\n"
            "except ModuleNotFoundError as error:\n"
            "    print(error.name)\n"
        )
        == "True 50000\npandas\n"
    )


def test_a_worker_loads_what_tasks_need_before_the_first() -> None:
    assert (
        run(
            "import sys\n"
            "from personalize_assets.conversion import process\n"
            "name = 'personalize_assets.conversion.convert.task'\n"
            "print(name in sys.modules)\n"
            "process.load()\n"
            "print(name in sys.modules)\n"
        )
        == "False\nTrue\n"
    )


def test_a_worker_sends_lines_to_its_parent() -> None:
    assert (
        run(WITH_A_PIPE + "waiting.report('waiting for 7 s: s3://b/a')\nprint(process.receive(reading))\n")
        == "waiting for 7 s: s3://b/a\n"
    )


def test_a_worker_never_waits_for_a_parent_that_reads_no_lines() -> None:
    assert run(WITH_A_PIPE + "for _ in range(10_000):\n    waiting.report('x' * 100)\nprint('done')\n") == "done\n"


def test_a_worker_sends_how_far_its_task_is() -> None:
    assert (
        run(
            WITH_A_PIPE + "from personalize_assets.conversion import task_progress\n"
            "task_progress.report(task_progress.TaskProgress(1, 3, 200, 10))\n"
            "print(process.receive(reading))\n"
        )
        == "TaskProgress(spread=1, task=3, bytes=200, events=10)\n"
    )


def test_a_worker_goes_on_if_nobody_reads_how_far_it_is() -> None:
    report = "    task_progress.report(task_progress.TaskProgress(1, 3, 200, 10))\n"
    program = "from personalize_assets.conversion import task_progress\nfor _ in range(20_000):\n" + report
    assert run(WITH_A_PIPE + program + "print('done')\n") == "done\n"
