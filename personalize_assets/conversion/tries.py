"""How often a request to S3 is tried, and how long to wait in between: one policy for obstore and boto3."""

from __future__ import annotations

import random
import time

from personalize_assets.conversion.waiting import Wait

MAX_TRIES = 12
"""How often a request is tried; that takes about a minute if each try fails at once."""

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 10.0
# Requests that hang until their time is over are tried less often: not again when so much time has passed.
_MOST_SECONDS = 180.0

TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses of an answer after which the same request may succeed."""


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures: 0.2, twice as long each time, at most 10; up to half less by chance."""
    return random.uniform(0.5, 1) * min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (failures - 1))


class Tries:
    """The tries of one request.

    Attributes:
        count: How many there were, the present one included.
    """

    def __init__(self, wait: Wait | None = None, max_tries: int = MAX_TRIES) -> None:
        """The first try begins. ``wait`` is kept up to date for lines about it."""
        self.count = 1
        self._max_tries = max_tries
        self._wait = wait
        self._started = time.monotonic()

    def again(self, cause: str) -> bool:
        """Wait and begin the next try after one that failed; False, without a wait, if it was the last one."""
        seconds = self.next_wait(cause)
        if seconds is None:
            return False
        time.sleep(seconds)
        return True

    def next_wait(self, cause: str) -> float | None:
        """As ``again``, but the caller waits, for these seconds; None if it was the last try."""
        if self.count >= self._max_tries or time.monotonic() - self._started > _MOST_SECONDS:
            return None
        seconds = back_off(self.count)
        self.count += 1
        if self._wait is not None:
            self._wait.state = f"try {self.count} of {self._max_tries} after {seconds:.1f} s; before: {cause}"
        return seconds
