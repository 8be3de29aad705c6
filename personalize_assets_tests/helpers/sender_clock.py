"""A clock for senders whose waits take no time."""

from __future__ import annotations

from datetime import UTC, datetime

from personalize_assets.generate.senders.clock import Clock


class SenderClock(Clock):
    """It stands still between waits.

    Attributes:
        waits: The seconds of each wait.
    """

    def __init__(self, at: datetime = datetime(2026, 10, 20, 12, tzinfo=UTC)) -> None:
        """Begin at a time."""
        seconds = at.timestamp()
        waits: list[float] = []
        super().__init__(lambda: seconds + sum(waits), lambda: sum(waits), waits.append)
        object.__setattr__(self, "waits", waits)

    waits: list[float]
