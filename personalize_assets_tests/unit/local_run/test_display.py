"""What a run prints: lines on stdout. The clock is a list of times."""

from __future__ import annotations

import pytest

from personalize_assets.conversion.progress import Progress
from personalize_assets.local_run.display import PlainDisplay


def progress(tasks_done: int, seconds: float) -> Progress:
    return Progress(job="export", tasks_done=tasks_done, tasks=8, bytes_done=0, bytes=0, events=0, seconds=seconds)


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
        "  export: 2 of 8 tasks after 12 s\n"
        "  export: 2 of 8 tasks after 30 s\n"
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

    assert capsys.readouterr().out == "export   items\n  export: 3 of 8 tasks after 11 s\n"


def test_a_note_is_a_line_below_that_of_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(100.0, 134.0)

    with shown.stage("export", "users"):
        shown.note("waiting for 7 s: s3://b/a")

    assert capsys.readouterr().out == "export   users\n  waiting for 7 s: s3://b/a\nexport   done (34.0 s)\n"
