"""Arrivals against a model: whatever is put, overwritten, deleted, interrupted and forgotten, the last content of every
day is converted exactly once after it settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from personalize_assets.pipeline import arrivals
from personalize_assets.pipeline.arrivals import CommittedDay, Cursor, DayRequest, Rules, tick
from personalize_assets.storage.object_store import StoredObject
from personalize_assets_tests.helpers.arrivals_world import SOURCES, ModelState, Run

DAYS = [date(2026, 10, 1) + timedelta(days=n) for n in range(6)]
SETTLE = 600.0
RULES = Rules(recent=DAYS[-2:], older=DAYS[:-2], older_per_tick=2, settle_seconds=SETTLE)
# Small ones, so that a short sequence of steps reaches every bound.
BOUNDS: dict[str, Any] = {
    "_MAX_DONE": 4, "_MAX_WATCHED": 4, "_WATCHED_PER_TICK": 3, "_RUNS_PER_TICK": 2, "_FILES_PER_TIME_CHECK": 2,
}  # fmt: skip


class Arrivals(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for name, value in BOUNDS.items():
            self.patch.setattr(arrivals, name, value)
        self.state = ModelState()
        self.cursor: str | None = None
        self.version = 0

    def teardown(self) -> None:
        try:
            self.all_is_well_in_the_end()
        finally:
            self.patch.undo()

    @initialize()
    def history(self) -> None:
        for day in DAYS[1:4]:
            self.put(day, "source", "a", 0.0)

    # -- what happens in the sources -----------------------------------------------------------------------------

    @rule(
        day=st.sampled_from(DAYS),
        source=st.sampled_from(SOURCES),
        key=st.sampled_from("abcde"),
        skew=st.sampled_from([0.0, 0.0, 0.0, -5000.0, 5000.0]),
    )
    def put(self, day: date, source: str, key: str, skew: float) -> None:
        """Also overwrites; all in one second unless time passes, and by clocks that are wrong."""
        self.version += 1
        self.state.stored[day][source, key] = StoredObject(key, 2, self.state.now + skew, f"v{self.version}")

    @rule(day=st.sampled_from(DAYS), keys=st.integers(1, 10))
    def put_the_same_bytes_again(self, day: date, keys: int) -> None:
        for place, file in list(self.state.stored[day].items())[:keys]:
            self.state.stored[day][place] = file._replace(modified=self.state.now)

    @rule(day=st.sampled_from(DAYS), which=st.integers(0, 4))
    def delete(self, day: date, which: int) -> None:
        for place in list(self.state.stored[day])[which : which + 2]:
            del self.state.stored[day][place]

    @rule(seconds=st.sampled_from([1.0, 60.0, SETTLE, 3600.0, 24 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.state.now += seconds

    # -- ticks ----------------------------------------------------------------------------------------------------

    def _tick(self, looks_at_the_clock: int = 10**6) -> tuple[Cursor, list[DayRequest]]:
        left = iter(range(looks_at_the_clock))
        cursor = Cursor.read(self.cursor, "")
        outcome = tick(cursor, self.state, RULES, self.state.now, lambda: next(left, None) is None)
        for request in outcome.requests:
            committed = self.state.committed(request.day).content
            assert request.tally.digest != committed, f"{request.day} is asked for although its content is converted"
            newest = max((file.modified for file in self.state.stored[request.day].values()), default=0.0)
            if newest <= self.state.now and request.tally.digest == self.state.content(request.day):
                assert newest + SETTLE <= self.state.now, f"{request.day} is asked for before it settled"
        return cursor, outcome.requests

    def _launch(self, requests: Sequence[DayRequest]) -> None:
        """As Dagster does: a run key that was ever used is skipped without a word."""
        known = {run.request.run_key for run in self.state.history}
        self.state.history += [Run(request) for request in requests if request.run_key not in known]
        under_way = [run.request.day for run in self.state.history if run.status in ("queued", "started")]
        assert len(under_way) == len(set(under_way)), "two runs of one day at a time"

    @rule(looks_at_the_clock=st.sampled_from([0, 1, 2, 5, 10**6]))
    def sensor_ticks(self, looks_at_the_clock: int) -> None:
        cursor, requests = self._tick(looks_at_the_clock)
        self._launch(requests)
        self.cursor = cursor.text()

    @rule(launched=st.integers(0, 2))
    def daemon_dies_in_a_tick(self, launched: int) -> None:
        """Some runs were launched, and the cursor was not saved."""
        _, requests = self._tick()
        self._launch(requests[:launched])

    @rule(text=st.sampled_from([None, "", "{", '{"scope": 3}', '{"scope": "another"}']))
    def cursor_is_lost(self, text: str | None) -> None:
        self.cursor = text

    # -- runs -----------------------------------------------------------------------------------------------------

    def _of(self, status: str) -> list[Run]:
        return [run for run in self.state.history if run.status == status]

    @rule(ends=st.lists(st.sampled_from(["queued", "started", "failed", "for good", "succeeded"]), min_size=4))
    def some_quiet_time(self, ends: list[str]) -> None:
        """The days settle, a tick requests for them, and their runs come to something."""
        self.state.now += SETTLE
        self.sensor_ticks(10**6)
        for run, end in zip(self._of("queued"), ends, strict=False):
            if end != "queued":
                self._start(run)
            if end == "succeeded":
                self._succeed(run)
            elif end in ("failed", "for good"):
                self._fail(run, end == "for good")

    @rule(which=st.integers(0, 3))
    def run_starts(self, which: int) -> None:
        for run in self._of("queued")[which : which + 1]:
            self._start(run)

    @rule(which=st.integers(0, 3), is_permanent=st.booleans())
    def run_fails(self, which: int, is_permanent: bool) -> None:
        for run in self._of("started")[which : which + 1]:
            self._fail(run, is_permanent)

    @rule(which=st.integers(0, 3))
    def run_succeeds(self, which: int) -> None:
        for run in self._of("started")[which : which + 1]:
            self._succeed(run)

    def _start(self, run: Run) -> None:
        run.status, run.listed = "started", self.state.content(run.request.day)

    def _fail(self, run: Run, is_permanent: bool) -> None:
        run.status, run.ended, run.is_permanent = "failed", self.state.now, is_permanent

    def _succeed(self, run: Run) -> None:
        run.status, run.ended = "succeeded", self.state.now
        if run.listed != self.state.committed(run.request.day).content:  # else the run finds the day finished
            self.convert(run.request.day, run.listed)

    @rule(day=st.sampled_from(DAYS))
    def a_day_is_converted_by_hand(self, day: date) -> None:
        if not any(run.request.day == day for run in self._of("started")):
            self.convert(day, self.state.content(day))

    def convert(self, day: date, content: str) -> None:
        done = self.state.conversions[day]
        done.append((self.state.now, content))
        self.state.commits[day] = CommittedDay(content, f"run-{day}-{len(done)}")

    # -- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def cursor_is_bounded(self) -> None:
        if self.cursor and self.cursor.startswith("{") and '"done"' in self.cursor:
            cursor = Cursor.read(self.cursor, "")
            assert len(cursor.done) <= 4
            assert len(cursor.watched) <= 4

    def all_is_well_in_the_end(self) -> None:
        """Nothing changes any more, and nothing fails."""
        for run in self._of("started"):
            self._succeed(run)
        before = {day: len(self.state.conversions[day]) for day in DAYS}
        missing = {day: self.state.committed(day).content != self.state.content(day) for day in DAYS}
        for _ in range(60):
            self._an_hour_without_failures()
        for day in DAYS:
            assert self.state.committed(day).content == self.state.content(day), f"{day} was missed"
            assert len(self.state.conversions[day]) - before[day] == missing[day], f"{day} was not converted just once"
        asked = len(self.state.history)
        for _ in range(60):
            self._an_hour_without_failures()
        assert len(self.state.history) == asked, "something converted is asked for again"

    def _an_hour_without_failures(self) -> None:
        self.state.now += 3600
        cursor, requests = self._tick()
        self._launch(requests)
        self.cursor = cursor.text()
        for run in self._of("queued"):
            self._start(run)
            self._succeed(run)


def test_every_days_last_content_is_converted_once_after_it_settled() -> None:
    run_state_machine_as_test(Arrivals, settings=settings(stateful_step_count=60))
