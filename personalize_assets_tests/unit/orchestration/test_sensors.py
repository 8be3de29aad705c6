"""How the sensor lists days: several at once, with the files that each of them has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.orchestration import sensors
from personalize_assets.orchestration.sensors import _DagsterState
from personalize_assets.pipeline.arrivals import Position
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import DayListing
from personalize_assets_tests.helpers.small_group import CLICK, put_events, small_group

DAYS = [date(2026, 10, day) for day in range(1, 5)]
NO_RUNS: Any = None


@pytest.fixture
def state(tmp_path: Path) -> Iterator[_DagsterState]:
    group = small_group(tmp_path)
    for number, day in enumerate(DAYS):
        for file in range(number):
            put_events(group, day, CLICK, name=f"{file}.json")
    with closing(_DagsterState(group, NO_RUNS, "")) as state:
        yield state


def found(state: _DagsterState, day: date, after: Position | None = None) -> list[str]:
    return [file.key for _, file in state.files(day, after)]


def test_expected_days_are_listed_at_the_same_time(state: _DagsterState, monkeypatch: pytest.MonkeyPatch) -> None:
    all_at_once = threading.Barrier(len(DAYS))
    listed = DayListing.files

    def files(self: DayListing, day: date, after: str = "") -> Iterator[StoredObject]:
        all_at_once.wait(60)  # one after another they would never get past this
        return listed(self, day, after)

    monkeypatch.setattr(DayListing, "files", files)
    state.expect(DAYS)

    assert [len(found(state, day)) for day in DAYS] == [0, 1, 2, 3]


def test_a_day_with_more_files_than_are_listed_ahead_is_listed_to_its_end(
    state: _DagsterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "_FILES_AHEAD", 2)
    state.expect(DAYS)

    assert found(state, DAYS[3]) == [f"day=2026-10-04/{file}.json" for file in range(3)]


def test_a_day_may_be_asked_for_that_was_not_expected_or_from_a_position(state: _DagsterState) -> None:
    state.expect(DAYS[:1])

    assert found(state, DAYS[2]) == ["day=2026-10-03/0.json", "day=2026-10-03/1.json"]
    assert found(state, DAYS[2], Position("source", "day=2026-10-03/0.json")) == ["day=2026-10-03/1.json"]
