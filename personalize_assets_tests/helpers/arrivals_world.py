"""Sources, a destination and a history of runs, in memory: the world that ``arrivals.tick`` looks at, in tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from personalize_assets.pipeline.arrivals import Ask, Converted, Position, Runs, content_digest
from personalize_assets.storage.object_store import StoredFile

SOURCES = ["source", "users"]


@dataclass
class Run:
    ask: Ask
    status: str = "queued"  # then started, succeeded, failed
    listed: str = ""
    ended: float = 0.0
    is_permanent: bool = False


class ModelWorld:
    """What lies around a cursor. ``now`` is the clock of all of it."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.stored: dict[date, dict[tuple[str, str], StoredFile]] = defaultdict(dict)
        self.commits: dict[date, Converted] = {}
        self.history: list[Run] = []
        # Of each day: when it was converted, and to what.
        self.conversions: dict[date, list[tuple[float, str]]] = defaultdict(list)

    def content(self, day: date) -> str:
        found = self.stored[day].items()
        return content_digest({source: [file for (its, _), file in found if its == source] for source in SOURCES})

    def files(self, day: date, after: Position | None) -> Iterator[tuple[str, StoredFile]]:
        for source in SOURCES:
            for key in sorted(key for its, key in self.stored[day] if its == source):
                if after is None or (SOURCES.index(source), key) > (SOURCES.index(after.source), after.key):
                    yield source, self.stored[day][source, key]

    def converted(self, day: date) -> Converted:
        return self.commits.get(day, Converted())

    def runs(self, day: date, change: str) -> Runs:
        if any(run.status in ("queued", "started") for run in self.history if run.ask.day == day):
            return Runs(is_under_way=True)
        ended = [run for run in self.history if run.ask.change == change]
        return Runs(False, len(ended), max(run.ended for run in ended), ended[-1].is_permanent) if ended else Runs()

    def vanished(self, day: date, sources: Sequence[str]) -> str | None:
        return None
