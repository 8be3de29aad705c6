"""Time as senders use it; tests have one that does not wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The time.

    Attributes:
        now: Seconds since 1970 (UTC).
        ticks: Seconds since some moment, which never go back.
    """

    now: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """Keeps events to a rate: none is sent before those sent earlier had their time."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        """The first events may be sent at once."""
        self._per_second = per_second
        self._clock = clock
        self._free_at = clock.ticks()

    def wait_for(self, events: int) -> None:
        """Wait until so many events may be sent, all at once."""
        now = self._clock.ticks()
        if self._free_at > now:
            self._clock.sleep(self._free_at - now)
        self._free_at = max(self._free_at, now) + events / self._per_second
