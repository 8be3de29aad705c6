"""A terminal: what a program's output looks like on one, and programs that run on one."""

from __future__ import annotations

import codecs
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path

import pyte

CTRL_C = b"\x03"
ROWS, COLUMNS = 24, 100
# Longer than any output here: nothing scrolls away. What is drawn again moves the cursor relatively.
_SCREEN_LINES = 500


def empty_screen(columns: int = COLUMNS) -> pyte.Screen:
    """A screen, on which a line that ends with ``\\n`` alone ends as one that a terminal has passed on."""
    screen = pyte.Screen(columns, _SCREEN_LINES)
    screen.set_mode(pyte.modes.LNM)
    return screen


def lines_of(screen: pyte.Screen) -> list[str]:
    """The lines of a screen up to the last one that is not empty, without trailing spaces and colours."""
    return "\n".join(line.rstrip() for line in screen.display).rstrip("\n").splitlines()


def screen_of(output: str) -> list[str]:
    """The lines of a screen after a program's output, without the empty ones."""
    return [line for line in lines_of(_screen_after(output)) if line]


def is_cursor_shown(output: str) -> bool:
    """Whether the cursor is to be seen after a program's output."""
    return not _screen_after(output).cursor.hidden


def _screen_after(output: str) -> pyte.Screen:
    screen = empty_screen()
    pyte.Stream(screen).feed(output)
    return screen


class OnTerminal:
    """A program whose standard streams are a terminal, which it is in charge of.

    Attributes:
        output: What was read of it so far.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        folder: Path,
        *,
        inherited: Mapping[str, str] = os.environ,
        size: tuple[int, int] = (ROWS, COLUMNS),
    ) -> None:
        """Start it in a folder. Variables of ``env`` come to those inherited; ``size`` is in lines and characters."""
        self._terminal, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self._process = subprocess.Popen(
            list(command),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**inherited, "TERM": "xterm-256color", **env},
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.output = ""

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._terminal, keys)

    def signal(self, number: int) -> None:
        """Send the program alone a signal."""
        self._process.send_signal(number)

    def read_until(self, is_seen: Callable[[str], bool], seconds: float = 60.0) -> None:
        """Read until the output is as wanted. Raises ``TimeoutError`` after so long, and fails at the program's end."""
        deadline = time.monotonic() + seconds
        while not is_seen(self.output):
            assert self._read(deadline), self.output

    def end(self, seconds: float = 300.0) -> int:
        """Read to the end; returns the exit code. Raises ``TimeoutError`` after so long."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        os.close(self._terminal)
        code = self._process.wait(60)
        return code if code >= 0 else 128 - code

    def _read(self, deadline: float) -> bool:
        """Read what comes next; returns whether there was anything. At the deadline the program is killed."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise TimeoutError(self.output)
        try:
            found = os.read(self._terminal, 65536)
        except OSError:  # Linux's end of a terminal
            return False
        self.output += self._decoder.decode(found)
        return bool(found)
