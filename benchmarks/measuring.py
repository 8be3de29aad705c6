"""Time, CPU time and memory of a command with all its children (Java, Spark's Python workers)."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

import psutil

REPO = Path(__file__).parent.parent

_SAMPLE_SECONDS = 0.05
# The kernel walks all pages of a process for its proportional memory, which is too much work for each sample.
_PSS_SECONDS, _PSS_GROWTH = 0.5, 1.2
# Java may outlive its Python process for so long before it is killed.
_GRACE_SECONDS = 20
_MESSAGE_LENGTH = 300


class Measured(NamedTuple):
    """One run of a command.

    ``seconds`` is wall-clock time. ``peak_bytes`` is the largest sum of the resident memory (RSS) of all its processes,
    sampled 20 times a second; a page shared by two processes counts twice. ``peak_pss_bytes`` is that of their
    proportional memory (PSS, of Linux), where it counts half for each, sampled twice a second, and whenever RSS has
    grown by a fifth. ``cpu_seconds`` lacks a child's time between its last sample and its end.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    peak_pss_bytes: int
    exit_code: int
    output: str
    errors: str

    def figures(self) -> dict[str, float]:
        """The figures that results keep of a run."""
        return {
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "peak_bytes": self.peak_bytes,
            "peak_pss_bytes": self.peak_pss_bytes,
        }


class CommandFailed(Exception):
    """A measured command failed, ran too long or took too much memory."""


def measure(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    timeout: float = 3600,
    max_bytes: float = float("inf"),
) -> Measured:
    """Run a command in the repository's folder, and wait for it and all processes that it started.

    ``env`` is added to this process's environment, from which settings of this project, Dagster and AWS are removed.
    Raises ``CommandFailed`` with the last line of its output if its exit code is neither 0 nor 3, after ``timeout``
    seconds, and when its processes have more resident memory than ``max_bytes``: before the system ends
    this one instead.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=_environment(env or {}), cwd=REPO)
        watch = _Watch(process.pid, started + timeout, max_bytes)
        watch.start()
        try:
            # wait4 returns the CPU time of this one child; Popen.wait does not.
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            watch.stop()
        cpu_seconds = max(watch.cpu_seconds(), usage.ru_utime + usage.ru_stime)
        printed = _text(output), _text(errors)
    peaks = watch.peak_bytes, watch.peak_pss_bytes
    measured = Measured(seconds, cpu_seconds, *peaks, process.returncode, *printed)
    if watch.too_large:
        raise CommandFailed(
            f"stopped when it had more than {max_bytes / 2**30:,.1f} GiB of memory, after {seconds:,.0f} s"
        )
    if watch.too_late:
        raise CommandFailed(f"stopped after {timeout:,.0f} s, the most it was given")
    # 3: done, though Personalize would refuse the export, which `checks: warn` allows.
    if measured.exit_code not in (0, 3):
        raise CommandFailed(f"exit code {measured.exit_code}: {_last_line(measured.errors or measured.output)}")
    return measured


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    # Bytecode is written, so that the second run of a command is as fast as on a user's machine.
    others = ("PERSONALIZE", "DAGSTER_", "AWS_", "PYTHONDONTWRITEBYTECODE")
    own = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**own, **more}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_MESSAGE_LENGTH] if lines else "no output"


class _Watch(threading.Thread):
    """Samples a process and its descendants until stopped, and then ends those that are left."""

    def __init__(self, pid: int, deadline: float, max_bytes: float) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = self.peak_pss_bytes = 0
        self.too_late = self.too_large = False
        self._root = psutil.Process(pid)
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._next_pss = 0.0
        self._rss_at_pss = 0
        self._cpu: dict[psutil.Process, float] = {}
        self._done = threading.Event()

    def run(self) -> None:
        while True:
            self._look()
            if self._done.wait(_SAMPLE_SECONDS):
                return
            self.too_late = time.monotonic() > self._deadline
            self.too_large = self.peak_bytes > self._max_bytes
            if self.too_late or self.too_large:
                _end(self._cpu)
                return

    def _look(self) -> None:
        with suppress(psutil.Error):
            total = 0
            processes = [self._root, *self._root.children(recursive=True)]
            for process in processes:
                with suppress(psutil.Error), process.oneshot():
                    times = process.cpu_times()
                    self._cpu[process] = times.user + times.system
                    total += process.memory_info().rss
            self.peak_bytes = max(self.peak_bytes, total)
            if time.monotonic() >= self._next_pss or total > self._rss_at_pss * _PSS_GROWTH:
                self.peak_pss_bytes = max(self.peak_pss_bytes, sum(map(_pss, processes)))
                self._next_pss = time.monotonic() + _PSS_SECONDS
                self._rss_at_pss = total

    def cpu_seconds(self) -> float:
        return sum(self._cpu.values())

    def stop(self) -> None:
        self._done.set()
        self.join()
        if is_alive(self._root):  # Ctrl-C here
            _end([self._root])
        # Java ends soon after its Python process; it must not overlap with the next measurement.
        _end(_left_after(_GRACE_SECONDS, self._cpu))


def _pss(process: psutil.Process) -> int:
    """Proportional memory; 0 if the process has ended, or where the system does not know it."""
    with suppress(psutil.Error, AttributeError):
        return int(process.memory_full_info().pss)
    return 0


def is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; a zombie does not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _left_after(seconds: float, processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Processes that are alive after so many seconds; returns early if none is."""
    until = time.monotonic() + seconds
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < until:
        time.sleep(_SAMPLE_SECONDS)
    return alive


def _end(processes: Iterable[psutil.Process]) -> None:
    """Kill them and wait until they are gone."""
    killed = list(processes)
    for process in killed:
        with suppress(psutil.Error):
            process.kill()
    _left_after(_GRACE_SECONDS, killed)
