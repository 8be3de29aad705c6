"""Progress is counted as tasks finish; a line comes at most every ten seconds. The clock is a list of times."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from msgspec import structs

from personalize_assets.conversion.progress import AT_MOST, SO_FAR, UNTIMED, Meter, Progress, format_seconds, lines
from personalize_assets.conversion.task_progress import TaskProgress


def progress(tasks_done: int, tasks: int, seconds: float, *, size: int = 0, events: int = 0) -> Progress:
    return Progress(
        job="convert",
        done=tasks_done,
        total=tasks,
        bytes_done=size * tasks_done // tasks,
        bytes=size,
        events=events,
        seconds=seconds,
    )


def meter(*times: float) -> tuple[Meter, list[Progress]]:
    """A meter of a job that begins at 100 s and reports at these times, and its reports."""
    found: list[Progress] = []
    left = iter((100.0, *times))
    return Meter("convert", found.append, lambda: next(left)), found


def test_tasks_count_by_their_bytes_and_results_by_their_events() -> None:
    counted, found = meter(101.0, 103.5)
    tasks = [SimpleNamespace(bytes=70), SimpleNamespace(bytes=30)]

    spread = counted.plan(tasks, 100)
    spread.finish(tasks[1], SimpleNamespace(events=3))
    spread.finish(tasks[0], SimpleNamespace(events=4))

    assert [(one.done, one.total, one.bytes_done, one.bytes, one.events, one.seconds) for one in found] == [
        (1, 2, 30, 100, 3, 1.0),
        (2, 2, 100, 100, 7, 3.5),
    ]


def test_tasks_without_bytes_share_those_of_their_spread() -> None:
    counted, found = meter(101.0)

    counted.plan(["a", "b", "c", "d"], 100).finish("b", "result")

    assert (found[0].done, found[0].bytes_done, found[0].events) == (1, 25, 0)


def test_a_display_that_fails_fails_no_work() -> None:
    def fail(progress: Progress) -> None:
        raise BrokenPipeError(progress.job)

    Meter("convert", fail).plan(["a"], 10).finish("a", None)


def test_a_later_spread_adds_to_what_is_planned() -> None:
    counted, found = meter(101.0, 102.0)

    counted.plan(["a"], 10).finish("a", None)
    counted.plan(["b", "c"], 30).finish("b", None)

    assert [(one.done, one.total, one.bytes_done, one.bytes) for one in found] == [(1, 1, 10, 10), (2, 3, 25, 40)]


def test_tasks_that_spark_counts_are_not_counted_again_by_their_results() -> None:
    counted, found = meter(101.0, 102.0, 103.0)

    spread = counted.plan([SimpleNamespace(bytes=70), SimpleNamespace(bytes=20), SimpleNamespace(bytes=10)], 100)
    for count in (0, 1, 1, 2, 1):
        spread.finish_count(count)
    spread.finish_all([SimpleNamespace(events=5)] * 3)

    assert [(one.done, one.bytes_done, one.events) for one in found] == [(1, 33, 0), (2, 66, 0), (3, 100, 15)]


def test_spark_cannot_finish_more_tasks_than_there_are() -> None:
    counted, found = meter(101.0)

    counted.plan(["a", "b"], 10).finish_count(3)  # a task that was tried twice

    assert [one.done for one in found] == [2]


def test_a_line_comes_at_most_every_ten_seconds() -> None:
    written: list[str] = []
    on_progress = lines(written.append)

    for number, seconds in enumerate((0.5, 9.9, 10.0, 12.0, 19.9, 20.1, 45.0), 1):
        on_progress(progress(number, 8, seconds))

    assert written == [
        "convert: 3 of 8 tasks after 10 s, about 17 s left",
        "convert: 6 of 8 tasks after 20 s, about 7 s left",
        "convert: 7 of 8 tasks after 45 s, about 6 s left",
    ]


def test_a_job_that_ends_within_ten_seconds_writes_no_line() -> None:
    written: list[str] = []
    on_progress = lines(written.append)

    for number in (1, 2):
        on_progress(progress(number, 2, 4.0 * number))

    assert written == []


def test_ten_seconds_lie_between_the_lines_of_several_jobs_too() -> None:
    written: list[str] = []
    on_progress = lines(written.append)

    for part, seconds in ((1, 12.0), (1, 18.0), (2, 3.9), (2, 4.1), (2, 14.0), (2, 14.2)):
        on_progress(structs.replace(progress(1, 2, seconds), part=part, parts=2))

    assert [line.partition(", about")[0] for line in written] == [
        "convert: part 1 of 2, 1 of 2 tasks after 12 s",
        "convert: part 2 of 2, 1 of 2 tasks after 4 s",
        "convert: part 2 of 2, 1 of 2 tasks after 14 s",
    ]


def test_a_line_names_bytes_events_and_their_speed_where_there_are_events() -> None:
    line = progress(5, 8, 34.0, size=1_650_000_000, events=1_234_567).line()

    assert line == (
        "convert: 5 of 8 tasks, 1,031.2 of 1,650.0 MB, 1,234,567 events, 36,311 events/s after 34 s, about 20 s left"
    )


def test_what_unfinished_tasks_have_read_counts_once() -> None:
    counted, found = meter(101.0, 102.0, 103.0)
    task = SimpleNamespace(number=7, bytes=100)
    spread = counted.plan([task], 100)

    spread.move(TaskProgress(spread.number, 7, 40, 4))
    spread.move(TaskProgress(spread.number, 7, 60, 6))
    spread.finish(task, SimpleNamespace(events=10))

    assert [(one.done, one.bytes_done, one.events) for one in found] == [(0, 40, 4), (0, 60, 6), (1, 100, 10)]


def test_reports_of_finished_tasks_and_of_other_jobs_are_ignored() -> None:
    counted, found = meter(101.0)
    task = SimpleNamespace(number=7, bytes=100)
    spread = counted.plan([task], 100)

    spread.finish(task, None)
    spread.move(TaskProgress(spread.number, 7, 40, 4))
    spread.move(TaskProgress(spread.number, 8, 40, 4))

    assert [one.bytes_done for one in found] == [100]


def test_a_report_that_arrives_after_its_spread_does_not_count_for_the_next() -> None:
    counted, found = meter(101.0, 102.0)
    task = SimpleNamespace(number=0, bytes=100)
    before = counted.plan([task], 100)
    before.finish(task, None)

    after = counted.plan([task], 100)
    after.move(TaskProgress(before.number, 0, 90, 4))
    after.move(TaskProgress(after.number, 0, 40, 2))

    assert [(one.bytes_done, one.events) for one in found] == [(100, 0), (140, 2)]


def test_the_time_left_is_known_from_two_percent_and_a_second_on() -> None:
    assert progress(1, 100, 30.0).seconds_left is None
    assert progress(2, 100, 0.9).seconds_left is None
    assert progress(2, 100, 30.0).seconds_left == 1470.0


@pytest.mark.parametrize(("bound", "units"), [(SO_FAR, "3 of 8 tasks so far"), (AT_MOST, "3 of at most 8 tasks")])
def test_a_total_that_may_change_gives_neither_a_share_nor_a_time_left(bound: str, units: str) -> None:
    found = Progress(job="export", done=3, total=8, bound=bound, seconds=30.0)

    assert (found.share, found.seconds_left, found.line()) == (None, None, f"export: {units} after 30 s")


def test_beside_a_bar_bytes_stand_for_the_tasks_and_the_speed_for_the_events() -> None:
    found = progress(5, 8, 34.0, size=1_650_000_000, events=1_234_567)

    assert found.main_figures() == ["1,031.2 of 1,650.0 MB", "36,311 events/s"]


def test_beside_a_bar_events_stand_for_the_visits_that_they_are_of() -> None:
    found = Progress(job="generate", done=5, total=8, unit="visits", bytes_done=250_000, events=3_000, seconds=20.0)

    assert found.main_figures() == ["3,000 events", "0.2 MB", "150 events/s"]


def test_beside_a_bar_bytes_come_to_the_datasets_while_they_are_compared() -> None:
    comparing = Progress(job="import", total=2, unit="datasets", bound=UNTIMED, bytes_done=5_000_000, bytes=9_000_000)
    compared = structs.replace(comparing, bytes_done=9_000_000)

    assert comparing.main_figures() == ["0 of 2 datasets", "5.0 of 9.0 MB"]
    assert compared.main_figures() == ["0 of 2 datasets"]


def test_before_the_last_of_several_jobs_the_time_left_is_unknown() -> None:
    first, last = (Progress(job="convert", done=3, total=4, part=part, parts=2, seconds=30.0) for part in (1, 2))

    assert first.line() == "convert: part 1 of 2, 3 of 4 tasks after 30 s"
    assert last.line() == "convert: part 2 of 2, 3 of 4 tasks after 30 s, about 10 s left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3600, "1 h"), (12_000, "3 h 20 min")],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
