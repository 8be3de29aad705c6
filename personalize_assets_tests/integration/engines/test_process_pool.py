"""Conversion tasks in processes of their own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from multiprocessing import Pipe
from pathlib import Path

import msgspec
import psutil
import pytest

from personalize_assets.conversion import task_progress, waiting
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.progress import Meter, Progress
from personalize_assets.conversion.reading.file_errors import UnreadableFile
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task, TaskReport
from personalize_assets.conversion.task_progress import TaskMeter, TaskProgress
from personalize_assets.engines import process_pool as processes
from personalize_assets.errors import PersonalizeAssetsError

DATASETS = (Dataset("items", (Column("ITEM_ID", ("item",), required=True),), where={}),)


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_SMALL_BYTES", 0)


def task(number: int, *files: Path) -> Task:
    raw = tuple(RawFile(str(file), date(2026, 10, 1), 1, "lines") for file in files)
    return Task(number, RawFileSet("source", True, raw, DATASETS))


def plan(folder: Path) -> Plan:
    return Plan("r", ("items",), {"items": f"{folder}/i", "rejects": f"{folder}/r"}, 0, {})


def over_processes(tasks: Sequence[Task], plan: Plan) -> list[TaskReport]:
    with processes.processes(lambda: 2) as spread:
        return spread(
            partial(run_task, plan=plan), tasks, sum(file.bytes for one in tasks for file in one.source.files)
        )


def kept(report: TaskReport) -> int:
    return report.days["2026-10-01"].datasets["items"].kept


def test_each_task_is_done_once(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.json" for number in range(5)]
    for number, file in enumerate(files):
        file.write_text('{"item": "i"}\n' * (number + 1))

    reports = over_processes([task(number, file) for number, file in enumerate(files)], plan(tmp_path / "out"))

    assert sorted(map(kept, reports)) == [1, 2, 3, 4, 5]
    assert len(list((tmp_path / "out/i/day=2026-10-01").iterdir())) == 5


def test_few_bytes_are_read_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_SMALL_BYTES", 100)
    monkeypatch.setattr("loky.ProcessPoolExecutor", None)
    (tmp_path / "a.json").write_text('{"item": "i"}')
    tasks = [task(0, tmp_path / "a.json"), task(1, tmp_path / "a.json")]

    assert list(map(kept, over_processes(tasks, plan(tmp_path / "out")))) == [1, 1]


def test_a_file_that_cannot_be_read_is_named_across_processes(tmp_path: Path) -> None:
    tasks = [task(number, tmp_path / "gone.json") for number in range(3)]

    with pytest.raises(UnreadableFile, match=r"gone\.json cannot be read"):
        over_processes(tasks, plan(tmp_path))


def test_a_process_that_is_killed_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"  # a worker that opens it waits
    os.mkfifo(pipe)
    before = _children()

    def kill_one() -> None:
        while not (started := _children() - before):
            time.sleep(0.05)
        time.sleep(1)
        os.kill(max(started), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    killed = pytest.raises(PersonalizeAssetsError, match="a process of the conversion was killed")
    with killed, processes.processes(lambda: 2) as spread:
        spread(open, [pipe] * 2, 1 << 30)
    killer.join()


def _children() -> set[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "loky.backend.popen_loky"], capture_output=True, text=True, check=False
    )
    return set(map(int, found.stdout.split()))


def _ports(_: int) -> set[int]:
    """The ports on which this process listens."""
    found = psutil.Process().net_connections(kind="inet")
    return {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}


def test_no_process_listens_on_a_port_that_another_user_of_the_machine_could_reach() -> None:
    before = _ports(0)

    with processes.processes(lambda: 2) as spread:
        of_workers = spread(_ports, range(4), 1)
        of_this_process = _ports(0)

    assert of_workers == [set()] * 4
    assert of_this_process == before


def test_a_worker_needs_neither_spark_nor_dagster() -> None:
    program = (
        "import sys, personalize_assets.conversion.convert.task, personalize_assets.conversion.export.export\n"
        "print([name for name in ('pyspark', 'dagster', 'pandas', 'boto3') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_processes_that_were_started_early_do_the_tasks_and_end(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"item": "i"}')
    before = _children()
    processes.start_early(lambda: 2, 1)
    processes.start_early(lambda: 2, 1)  # once is enough
    started = _children() - before
    assert len(started) == 2

    assert len(over_processes([task(number, tmp_path / "a.json") for number in range(4)], plan(tmp_path / "o"))) == 4
    assert _children() & started == set()
    assert processes._waiting == []


def test_progress_is_reported_as_tasks_finish_in_processes_and_here(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"item": "i"}\n' * 3)
    found: list[Progress] = []
    work = partial(run_task, plan=plan(tmp_path / "out"))
    tasks = [task(number, tmp_path / "a.json") for number in range(3)]

    for cores in (2, 1):
        with processes.processes({2: lambda: 2, 1: lambda: 1}[cores], Meter("convert", found.append)) as spread:
            spread(work, tasks, 3)

    assert [(one.done, one.total, one.bytes_done, one.events) for one in found] == [
        (1, 3, 1, 3), (2, 3, 2, 6), (3, 3, 3, 9),
    ] * 2  # fmt: skip


def _read_some(task: Task) -> None:
    TaskMeter(task.number, lambda: 5, iter((0.0, 9.0)).__next__).add(40)


def test_what_an_unfinished_task_has_read_counts(tmp_path: Path) -> None:
    found: list[Progress] = []

    with processes.processes(lambda: 1, Meter("convert", found.append)) as spread:
        spread(_read_some, [task(0, tmp_path / "a.json")], 100)

    assert [(one.done, one.bytes_done, one.events) for one in found] == [(0, 40, 5), (1, 1, 0)]


def test_a_pool_that_is_kept_does_the_next_job_and_ends_with_the_block(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"item": "i"}')
    before = _children()
    tasks = [task(number, tmp_path / "a.json") for number in range(4)]

    with processes.kept_pool():
        over_processes(tasks, plan(tmp_path / "o"))
        first = _children() - before
        over_processes(tasks, plan(tmp_path / "p"))
        second = _children() - before

    assert len(first) == 2
    assert second == first
    assert _children() & first == set()
    assert processes._waiting == []


def test_a_job_that_fails_ends_its_processes_although_they_may_be_kept(tmp_path: Path) -> None:
    before = _children()

    with processes.kept_pool():
        with pytest.raises(UnreadableFile):
            over_processes([task(number, tmp_path / "gone.json") for number in range(3)], plan(tmp_path))
        assert _children() - before == set()


def test_few_bytes_and_one_core_start_nothing_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_SMALL_BYTES", 100)
    processes.start_early(lambda: 2, 99)
    processes.start_early(lambda: 1, 100)
    assert processes._waiting == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, which only Linux has")
def test_a_process_does_not_see_ctrl_c_even_while_it_starts() -> None:
    # In a new process, which has started no others before.
    program = (
        "import re, subprocess, os\n"
        "from pathlib import Path\n"
        "from personalize_assets.engines import process_pool as processes\n"
        "processes.start_early(lambda: 2, 1 << 30)\n"
        "found = subprocess.run(['pgrep', '-P', str(os.getpid()), '-f', 'popen_loky'], stdout=subprocess.PIPE)\n"
        "for process in found.stdout.decode().split():\n"
        "    print(re.search('SigBlk:(.*)', Path('/proc', process, 'status').read_text())[1])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    blocked = [int(mask, 16) for mask in done.stdout.split()]
    assert [mask >> signal.SIGINT - 1 & 1 for mask in blocked] == [1, 1]


def test_processes_are_started_without_losing_a_ctrl_c() -> None:
    processes.start_early(lambda: 2, 1)
    processes._waiting.pop().shutdown()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_lines_of_processes_arrive_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_watch", waiting._Watch())  # without a line just now
    lines: queue.Queue[str] = queue.Queue()

    with waiting.reported(lines.put), processes.processes(lambda: 2) as spread:
        spread(waiting.report, ["waiting for 7 s: s3://b/a"] * 2, 1 << 30)
        assert lines.get(timeout=60) == "waiting for 7 s: s3://b/a"
    assert lines.empty()


def test_a_message_that_cannot_be_shown_does_not_keep_the_next_one_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_watch", waiting._Watch())  # without a line just now
    found: list[TaskProgress] = []

    def fail(line: str) -> None:
        raise RuntimeError(line)

    reading, writing = Pipe(duplex=False)
    writing.send_bytes(msgspec.msgpack.encode("waiting for 7 s: s3://b/a"))
    writing.send_bytes(msgspec.msgpack.encode(TaskProgress(1, 3, 200, 10)))
    writing.close()
    with reading, waiting.reported(fail), task_progress.reported(found.append):
        processes._pass_on(reading)

    assert found == [TaskProgress(1, 3, 200, 10)]
