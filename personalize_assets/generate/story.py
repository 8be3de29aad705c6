"""The events of a synthetic shop in the order in which they are made: what ``generate`` writes and ``senders`` send."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from personalize_assets.generate.delivery import Delivery, Line
from personalize_assets.generate.shop import Shop, Visit, planned_visits
from personalize_assets.generate.text import DAY_MS
from personalize_assets.generate.trackers import Tracker


@dataclass(frozen=True)
class Story:
    """What decides the events: equal stories have equal events.

    Attributes:
        days: Arrival days (UTC), from ``start`` on; what would arrive later is left out.
    """

    days: int
    users: int
    seed: int
    start: date

    @property
    def start_ms(self) -> int:
        """When the first day begins, in milliseconds since 1970 (UTC)."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp()) * 1000

    @property
    def planned_visits(self) -> int:
        """About how many visits and newsletters it has."""
        return planned_visits(self.users, self.days * 24, self.start_ms)

    def hours(
        self, *, rudderstack: bool = False, on_visit: Callable[[], None] = lambda: None
    ) -> Iterator[Iterator[Line]]:
        """The lines of the visits that begin in each hour, to be read one hour after another.

        Args:
            rudderstack: Whether RudderStack's own fields are added, and times are in the visitor's zone.
            on_visit: Is called before the lines of each visit.
        """
        shop = Shop(self.users, self.seed, self.start_ms)
        delivery = Delivery(self.seed, Tracker(self.seed, rudderstack=rudderstack), self.start_ms + self.days * DAY_MS)
        for hour in range(self.days * 24):
            yield (line for visit in _announced(shop.visits(hour), on_visit) for line in delivery.send(visit))


def _announced(visits: Iterator[Visit], on_visit: Callable[[], None]) -> Iterator[Visit]:
    for visit in visits:
        on_visit()
        yield visit
