"""Progress is counted as tasks finish; a line comes at most every ten seconds. The clock is a list of times."""

from __future__ import annotations

from types import SimpleNamespace

from personalize_assets.conversion.progress import Meter, Progress, lines


def progress(tasks_done: int, tasks: int, seconds: float, *, size: int = 0, events: int = 0) -> Progress:
    return Progress(
        job="convert",
        tasks_done=tasks_done,
        tasks=tasks,
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

    assert [(one.tasks_done, one.tasks, one.bytes_done, one.bytes, one.events, one.seconds) for one in found] == [
        (1, 2, 30, 100, 3, 1.0),
        (2, 2, 100, 100, 7, 3.5),
    ]


def test_tasks_without_bytes_share_those_of_their_spread() -> None:
    counted, found = meter(101.0)

    counted.plan(["a", "b", "c", "d"], 100).finish("b", "result")

    assert (found[0].tasks_done, found[0].bytes_done, found[0].events) == (1, 25, 0)


def test_a_later_spread_adds_to_what_is_planned() -> None:
    counted, found = meter(101.0, 102.0)

    counted.plan(["a"], 10).finish("a", None)
    counted.plan(["b", "c"], 30).finish("b", None)

    assert [(one.tasks_done, one.tasks, one.bytes_done, one.bytes) for one in found] == [(1, 1, 10, 10), (2, 3, 25, 40)]


def test_tasks_that_spark_counts_are_not_counted_again_by_their_results() -> None:
    counted, found = meter(101.0, 102.0, 103.0)

    spread = counted.plan([SimpleNamespace(bytes=70), SimpleNamespace(bytes=20), SimpleNamespace(bytes=10)], 100)
    for count in (0, 1, 1, 2, 1):
        spread.finish_count(count)
    spread.finish_all([SimpleNamespace(events=5)] * 3)

    assert [(one.tasks_done, one.bytes_done, one.events) for one in found] == [(1, 33, 0), (2, 66, 0), (3, 100, 15)]


def test_spark_cannot_finish_more_tasks_than_there_are() -> None:
    counted, found = meter(101.0)

    counted.plan(["a", "b"], 10).finish_count(3)  # a task that was tried twice

    assert [one.tasks_done for one in found] == [2]


def test_a_line_comes_at_most_every_ten_seconds() -> None:
    written: list[str] = []
    on_progress = lines(written.append)

    for number, seconds in enumerate((0.5, 9.9, 10.0, 12.0, 19.9, 20.1, 45.0), 1):
        on_progress(progress(number, 8, seconds))

    assert written == [
        "convert: 3 of 8 tasks after 10 s",
        "convert: 6 of 8 tasks after 20 s",
        "convert: 7 of 8 tasks after 45 s",
    ]


def test_a_job_that_ends_within_ten_seconds_writes_no_line() -> None:
    written: list[str] = []
    on_progress = lines(written.append)

    for number in (1, 2):
        on_progress(progress(number, 2, 4.0 * number))

    assert written == []


def test_a_line_names_bytes_and_events_where_there_are_events() -> None:
    line = progress(5, 8, 34.1, size=1_650_000_000, events=1_234_567).line()

    assert line == "convert: 5 of 8 tasks, 1,031.2 of 1,650.0 MB, 1,234,567 events after 34 s"
