"""How far a task is, from within it. The clock is a list of times."""

from __future__ import annotations

from personalize_assets.conversion.task_progress import TaskMeter, TaskProgress, reported, run_in_spread


def test_a_report_comes_at_most_twice_a_second_and_not_at_once() -> None:
    found: list[TaskProgress] = []
    events = iter((10, 20))

    with reported(found.append):
        meter = TaskMeter(3, lambda: next(events), iter((100.0, 100.4, 100.5, 100.9, 101.1)).__next__)
        for position in (1, 2, 3, 4):
            meter.move(lambda: position)  # noqa: B023 - asked at once

    assert found == [TaskProgress(0, 3, 2, 10), TaskProgress(0, 3, 4, 20)]


def test_bytes_of_the_open_file_come_to_those_of_the_files_before() -> None:
    found: list[TaskProgress] = []

    with reported(found.append):
        meter = TaskMeter(3, lambda: 0, iter((0.0, 0.1, 0.2, 0.9)).__next__)
        meter.add(100)
        meter.add(50)
        meter.move(lambda: 7)

    assert [one.bytes for one in found] == [157]


def test_nothing_is_asked_where_no_one_wants_reports() -> None:
    meter = TaskMeter(3, lambda: 1 // 0, iter((0.0, 9.0)).__next__)

    meter.move(lambda: 1 // 0)


def test_the_innermost_of_those_who_want_reports_gets_them() -> None:
    outer: list[TaskProgress] = []
    inner: list[TaskProgress] = []

    with reported(outer.append), reported(inner.append):
        TaskMeter(3, lambda: 0, iter((0.0, 9.0)).__next__).add(1)

    assert (outer, inner) == ([], [TaskProgress(0, 3, 1, 0)])


def test_reports_name_the_spread_that_their_task_is_of() -> None:
    found: list[TaskProgress] = []

    def task(number: int) -> None:
        TaskMeter(number, lambda: 0, iter((0.0, 9.0)).__next__).add(1)

    with reported(found.append):
        run_in_spread(5, task, 3)
        task(3)

    assert found == [TaskProgress(5, 3, 1, 0), TaskProgress(0, 3, 1, 0)]
