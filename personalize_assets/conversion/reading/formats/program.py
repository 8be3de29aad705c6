"""A Python program that answers one question after another, and is started again if it has died.

Starting Python and its libraries takes half a second, which many small files would each cost.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

import msgspec


class Answer:
    """What a program writes to its standard output for one question; ``end`` says that all of it was read."""

    def __init__(self, out: IO[bytes]) -> None:
        """Nothing is read yet."""
        self._out = out
        self.is_complete = False

    def read(self, size: int) -> bytes:
        """So many bytes; fewer if the program has ended."""
        return self._out.read(size)

    def end(self) -> None:
        """The program waits for the next question now."""
        self.is_complete = True


class Program:
    """Runs a module, which reads a question (a list of texts as JSON) from each line of its standard input.

    It is used by any number of threads: each question has a process of its own as long as it is answered. A process
    ends with this one.
    """

    def __init__(self, module: str) -> None:
        """Start nothing yet."""
        self._module = module
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []
        self._owner = os.getpid()
        atexit.register(self.close)

    @contextmanager
    def asked(self, question: Sequence[str]) -> Iterator[Answer]:
        """The answer; a process whose answer was not read to its end is killed."""
        process = self._take()
        assert process.stdin is not None
        assert process.stdout is not None
        answer = Answer(process.stdout)
        try:
            with suppress(BrokenPipeError):  # it has died, and the answer is empty
                process.stdin.write(msgspec.json.encode(question) + b"\n")
                process.stdin.flush()
            yield answer
        finally:
            if answer.is_complete:
                with self._lock:
                    self._idle.append(process)
            else:
                _kill(process)

    def close(self) -> None:
        """End the processes that wait for a question."""
        for process in self._own():
            _kill(process)

    def _take(self) -> subprocess.Popen[bytes]:
        waiting = self._own(1)
        return waiting[0] if waiting else self._started()

    def _own(self, most: int | None = None) -> list[subprocess.Popen[bytes]]:
        """Take waiting processes; those of the process from which this one was forked are not ours."""
        with self._lock:
            if self._owner != os.getpid():
                self._owner, self._idle = os.getpid(), []
            found, self._idle = self._idle[:most], self._idle[len(self._idle[:most]) :]
            return found

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )


def questions() -> Iterator[list[str]]:
    """What the program is asked, until the process that started it has ended."""
    for line in sys.stdin.buffer:
        yield msgspec.json.decode(line, type=list[str])


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    process.wait()
