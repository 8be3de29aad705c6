"""Which days are asked for, and when: the logic behind the arrivals sensor, without Dagster and without a store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from personalize_assets.pipeline import arrivals
from personalize_assets.pipeline.arrivals import (
    CommittedDay,
    Cursor,
    DayRequest,
    Outcome,
    Rules,
    Runs,
    Verdict,
    decide,
    runs_of,
    tick,
)
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import NO_FILES, Tally
from personalize_assets_tests.helpers.arrivals_world import ModelState, Run

DAY = date(2026, 10, 5)
EARLIER = [DAY - timedelta(days=n) for n in range(1, 5)]
MINUTE = 60.0
RULES = Rules(recent=[DAY], older=EARLIER, older_per_tick=1, settle_seconds=10 * MINUTE)


class Sensor:
    """Ticks one after another on one cursor, as Dagster would have them."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.state = ModelState()
        self.rules = rules
        self.cursor = Cursor(has_listed_all=True)

    def put(self, key: str, version: str = "v1", day: date = DAY, ago: float = 0.0) -> None:
        self.state.stored[day]["source", key] = StoredObject(key, 2, self.state.now - ago, version)

    def tick(self, after: float = 0.0, out_of_time: Callable[[], bool] = lambda: False) -> Outcome:
        self.state.now += after
        self.cursor = Cursor.read(self.cursor.text(), "")
        outcome = tick(self.cursor, self.state, self.rules, self.state.now, out_of_time)
        self.state.history += [Run(request) for request in outcome.requests]
        return outcome

    def asked(self, after: float = 0.0) -> list[date]:
        return [request.day for request in self.tick(after).requests]

    def finish(self, *, failed: bool = False, is_permanent: bool = False) -> None:
        """The last run ends now; a good one has converted what lies there now."""
        run = self.state.history[-1]
        run.status, run.ended, run.is_permanent = "failed" if failed else "succeeded", self.state.now, is_permanent
        if not failed:
            self.state.commits[run.request.day] = CommittedDay(
                self.state.content(run.request.day), f"run-{len(self.state.history)}"
            )


@pytest.fixture
def sensor() -> Sensor:
    return Sensor()


def test_a_day_is_asked_for_once_its_newest_file_is_as_old_as_it_takes_to_settle(sensor: Sensor) -> None:
    sensor.put("a")

    assert sensor.asked(after=9 * MINUTE) == []
    sensor.put("b")
    assert sensor.asked(after=9 * MINUTE) == []
    assert sensor.asked(after=1 * MINUTE) == [DAY]


def test_a_day_is_not_asked_for_again_while_its_run_is_under_way(sensor: Sensor) -> None:
    sensor.put("a")

    assert sensor.asked(after=10 * MINUTE) == [DAY]
    assert sensor.asked(after=60 * MINUTE) == []


def test_a_converted_day_is_asked_for_again_only_when_it_changes(sensor: Sensor) -> None:
    sensor.put("a")
    sensor.asked(after=10 * MINUTE)
    sensor.finish()

    assert [sensor.asked(after=60 * MINUTE) for _ in range(3)] == [[], [], []]
    sensor.put("b")
    assert sensor.asked(after=10 * MINUTE) == [DAY]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_overwritten_file_is_a_change_if_its_version_is_another(sensor: Sensor, version: str) -> None:
    sensor.put("a")
    sensor.asked(after=10 * MINUTE)
    sensor.finish()

    sensor.put("a", version)

    assert sensor.asked(after=10 * MINUTE) == ([] if version == "v1" else [DAY])


def test_a_deleted_file_is_a_change_that_settles_from_the_first_look_at_it(sensor: Sensor) -> None:
    sensor.put("a")
    sensor.put("b")
    sensor.asked(after=10 * MINUTE)
    sensor.finish()
    sensor.state.stored[DAY].clear()

    assert sensor.asked(after=60 * MINUTE) == []
    assert sensor.asked(after=10 * MINUTE) == [DAY]


def test_a_file_of_a_time_to_come_settles_from_the_first_look_at_it(sensor: Sensor) -> None:
    sensor.put("a", ago=-30 * 24 * 60 * MINUTE)

    assert sensor.asked() == []
    assert sensor.asked(after=10 * MINUTE) == [DAY]


def test_files_of_one_second_that_come_between_two_ticks_are_none_of_them_missed(sensor: Sensor) -> None:
    for number in range(2500):
        sensor.put(f"{number:04}")
    sensor.asked(after=10 * MINUTE)
    sensor.finish()

    sensor.put("2500", ago=10 * MINUTE)

    assert sensor.asked() == [DAY]


def test_a_day_that_comes_back_to_what_it_was_while_its_run_read_something_else_is_asked_for(sensor: Sensor) -> None:
    sensor.put("a")
    sensor.asked(after=10 * MINUTE)
    sensor.finish()
    sensor.asked()
    sensor.put("b")
    sensor.asked(after=10 * MINUTE)
    with_b = sensor.state.content(DAY)
    del sensor.state.stored[DAY]["source", "b"]

    assert sensor.asked(after=10 * MINUTE) == []
    sensor.finish()
    sensor.state.commits[DAY] = CommittedDay(with_b, "read-b")

    assert sensor.asked(after=10 * MINUTE) == [DAY]
    sensor.finish()
    assert sensor.asked(after=10 * MINUTE) == []


def test_run_keys_name_what_is_replaced_by_what_so_that_a_content_can_come_back(sensor: Sensor) -> None:
    keys = []
    for version in ("v1", "v2", "v1", "v2"):
        sensor.put("a", version)
        keys += [request.run_key for request in sensor.tick(after=10 * MINUTE).requests]
        sensor.finish()

    assert len(set(keys)) == 4


def test_a_tick_that_dagster_lost_asks_with_the_same_run_key_again(sensor: Sensor) -> None:
    sensor.put("a")
    sensor.state.now += 10 * MINUTE
    lost, again = (
        [request.run_key for request in tick(Cursor(), sensor.state, RULES, sensor.state.now, lambda: False).requests]
        for _ in range(2)
    )

    assert lost == again
    assert len(again) == 1


@pytest.mark.parametrize("cursor", [None, "", "not JSON", '{"scope": 1}', '{"scope": "of another destination"}'])
def test_a_lost_cursor_loses_nothing_and_converts_nothing_twice(sensor: Sensor, cursor: str | None) -> None:
    sensor.put("a")
    sensor.put("a", day=EARLIER[0])
    sensor.asked(after=10 * MINUTE)
    for run in sensor.state.history:
        sensor.state.commits[run.request.day] = CommittedDay(sensor.state.content(run.request.day), "run")
        run.status = "succeeded"
    sensor.put("b", day=EARLIER[3])

    sensor.cursor = Cursor.read(cursor, "")

    found = [sensor.asked(after=10 * MINUTE) for _ in range(6)]
    assert [day for days in found for day in days] == [EARLIER[3]]


# -- failures -------------------------------------------------------------------------------------------------------


def test_a_failed_day_is_asked_for_again_after_one_hour_then_two_then_four(sensor: Sensor) -> None:
    sensor.put("a")
    waits = []
    sensor.asked(after=10 * MINUTE)
    for _ in range(7):
        sensor.finish(failed=True)
        ended = sensor.state.now
        while not sensor.asked(after=30 * MINUTE):
            pass
        waits.append((sensor.state.now - ended) / 3600)

    assert waits == [1, 2, 4, 8, 16, 24, 24]
    assert len({run.request.run_key for run in sensor.state.history}) == 8
    assert [run.request.is_first for run in sensor.state.history] == [True] + [False] * 7


def test_a_failure_that_does_not_pass_by_itself_is_tried_again_once_a_day(sensor: Sensor) -> None:
    sensor.put("a")
    sensor.asked(after=10 * MINUTE)
    sensor.finish(failed=True, is_permanent=True)

    assert sensor.asked(after=23 * 60 * MINUTE) == []
    assert sensor.asked(after=60 * MINUTE) == [DAY]


def test_a_failed_day_that_changes_is_asked_for_as_soon_as_it_has_settled(sensor: Sensor) -> None:
    sensor.put("a")
    sensor.asked(after=10 * MINUTE)
    sensor.finish(failed=True, is_permanent=True)

    sensor.put("b")

    assert sensor.asked(after=10 * MINUTE) == [DAY]


def test_a_source_that_has_gone_is_told_and_does_not_empty_its_days(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor.put("a")
    sensor.asked(after=10 * MINUTE)
    sensor.finish()
    sensor.state.stored.clear()
    monkeypatch.setattr(sensor.state, "vanished", lambda day, sources: f"nothing of {day}, {sources}")

    sensor.tick()
    outcome = sensor.tick(after=10 * MINUTE)

    assert (outcome.requests, outcome.problems) == ([], ["nothing of 2026-10-05, []"])


# -- what a tick costs -----------------------------------------------------------------------------------------------


def test_older_days_take_turns_newest_first(sensor: Sensor) -> None:
    looked = []
    files = sensor.state.files
    sensor.state.files = lambda day, after: looked.append(day) or files(day, after)  # type: ignore[func-returns-value,method-assign]

    for _ in range(5):
        sensor.tick()

    assert [day for day in looked if day != DAY] == [*EARLIER, EARLIER[0]]
    assert looked.count(DAY) == 5


def test_an_older_day_that_waits_to_settle_is_looked_at_when_it_is_due_and_not_before(sensor: Sensor) -> None:
    sensor.put("a", day=EARLIER[0])
    sensor.tick()
    sensor.rules = Rules(RULES.recent, EARLIER, 0, RULES.settle_seconds)

    assert sensor.tick(after=9 * MINUTE).looked_at == 1
    assert sensor.asked(after=1 * MINUTE) == [EARLIER[0]]


def test_a_tick_without_time_does_one_thing_and_the_next_one_goes_on(sensor: Sensor) -> None:
    sensor.rules = Rules([DAY, *EARLIER], [], 1, 0)
    for day in (DAY, *EARLIER):
        sensor.put("a", day=day)

    ticks = [sensor.tick(out_of_time=lambda: True) for _ in range(5)]

    assert [[request.day for request in one.requests] for one in ticks] == [[day] for day in (DAY, *EARLIER)]
    assert [one.is_cut_short for one in ticks] == [True] * 5


def test_the_listing_of_one_day_may_take_several_ticks(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_FILES_PER_TIME_CHECK", 10)
    sensor.rules = Rules([DAY], [], 1, 0)
    for number in range(25):
        sensor.put(f"{number:02}")
        sensor.state.stored[DAY]["users", f"{number:02}"] = StoredObject(f"{number:02}", 2, 0, "v")

    ticks = [sensor.tick(out_of_time=lambda: True) for _ in range(6)]

    assert [len(one.requests) for one in ticks] == [0, 0, 0, 0, 0, 1]
    assert ticks[-1].requests[0].tally.digest == sensor.state.content(DAY)
    assert ticks[-1].requests[0].tally.files == 50


def test_a_tick_asks_for_so_many_runs_and_the_next_one_for_the_others() -> None:
    days = [DAY - timedelta(days=n) for n in range(60)]
    sensor = Sensor(Rules(days, [], 0, 0))
    for day in days:
        sensor.put("a", day=day)

    assert [len(sensor.tick().requests) for _ in range(4)] == [25, 25, 10, 0]


def test_a_first_year_is_twelve_runs_of_a_month_each() -> None:
    days = [DAY - timedelta(days=n) for n in range(365)]
    sensor = Sensor(Rules(days[:3], days[3:], 2, 1800, days_per_run=31))
    sensor.cursor = Cursor()
    for day in days:
        sensor.put("a", day=day, ago=3600)

    runs = sensor.tick().runs

    assert [len(run.days) for run in runs] == [31] * 11 + [24]
    assert [request.day for run in runs for request in run.days] == sorted(days)
    assert len({run.run_key for run in runs}) == 12


def test_a_long_history_is_listed_in_rounds_of_so_many_days_once_and_then_in_turn() -> None:
    days = [DAY - timedelta(days=n) for n in range(1000)]
    sensor = Sensor(Rules(days[:3], days[3:], 2, 1800, days_per_run=31))
    sensor.cursor = Cursor()

    assert [sensor.tick().looked_at for _ in range(5)] == [403, 403, 200, 5, 5]


def request(day: date, tries: int = 0) -> DayRequest:
    return DayRequest(day, f"{day}/a/new", f"{day}/a/new/{tries + 1}", tries == 0, Tally())


@pytest.mark.parametrize(
    ("days", "tries", "runs"),
    [
        ([1, 2, 3, 4, 5], {}, [[1, 2, 3], [4, 5]]),
        ([5, 3, 1, 2], {}, [[1, 2, 3], [5]]),
        ([1, 2, 3, 4], {2: 1}, [[1], [2], [3, 4]]),
        ([1, 2], {1: 1, 2: 1}, [[1], [2]]),
        ([], {}, []),
    ],
)
def test_adjacent_days_are_one_run_unless_one_of_them_has_failed(
    days: list[int], tries: dict[int, int], runs: list[list[int]]
) -> None:
    found = runs_of([request(date(2026, 10, day), tries.get(day, 0)) for day in days], 3)

    assert [[each.day.day for each in run.days] for run in found] == runs


def test_a_run_of_several_days_has_the_same_key_for_the_same_changes_alone() -> None:
    def key(*days: int) -> str:
        (run,) = runs_of([request(date(2026, 10, day)) for day in days], 31)
        return run.run_key

    assert key(1, 2) == key(1, 2)
    assert len({key(1, 2), key(1, 2, 3), key(2, 3), key(1)}) == 4


def test_the_cursor_of_twenty_years_is_below_50_kilobytes() -> None:
    days = [DAY - timedelta(days=n) for n in range(365 * 20)]
    sensor = Sensor(Rules(days[:3], days[3:], 2000, 1800, days_per_run=31))
    sensor.cursor = Cursor()
    for number, day in enumerate(days):
        sensor.put("a", day=day)
        sensor.state.commits[day] = CommittedDay(
            sensor.state.content(day) if number % 2 else "another", f"run-{number}"
        )

    sizes = []
    for _ in range(30):
        sensor.tick(after=MINUTE)
        sizes.append(len(sensor.cursor.text()))

    assert max(sizes) < 50_000
    assert len(sensor.cursor.done) == 400


def test_a_day_that_a_notice_names_is_looked_at_now(sensor: Sensor) -> None:
    sensor.rules = Rules([], [DAY, *EARLIER], 0, 0)
    sensor.put("a", day=EARLIER[2])

    assert sensor.asked() == []
    sensor.cursor.notice(EARLIER[2], sensor.state.now, 0)
    assert sensor.asked() == [EARLIER[2]]


# -- decisions -------------------------------------------------------------------------------------------------------


def decision(
    monkeypatch: pytest.MonkeyPatch,
    *,
    quiet: float,
    committed: str = NO_FILES,
    runs: Runs | None = None,
    problem: str | None = None,
    is_empty: bool = False,
) -> tuple[Verdict, float]:
    """What is decided about a day whose newest file is ``quiet`` old, and in how long it is looked at again."""
    state = ModelState()
    tally = Tally()
    if not is_empty:
        tally.add("source", [StoredObject("a", 2, state.now - quiet, "v1")])
    monkeypatch.setattr(
        state, "committed", lambda day: CommittedDay(tally.digest if committed == "the same" else committed, "run")
    )
    monkeypatch.setattr(state, "runs", lambda day, change: runs or Runs())
    monkeypatch.setattr(state, "vanished", lambda day, sources: problem)
    found = decide(DAY, tally, state.now - quiet, state, RULES, state.now)
    return found.verdict, found.look_again - state.now if found.look_again else 0.0


def test_a_day_that_is_not_quiet_long_enough_waits_for_the_rest_of_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decision(monkeypatch, quiet=4 * MINUTE) == (Verdict.UNSETTLED, 6 * MINUTE)
    assert decision(monkeypatch, quiet=4 * MINUTE, is_empty=True, committed="c") == (Verdict.UNSETTLED, 6 * MINUTE)


def test_a_settled_day_is_due_unless_its_content_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decision(monkeypatch, quiet=10 * MINUTE) == (Verdict.DUE, 0)
    assert decision(monkeypatch, quiet=10 * MINUTE, committed="the same") == (Verdict.DONE, 0)


def test_a_day_with_a_run_under_way_waits_even_if_its_content_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = Runs(is_under_way=True)

    assert decision(monkeypatch, quiet=10 * MINUTE, committed="the same", runs=under_way) == (Verdict.UNDER_WAY, 0)


@pytest.mark.parametrize(("finished", "is_permanent", "hours"), [(1, False, 1), (3, False, 4), (1, True, 24)])
def test_a_failed_day_waits_longer_with_each_failure_and_a_day_after_a_permanent_one(
    monkeypatch: pytest.MonkeyPatch, finished: int, is_permanent: bool, hours: int
) -> None:
    runs = Runs(False, finished, ModelState().now, is_permanent)

    assert decision(monkeypatch, quiet=10 * MINUTE, runs=runs) == (Verdict.RETRY_LATER, hours * 3600)


def test_a_day_of_a_source_that_is_gone_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decision(monkeypatch, quiet=10 * MINUTE, problem="gone") == (Verdict.VANISHED, 3600)
