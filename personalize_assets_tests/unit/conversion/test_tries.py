"""How often a request is tried, and how long it waits."""

from __future__ import annotations

import pytest

from personalize_assets.conversion.tries import MAX_TRIES, Tries, back_off
from personalize_assets.conversion.waiting import Wait


def test_waits_grow_up_to_ten_seconds() -> None:
    waits = [back_off(failures) for failures in range(1, 12)]

    assert [0.1 <= waits[0] <= 0.2, 0.8 <= waits[3] <= 1.6, 5 <= waits[-1] <= 10] == [True] * 3


def test_a_request_is_tried_twelve_times(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    tries = Tries()

    assert [tries.again("busy") for _ in range(MAX_TRIES)] == [True] * 11 + [False]
    assert (tries.count, len(slept)) == (12, 11)
    assert sum(slept) < 70


def test_no_more_tries_begin_after_three_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    tries = Tries()
    now[0] = 181.0

    assert tries.next_wait("timed out") is None


def test_the_wait_says_which_try_it_is_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    wait = Wait("s3://b/a", 0)

    Tries(wait).next_wait("SlowDown")

    assert wait.state == "try 2 of 12 after 0.2 s; before: SlowDown"
