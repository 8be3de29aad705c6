"""What a command prints while it works: a line a stage, and how far it is."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import click

from personalize_assets.conversion.progress import Progress, lines


class Display(Protocol):
    """Shows what a command is doing."""

    def stage(self, name: str, what: str) -> AbstractContextManager[None]:
        """A stage, which ends with the block; ``what`` says what it works on."""

    def progress(self, progress: Progress) -> None:
        """How far the job of the present stage is. May be called often, and in any thread."""

    def note(self, line: str) -> None:
        """Something that the user may want to know now, such as a retry. May be called in any thread."""

    def waiting(self, line: str) -> None:
        """What is waited for now, every ten seconds (``conversion.waiting``). May be called in any thread."""


def choose_display(*, is_logged: bool = False) -> Display:
    """A bar if stdout is a terminal that can draw one, in UTF-8, else plain lines.

    ``is_logged``: whether libraries log to stderr. If that is a terminal, too, their lines would tear a bar.
    """
    is_dumb = os.environ.get("TERM", "") in ("", "dumb", "unknown")
    is_torn = is_logged and sys.stderr.isatty()
    is_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    if not sys.stdout.isatty() or is_dumb or is_torn or not is_utf8:
        return PlainDisplay()
    from personalize_assets.local_run.live_display import LiveDisplay

    return LiveDisplay()


def stage_line(name: str, what: str) -> str:
    """The line of a stage, without its duration."""
    return f"{name:<8} {what}"


def duration(seconds: float) -> str:
    """The end of the line of a stage."""
    return f"({seconds:.1f} s)"


class PlainDisplay:
    """Lines on stdout, for files and logs as well as for terminals."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` is in seconds."""
        self._clock = clock
        self._is_line_open = False
        self._on_progress = lines(self._line)

    @contextmanager
    def stage(self, name: str, what: str) -> Iterator[None]:
        """One line: what the stage does, printed when it starts, and its duration, printed when it ends.

        If lines of progress came between, the duration has a line of its own.
        """
        started = self._clock()
        click.echo(stage_line(name, what), nl=False)
        self._is_line_open = True
        self._on_progress = lines(self._line)
        ending = ""
        try:
            yield
            seconds = duration(self._clock() - started)
            ending = f" {seconds}" if self._is_line_open else f"{name:<8} done {seconds}"
        finally:
            if ending or self._is_line_open:
                click.echo(ending)
            self._is_line_open = False

    def progress(self, progress: Progress) -> None:
        """A line at most every ten seconds."""
        self._on_progress(progress)

    def note(self, line: str) -> None:
        """A line below that of the stage."""
        self._line(line)

    def waiting(self, line: str) -> None:
        """As ``note``."""
        self._line(line)

    def _line(self, line: str) -> None:
        if self._is_line_open:
            click.echo()
            self._is_line_open = False
        click.echo(f"  {line}")
