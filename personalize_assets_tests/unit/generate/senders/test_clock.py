"""Waits that keep a rate."""

from personalize_assets.generate.senders.clock import Pace
from personalize_assets_tests.helpers.sender_clock import SenderClock


def test_the_first_events_do_not_wait() -> None:
    clock = SenderClock()

    Pace(200, clock).wait_for(200)

    assert clock.waits == []


def test_events_wait_for_those_before_them() -> None:
    clock = SenderClock()
    pace = Pace(200, clock)

    for events in (200, 100, 50, 50):
        pace.wait_for(events)

    assert clock.waits == [1.0, 0.5, 0.25]


def test_time_that_passed_anyway_is_not_waited_for_again_nor_saved_up() -> None:
    clock = SenderClock()
    pace = Pace(100, clock)
    pace.wait_for(100)
    clock.sleep(5)

    pace.wait_for(100)
    pace.wait_for(100)

    assert clock.waits == [5, 1.0]
