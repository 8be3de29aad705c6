"""Sources, a destination and a history of runs, in memory: what ``arrivals.tick`` reads, in tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from personalize_assets.pipeline.arrivals import CommittedDay, DayRequest, Position, Runs
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import content_digest

SOURCES = ["source", "users"]


@dataclass
class Run:
    request: DayRequest
    status: str = "queued"  # then started, succeeded, failed
    listed: str = ""
    ended: float = 0.0
    is_permanent: bool = False


class ModelState:
    """A ``SensorState`` in memory. ``now`` is the clock of all of it."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.stored: dict[date, dict[tuple[str, str], StoredObject]] = defaultdict(dict)
        self.commits: dict[date, CommittedDay] = {}
        self.history: list[Run] = []
        # Of each day: when it was converted, and to what.
        self.conversions: dict[date, list[tuple[float, str]]] = defaultdict(list)

    def content(self, day: date) -> str:
        found = self.stored[day].items()
        return content_digest({source: [file for (its, _), file in found if its == source] for source in SOURCES})

    def expect(self, days: Sequence[date]) -> None:
        pass

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredObject]]:
        for source in SOURCES:
            for key in sorted(key for its, key in self.stored[day] if its == source):
                if after is None or (SOURCES.index(source), key) > (SOURCES.index(after.source), after.key):
                    yield source, self.stored[day][source, key]

    def committed(self, day: date) -> CommittedDay:
        return self.commits.get(day, CommittedDay())

    def runs(self, day: date, change: str) -> Runs:
        if any(run.status in ("queued", "started") for run in self.history if run.request.day == day):
            return Runs(is_under_way=True)
        ended = [run for run in self.history if run.request.change == change]
        return Runs(False, len(ended), max(run.ended for run in ended), ended[-1].is_permanent) if ended else Runs()

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        return None
