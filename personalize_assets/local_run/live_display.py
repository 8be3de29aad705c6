"""What a command shows on a terminal while it works: a bar under the line of the stage, which vanishes with its end.

What stays on the screen are the lines of ``PlainDisplay``. Importing this takes a tenth of a second, for rich.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from personalize_assets.conversion.progress import Progress
from personalize_assets.local_run.display import duration, stage_line

_REFRESHES_PER_SECOND = 5
_BAR_AFTER_SECONDS = 0.3
_UNKNOWN_AFTER_SECONDS = 5.0
# A wait that goes on has a new line every ten seconds.
_WAIT_SECONDS = 12.0
_INDENT, _BAR_WIDTH, _LEAST_BAR_WIDTH, _FIGURES_WIDTH = 2, 30, 10, 65


class LiveDisplay:
    """A bar for the present stage, with what is counted, the time so far and the time left."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Show it on stdout, or on another console; ``clock`` is in seconds."""
        # Without markup and highlighting: a path is printed as it is. Rich itself honours NO_COLOR.
        self._console = console or Console(markup=False, highlight=False, emoji=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._bar: _Bar | None = None

    @contextmanager
    def stage(self, name: str, what: str) -> Iterator[None]:
        """A bar while the stage goes on; at its end the line of ``PlainDisplay``."""
        self._bar = bar = _Bar(stage_line(name, what), self._clock)
        seconds = None
        try:
            with Live(
                bar,
                console=self._console,
                refresh_per_second=_REFRESHES_PER_SECOND,
                transient=True,
                redirect_stderr=sys.stderr.isatty(),
            ):
                yield
                seconds = duration(self._clock() - bar.started)
        finally:
            with self._lock:
                self._bar = None
                if bar.line:
                    self._print(f"{bar.line} {seconds}" if seconds else bar.line)
                elif seconds:
                    self._print(f"{name:<8} done {seconds}")

    def progress(self, progress: Progress) -> None:
        """Move the bar."""
        if bar := self._bar:
            bar.take(progress)

    def note(self, line: str) -> None:
        """A line above the bar, and below that of the stage."""
        with self._lock:
            if self._bar and self._bar.line:
                self._print(self._bar.line)
                self._bar.line = ""
            self._print(f"  {line}")

    def waiting(self, line: str) -> None:
        """A line below the bar, for some seconds; without a bar as ``note``."""
        if bar := self._bar:
            bar.wait(line)
        else:
            self.note(line)

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)


class _Bar:
    """A bar with its figures, which is drawn several times a second.

    Attributes:
        line: That of the stage, drawn above the bar; empty once it is printed for good.
    """

    def __init__(self, line: str, clock: Callable[[], float]) -> None:
        self.line = line
        self.started = clock()
        self._clock = clock
        # Pairs, so that a drawing in between never mixes two of them.
        self._taken: tuple[Progress | None, float] = (None, 0.0)
        self._waiting: tuple[str, float] = ("", 0.0)

    def take(self, progress: Progress) -> None:
        self._taken = (progress, self._clock())

    def wait(self, line: str) -> None:
        self._waiting = (line, self._clock())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self._clock()
        if self.line:
            yield Text(self.line, no_wrap=True, overflow="ellipsis")
        if now - self.started >= _BAR_AFTER_SECONDS:
            progress, at = self._taken
            # A job's clock goes on between two reports.
            progress = progress and replace(progress, seconds=progress.seconds + now - at)
            yield from _bar_and_figures(progress, now - self.started, options.max_width)
        line, at = self._waiting
        if line and now - at < _WAIT_SECONDS:
            yield Text(f"  {line}", style="yellow", no_wrap=True, overflow="ellipsis")


def _bar_and_figures(progress: Progress | None, elapsed: float, width: int) -> Iterator[RenderableType]:
    """On one line, or on two if the terminal is too narrow for the figures."""
    figures = "  ".join(_figures(progress, elapsed))
    share = progress.share if progress else None
    bar = ProgressBar(
        total=None if share is None else 1.0,
        completed=share or 0.0,
        # Not what the figures leave: the bar would change its width with them.
        width=max(_LEAST_BAR_WIDTH, min(width - _FIGURES_WIDTH, _BAR_WIDTH)),
        animation_time=elapsed,
    )
    text = Text(figures, no_wrap=True, overflow="ellipsis")
    is_wide = _INDENT + (bar.width or 0) + 1 + len(figures) <= width
    for renderables in ((bar, text),) if is_wide else ((bar,), (text,)):
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(" " * (_INDENT - 1), *renderables)
        yield grid


def _figures(progress: Progress | None, elapsed: float) -> Iterator[str]:
    if progress:
        if progress.share is not None:
            yield f"{int(100 * progress.share)}%"
        yield from progress.main_figures()
    yield clock_time(elapsed)
    left = progress.seconds_left if progress else None
    if left is not None:
        yield f"{clock_time(left)} left"
    elif elapsed >= _UNKNOWN_AFTER_SECONDS:
        yield "time left unknown"


def clock_time(seconds: float) -> str:
    """A duration as on a clock: ``0:34`` or ``3:20:05``."""
    minutes, seconds_of = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds_of:02}" if hours else f"{minutes}:{seconds_of:02}"
