"""Waits for what Personalize does, in which no time passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from personalize_assets.errors import TransientError
from personalize_assets.pipeline.importing.polling import Polling, WaitIsOver


class Time:
    """Waits, and what was logged; the clock is the sum of the waits."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.slept: list[float] = []
        self.polling = Polling(self.lines.append, self.slept.append, lambda: sum(self.slept))


def until(time: Time, *answers: str | Exception, deadline: float = 1000.0) -> str:
    left: Iterator[str | Exception] = iter(answers)

    def look() -> str:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return time.polling.until("dataset items", look, str, deadline, 4.0)


def test_waits_grow_up_to_the_longest() -> None:
    time = Time()

    until(time, *["CREATE PENDING"] * 6, "ACTIVE")

    assert time.slept == [1.0, 1.5, 2.25, 3.375, 4.0, 4.0]


def test_a_state_is_logged_when_it_changes() -> None:
    time = Time()

    until(time, "CREATE PENDING", "CREATE PENDING", "CREATE IN_PROGRESS", "CREATE FAILED")

    assert time.lines == ["dataset items: CREATE PENDING", "dataset items: CREATE IN_PROGRESS"]


def test_an_unknown_state_goes_on() -> None:
    time = Time()

    assert until(time, "DREAMING", "ACTIVE") == "ACTIVE"
    assert time.lines == ["dataset items: DREAMING (an unknown state; waiting on)"]


def test_a_look_without_an_answer_is_repeated() -> None:
    time = Time()

    assert until(time, TransientError("busy"), "ACTIVE") == "ACTIVE"
    assert time.lines == ["dataset items: not answered: busy"]


def test_after_the_deadline_the_wait_is_over() -> None:
    with pytest.raises(WaitIsOver, match="dataset items is CREATE PENDING after all the time it has; run again"):
        until(Time(), *["CREATE PENDING"] * 99, deadline=20.0)


def test_a_pause_after_the_deadline_is_over_at_once() -> None:
    time = Time()

    time.polling.pause("import of items", "waiting for room", 30.0, 20.0)
    with pytest.raises(WaitIsOver, match="import of items: waiting for room, and the time for it is over"):
        time.polling.pause("import of items", "waiting for room", 30.0, 20.0)

    assert time.slept == [20.0]
