"""A terminal: what a program's output looks like on one, and programs that run on one."""

from __future__ import annotations

import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path

CTRL_C = b"\x03"
_PIECE = re.compile(r"\x1b\[(?P<number>[?\d;]*)(?P<code>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)")
_ROWS, _COLUMNS = 24, 100


def screen_of(output: str) -> list[str]:
    """The lines of a screen after a program's output, of which nothing was scrolled away; without colours."""
    lines, row, column = [""], 0, 0
    for piece in _PIECE.finditer(output):
        if text := piece["text"]:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
        elif piece["control"] == "\r":
            column = 0
        elif piece["control"] == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif piece["code"] == "A":
            row = max(row - int(piece["number"] or 1), 0)
        elif (piece["code"], piece["number"]) == ("K", "2"):
            lines[row] = ""
    return [line.rstrip() for line in lines if line.strip()]


def is_cursor_shown(output: str) -> bool:
    """Whether the cursor is to be seen after a program's output."""
    return output.rfind("\x1b[?25h") >= output.rfind("\x1b[?25l")


class OnTerminal:
    """A program whose standard streams are a terminal of 24 lines of 100 characters, which it is in charge of."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str], folder: Path) -> None:
        """Start it in a folder."""
        self._terminal, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            list(command),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", **env},
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.output = ""

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._terminal, keys)

    def signal(self, number: int) -> None:
        """Send the program alone a signal."""
        self._process.send_signal(number)

    def read_until(self, is_seen: Callable[[str], bool], seconds: float = 60.0) -> None:
        """Read until the output is as wanted. Fails after some seconds, or at the end of the program."""
        deadline = time.monotonic() + seconds
        while not is_seen(self.output):
            if not self._read() or time.monotonic() > deadline:
                self._process.kill()
                raise AssertionError(self.output)

    def end(self) -> int:
        """Read to the end; returns the exit code."""
        while self._read():
            pass
        os.close(self._terminal)
        code = self._process.wait(60)
        return code if code >= 0 else 128 + signal.Signals(-code)

    def _read(self) -> bool:
        try:
            found = os.read(self._terminal, 65536)
        except OSError:  # Linux's end of a terminal
            return False
        self.output += found.decode("utf-8", "replace")
        return bool(found)
