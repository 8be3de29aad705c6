"""Lines about requests that take long."""

from __future__ import annotations

import pytest

from personalize_assets.conversion import waiting
from personalize_assets.conversion.waiting import Waits


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waits(clock: Clock) -> Waits:
    return Waits(clock)


def test_a_request_that_is_answered_soon_gives_no_line(clock: Clock, waits: Waits) -> None:
    wait = waits.begin("s3://b/a")
    clock.now += 4.9
    assert waits.line() is None

    waits.end(wait)
    clock.now += 60
    assert waits.line() is None
    assert waits.is_empty()


def test_a_request_that_takes_long_is_named_with_its_try(clock: Clock, waits: Waits) -> None:
    wait = waits.begin("s3://b/a")
    clock.now += 5
    wait.state = "try 4 of 12 after 1.6 s; before: SlowDown"

    assert waits.line() == "waiting for 5 s: s3://b/a (try 4 of 12 after 1.6 s; before: SlowDown)"


def test_many_requests_that_wait_are_one_line_in_ten_seconds(clock: Clock, waits: Waits) -> None:
    for name in ("a", "b", "c"):
        waits.begin(f"s3://b/{name}")
        clock.now += 1
    clock.now += 5

    assert waits.line() == "waiting for 8 s: s3://b/a, and 2 more"
    clock.now += 9.9
    assert waits.line() is None
    clock.now += 0.1
    assert waits.line() == "waiting for 18 s: s3://b/a, and 2 more"


def test_a_line_of_a_worker_passes_unless_there_was_one_just_now(clock: Clock, waits: Waits) -> None:
    passed = []
    for seconds in (0, 1, 8, 1, 12):
        clock.now += seconds
        passed.append(waits.may_pass())

    assert passed == [True, False, False, True, True]


def test_lines_go_where_the_innermost_block_wants_them(capsys: pytest.CaptureFixture[str]) -> None:
    outer: list[str] = []
    inner: list[str] = []

    with waiting.reported(outer.append):
        with waiting.reported(inner.append):
            waiting.report("1")
        waiting.report("2")
    waiting.report("3")

    assert (inner, outer, capsys.readouterr().err) == (["1"], ["2"], "3\n")


def test_a_line_that_cannot_be_written_fails_nothing() -> None:
    def broken(line: str) -> None:
        raise BrokenPipeError(line)

    with waiting.reported(broken):
        waiting.report("1")


def test_a_request_ends_with_its_block_also_if_it_fails() -> None:
    def fail() -> None:
        with waiting.waiting_for("s3://b/a"):
            assert not waiting._watch.waits.is_empty()
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        fail()

    assert waiting._watch.waits.is_empty()
