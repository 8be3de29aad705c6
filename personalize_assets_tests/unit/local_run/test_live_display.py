"""What a terminal shows while a command works. The clock stands still until a test moves it; the console is a text."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from personalize_assets.conversion.progress import SO_FAR, Progress
from personalize_assets.local_run.live_display import LiveDisplay, _Bar, clock_time
from personalize_assets_tests.helpers.terminal import is_cursor_shown, screen_of


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def screen(bar: _Bar, width: int = 100) -> list[str]:
    """The lines of a bar, as they are drawn now."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    console.print(bar)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def text_of(display: LiveDisplay) -> str:
    """What was printed, with its escape codes."""
    file = display._console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def display(clock: Clock) -> LiveDisplay:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    return LiveDisplay(console, clock)


CONVERT = Progress(
    job="convert", done=3, total=8, bytes_done=412_000_000, bytes=1_648_000_000, events=3_000_000, seconds=30.0
)


def bar(clock: Clock, seconds: float, progress: Progress | None) -> _Bar:
    """A bar that began some seconds ago and has just been given a report."""
    found = _Bar("convert  7 days", clock)
    clock.now += seconds
    if progress:
        found.take(progress)
    return found


def test_a_bar_has_share_bytes_speed_time_and_time_left() -> None:
    assert screen(bar(Clock(), 31.0, CONVERT)) == [
        "convert  7 days",
        "  ━━━━━━━╸                       25%  412.0 of 1,648.0 MB  100,000 events/s  0:31  1:30 left",
    ]


def test_the_clock_goes_on_between_two_reports() -> None:
    clock = Clock()
    shown = bar(clock, 31.0, CONVERT)
    clock.now += 10.0

    assert screen(shown)[1].endswith("75,000 events/s  0:41  2:00 left")


def test_where_the_rest_is_unknown_so_is_the_time_left() -> None:
    export = Progress(job="export", done=3, total=8, bound=SO_FAR, bytes_done=5, bytes=9, seconds=6.0)

    assert screen(bar(Clock(), 6.0, export))[1].endswith("━ 3 of 8 tasks so far  0:06  time left unknown")


def test_a_stage_that_counts_nothing_shows_its_time() -> None:
    assert screen(bar(Clock(), 2.0, None))[1].endswith("━ 0:02")


def test_a_stage_that_has_just_begun_has_no_bar_yet() -> None:
    assert screen(bar(Clock(), 0.1, CONVERT)) == ["convert  7 days"]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_everything_is_on_one_line_of_a_usual_terminal(width: int) -> None:
    assert len(screen(bar(Clock(), 31.0, CONVERT), width)) == 2


def test_on_a_narrow_terminal_the_figures_are_below_the_bar() -> None:
    assert screen(bar(Clock(), 31.0, CONVERT), 70) == [
        "convert  7 days",
        "  ━━╸",
        "  25%  412.0 of 1,648.0 MB  100,000 events/s  0:31  1:30 left",
    ]


def test_a_wait_is_shown_below_the_bar_until_it_is_old() -> None:
    clock = Clock()
    shown = bar(clock, 2.0, None)
    shown.wait("waiting for 35 s: import job a (CREATE IN_PROGRESS)")

    assert screen(shown)[2] == "  waiting for 35 s: import job a (CREATE IN_PROGRESS)"
    clock.now += 12.0
    assert len(screen(shown)) == 2


def test_what_stays_of_a_stage_is_the_line_of_a_log() -> None:
    clock = Clock()
    shown = display(clock)

    with shown.stage("export", "users, items"):
        shown.progress(CONVERT)
        clock.now += 1.25

    assert screen_of(text_of(shown)) == ["export   users, items (1.2 s)"]


def test_notes_are_printed_below_the_line_of_the_stage_and_above_its_end() -> None:
    clock = Clock()
    shown = display(clock)

    with shown.stage("export", "users"):
        shown.note("retry 1 of 3")
        shown.note("retry 2 of 3")
        clock.now += 34.0

    assert screen_of(text_of(shown)) == ["export   users", "  retry 1 of 3", "  retry 2 of 3", "export   done (34.0 s)"]


def test_a_stage_that_fails_leaves_its_line_without_a_duration_and_shows_the_cursor_again() -> None:
    shown = display(Clock())

    with pytest.raises(KeyboardInterrupt), shown.stage("export", "items"):
        raise KeyboardInterrupt

    assert screen_of(text_of(shown)) == ["export   items"]
    assert is_cursor_shown(text_of(shown))


def test_warnings_stay_in_the_file_that_stderr_goes_to(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(Clock())

    with shown.stage("convert", "7 days"):
        print("Warning: no space", file=sys.stderr)

    assert capsys.readouterr().err == "Warning: no space\n"
    assert "Warning" not in text_of(shown)


def test_outside_of_a_stage_a_wait_is_a_line() -> None:
    shown = display(Clock())

    shown.progress(CONVERT)
    shown.waiting("waiting for 7 s: s3://b/a")

    assert text_of(shown) == "  waiting for 7 s: s3://b/a\n"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (34.0, "0:34"), (59.6, "1:00"), (12_005, "3:20:05")])
def test_durations_are_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text
