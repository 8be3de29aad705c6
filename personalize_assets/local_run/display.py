"""What a run prints while it works: a line a stage, and lines of progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import click

from personalize_assets.conversion.progress import Progress, lines


class Display(Protocol):
    """Shows what a run is doing."""

    def stage(self, name: str, what: str) -> AbstractContextManager[None]:
        """A stage, which ends with the block; ``what`` says what it works on."""

    def progress(self, progress: Progress) -> None:
        """How far the job of the present stage is. May be called often, and in any thread."""

    def note(self, line: str) -> None:
        """Something that the user may want to know now, such as what is waited for. May be called in any thread."""


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
        click.echo(f"{name:<8} {what}", nl=False)
        self._is_line_open = True
        self._on_progress = lines(self._line)
        ending = ""
        try:
            yield
            seconds = f"({self._clock() - started:.1f} s)"
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

    def _line(self, line: str) -> None:
        if self._is_line_open:
            click.echo()
            self._is_line_open = False
        click.echo(f"  {line}")
