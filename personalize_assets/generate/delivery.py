"""How events arrive: mostly within seconds, sometimes days late, sometimes twice, sometimes broken."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import msgspec

from personalize_assets.generate.shop import Visit
from personalize_assets.generate.text import DAY_MS, HOUR_MS, iso_text
from personalize_assets.generate.trackers import Tracker

REPEATED = 0.015
LATE_APP_VISITS = 0.04
MAX_DAYS_LATE = 3
BROKEN_EVERY = 1000  # one broken line among so many events


class Line(NamedTuple):
    """One line of a raw file.

    Attributes:
        received: When it arrived, in milliseconds since 1970 (UTC).
        late: It arrived on a later day than it happened, in a file of late ones.
        repeated: It repeats an earlier one.
        broken: It is not one whole event.
    """

    received: int
    source: str
    content: bytes
    late: bool = False
    repeated: bool = False
    broken: bool = False


class Delivery:
    """Delivers the events of visits."""

    def __init__(self, seed: int, tracker: Tracker, end_ms: int) -> None:
        """What would arrive at ``end_ms`` or later is left out."""
        self._rng = Random(f"delivery {seed}")
        self._tracker = tracker
        self._end_ms = end_ms
        self._count = 0

    def send(self, visit: Visit) -> Iterator[Line]:
        """The lines of a visit, in no order of arrival; none arrives before the visit begins."""
        rng = self._rng
        source = visit.person.source
        held_until = self._held_until(visit)
        late = held_until is not None
        times = []
        for step in visit.steps:
            sent = held_until or step.at + int(rng.random() * 3_000)
            times.append((sent, sent + 40 + int(rng.random() * 200)))
        for (_, received), event in zip(times, self._tracker.events(visit, times), strict=True):
            if received >= self._end_ms:
                continue
            line = Line(received, source, event, late)
            yield line
            if rng.random() < REPEATED:
                yield self._repeat(line)
            self._count += 1
            if self._count % BROKEN_EVERY == BROKEN_EVERY // 2:
                yield line._replace(content=self._broken(event), broken=True)

    def _held_until(self, visit: Visit) -> int | None:
        """When a phone that is offline sends the visit, one to three days later; None if it sends it at once."""
        if visit.person.source == "website-prod" or self._rng.random() >= LATE_APP_VISITS:
            return None
        day = visit.steps[0].at // DAY_MS
        last_day = self._end_ms // DAY_MS - 1
        if day == last_day:
            return None
        day += self._rng.randint(1, min(MAX_DAYS_LATE, last_day - day))
        return day * DAY_MS + int(self._rng.random() * 23 * HOUR_MS)

    def _repeat(self, line: Line) -> Line:
        """The same message in the same file, in a later one, or on a later day; some get their own `receivedAt`."""
        rng = self._rng
        chance = rng.random()
        wait = 15 if chance < 0.5 else rng.randint(6, 20) * HOUR_MS if chance < 0.75 else rng.randint(1, 3) * DAY_MS
        if line.received + wait >= self._end_ms:
            wait = 0
        content = line.content
        if rng.random() < 0.4:
            event = msgspec.json.decode(content)
            event["receivedAt"] = iso_text(line.received + wait)
            content = msgspec.json.encode(event)
        return line._replace(
            received=line.received + wait, content=content, late=line.late and wait < HOUR_MS, repeated=True
        )

    def _broken(self, event: bytes) -> bytes:
        """An event that was cut off, text of another program, or JSON that is no object."""
        kind = self._count // BROKEN_EVERY % 3
        if kind == 0:
            cut = event[: int(len(event) * (0.2 + 0.6 * self._rng.random()))]
            return cut.decode(errors="ignore").encode()
        if kind == 1:
            return b"upstream connect error or disconnect/reset before headers. reset reason: overflow"
        return self._rng.choice((b"42", b"null", b'"ping"'))
