"""What a run prints: lines on stdout. The clock is a list of times."""

from __future__ import annotations

import io
import sys

import pytest

from personalize_assets.conversion.progress import Progress
from personalize_assets.local_run.display import PlainDisplay, choose_display
from personalize_assets.local_run.live_display import LiveDisplay


def progress(tasks_done: int, seconds: float) -> Progress:
    return Progress(job="export", done=tasks_done, total=8, bytes_done=0, bytes=0, events=0, seconds=seconds)


def display(*times: float) -> PlainDisplay:
    return PlainDisplay(iter(times).__next__)


def test_a_stage_is_one_line_with_its_duration(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(100.0, 101.25)

    with shown.stage("export", "users, items"):
        assert capsys.readouterr().out == "export   users, items"
        shown.progress(progress(1, 1.0))

    assert capsys.readouterr().out == " (1.2 s)\n"


def test_lines_of_progress_come_below_and_the_duration_behind_them(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(100.0, 134.0)

    with shown.stage("export", "users, items"):
        for seconds in (4.0, 12.0, 15.0, 30.0):
            shown.progress(progress(2, seconds))

    assert capsys.readouterr().out == (
        "export   users, items\n"
        "  export: 2 of 8 tasks after 12 s, about 36 s left\n"
        "  export: 2 of 8 tasks after 30 s, about 1 min 30 s left\n"
        "export   done (34.0 s)\n"
    )


def test_each_stage_counts_its_own_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(0.0, 30.0, 30.0, 41.0)

    with shown.stage("convert", "1 day"):
        shown.progress(progress(1, 29.0))
    with shown.stage("export", "items"):
        shown.progress(progress(1, 10.5))

    assert "export: 1 of 8 tasks after 10 s" in capsys.readouterr().out


def test_a_stage_that_fails_ends_its_line_without_a_duration(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), display(0.0).stage("export", "items"):
        raise ZeroDivisionError

    assert capsys.readouterr().out == "export   items\n"


def test_a_stage_that_fails_after_a_line_of_progress_adds_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(0.0)

    def fail() -> None:
        with shown.stage("export", "items"):
            shown.progress(progress(3, 11.0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert capsys.readouterr().out == "export   items\n  export: 3 of 8 tasks after 11 s, about 18 s left\n"


def test_a_note_is_a_line_below_that_of_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(100.0, 134.0)

    with shown.stage("export", "users"):
        shown.note("waiting for 7 s: s3://b/a")

    assert capsys.readouterr().out == "export   users\n  waiting for 7 s: s3://b/a\nexport   done (34.0 s)\n"


def test_a_wait_is_a_line_below_that_of_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(100.0, 134.0)

    with shown.stage("import", "users"):
        shown.waiting("waiting for 7 s: s3://b/a")

    assert capsys.readouterr().out == "import   users\n  waiting for 7 s: s3://b/a\nimport   done (34.0 s)\n"


class Terminal(io.TextIOWrapper):
    """A file that is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding)

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal())
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    assert isinstance(choose_display(), LiveDisplay)


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setenv("TERM", term)

    assert isinstance(choose_display(), PlainDisplay)


def test_a_terminal_on_which_libraries_log_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    assert isinstance(choose_display(is_logged=True), PlainDisplay)

    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(choose_display(is_logged=True), LiveDisplay)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_does_not_know_the_characters_of_a_bar_gets_lines(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdout", Terminal(encoding))

    assert isinstance(choose_display(), PlainDisplay)


def test_a_file_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    assert isinstance(choose_display(), PlainDisplay)
