"""How events reach the bucket: mostly at once, sometimes days late, sometimes twice, sometimes in pieces."""

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
BROKEN_EVERY = 1000  # events for one broken line


class Parcel(NamedTuple):
    """One line for a file. `late` ones come in files of their own; a `broken` one is not one whole event."""

    received: int
    source: str
    line: bytes
    late: bool = False
    repeated: bool = False
    broken: bool = False


class Delivery:
    """Sends visits on. Nothing arrives at or after `end_ms`: what would is lost, as beyond the horizon."""

    def __init__(self, seed: int, tracker: Tracker, end_ms: int) -> None:
        self._rng = Random(f"delivery {seed}")
        self._tracker = tracker
        self._end_ms = end_ms
        self._count = 0

    def send(self, visit: Visit) -> Iterator[Parcel]:
        """What arrives of a visit, not in order of arrival; none of it before the visit began."""
        rng = self._rng
        source = visit.person.source
        held_until = self._held_until(visit)
        late = held_until is not None
        times = []
        for step in visit.steps:
            sent = held_until or step.at + int(rng.random() * 3_000)
            times.append((sent, sent + 40 + int(rng.random() * 200)))
        for (_, received), line in zip(times, self._tracker.events(visit, times), strict=True):
            if received >= self._end_ms:
                continue
            parcel = Parcel(received, source, line, late)
            yield parcel
            if rng.random() < REPEATED:
                yield self._again(parcel)
            self._count += 1
            if self._count % BROKEN_EVERY == BROKEN_EVERY // 2:
                yield parcel._replace(line=self._broken(line), broken=True)

    def _held_until(self, visit: Visit) -> int | None:
        """When a phone that was offline sends the visit, one to three days on; None if it is sent as it happens."""
        if visit.person.source == "website-prod" or self._rng.random() >= LATE_APP_VISITS:
            return None
        day = visit.steps[0].at // DAY_MS
        last_day = self._end_ms // DAY_MS - 1
        if day == last_day:
            return None
        day += self._rng.randint(1, min(MAX_DAYS_LATE, last_day - day))
        return day * DAY_MS + int(self._rng.random() * 23 * HOUR_MS)

    def _again(self, parcel: Parcel) -> Parcel:
        """The same message in the same file, in a later one, or on a later day; a retry gets its own receivedAt."""
        rng = self._rng
        chance = rng.random()
        wait = 15 if chance < 0.5 else rng.randint(6, 20) * HOUR_MS if chance < 0.75 else rng.randint(1, 3) * DAY_MS
        if parcel.received + wait >= self._end_ms:
            wait = 0
        line = parcel.line
        if rng.random() < 0.4:
            event = msgspec.json.decode(line)
            event["receivedAt"] = iso_text(parcel.received + wait)
            line = msgspec.json.encode(event)
        return parcel._replace(
            received=parcel.received + wait, line=line, late=parcel.late and wait < HOUR_MS, repeated=True
        )

    def _broken(self, line: bytes) -> bytes:
        """The start of an event that was cut off, text of another program, or JSON that is no object."""
        kind = self._count // BROKEN_EVERY % 3
        if kind == 0:
            cut = line[: int(len(line) * (0.2 + 0.6 * self._rng.random()))]
            return cut.decode(errors="ignore").encode()
        if kind == 1:
            return b"upstream connect error or disconnect/reset before headers. reset reason: overflow"
        return self._rng.choice((b"42", b"null", b'"ping"'))
