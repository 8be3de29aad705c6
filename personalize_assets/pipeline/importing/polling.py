"""Waiting for what Personalize does in minutes: it has no waiters, and each state is asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from personalize_assets.aws.personalize import FINAL, UNFINISHED
from personalize_assets.conversion import waiting
from personalize_assets.errors import PersonalizeAssetsError, TransientError

_T = TypeVar("_T")

_FIRST_SECONDS = 1.0
_GROWTH = 1.5
GROUP_SECONDS = 600.0
"""A dataset group or dataset is made in a minute or two."""
UPDATE_SECONDS = 1800.0
"""As long as a change of a schema may take."""


class WaitIsOver(PersonalizeAssetsError):
    """Something is not ready after as long as it may take; it may become so later."""


@dataclass
class Polling:
    """How states are asked for.

    Attributes:
        log: Is given a line for each change of a state.
        sleep: Waits so many seconds.
        clock: The time in seconds.
        compares: Is given the number of bytes of two CSVs that are about to be compared; what it returns is given the
            size of each block that was read.
    """

    log: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    compares: Callable[[int], Callable[[int], None]] = lambda size: lambda read: None

    def until(
        self,
        what: str,
        look: Callable[[], _T],
        status_of: Callable[[_T], str],
        deadline: float,
        longest: float = 30.0,
        advice: str = "run again to go on with it",
    ) -> _T:
        """Look until a status is one in which nothing goes on; returns what was seen.

        A text that is no known status goes on, with a line that says so. A look that fails for a while is repeated.

        Args:
            what: The thing, for texts.
            look: Asks for it.
            status_of: Its status.
            deadline: When the wait ends, in seconds of the clock.
            longest: Seconds between two looks at most; they begin with 1.
            advice: What to do if the deadline is over.

        Raises:
            WaitIsOver: If the deadline is over.
        """
        seconds, last = _FIRST_SECONDS, ""
        with waiting.waiting_for(what) as wait:
            while True:
                try:
                    found = look()
                except TransientError as error:
                    status = f"not answered: {error}"
                else:
                    status = status_of(found)
                    if status in FINAL:
                        return found
                if status != last:
                    self.log(f"{what}: {status}{'' if _is_known(status) else ' (an unknown state; waiting on)'}")
                wait.state = last = status
                if self.clock() + seconds > deadline:
                    raise WaitIsOver(f"{what} is {status} after all the time it has; {advice}") from None
                self.sleep(seconds)
                seconds = min(_GROWTH * seconds, longest)

    @contextmanager
    def saying_that_it_goes_on(self, job: str, then: str = "") -> Iterator[None]:
        """A wait for a job, which Personalize cannot cancel: if the wait is interrupted, a line says that it goes on.

        ``then``: what else to say.
        """
        try:
            yield
        except PersonalizeAssetsError:
            raise
        except BaseException:
            self.log(f"no longer waiting for {job}: it cannot be cancelled, and goes on in AWS{then}")
            raise

    def pause(self, what: str, state: str, deadline: float, seconds: float) -> None:
        """Wait once, for room or for another run; raises ``WaitIsOver`` after the deadline."""
        self.log(f"{what}: {state}")
        if self.clock() + seconds > deadline:
            raise WaitIsOver(f"{what}: {state}, and the time for it is over; run again later") from None
        self.sleep(seconds)


def _is_known(status: str) -> bool:
    return status in UNFINISHED or status.startswith("not answered")
