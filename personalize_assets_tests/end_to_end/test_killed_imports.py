"""Imports that die between any two calls, and lost answers, end in one correct dataset and in no job twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.importing.job_names import JobContent, parse_job_name
from personalize_assets_tests.helpers.import_world import ImportWorld, Row, clicks, titles
from personalize_assets_tests.helpers.personalize_emulator import CUT, INTERNAL, LOST, THROTTLED, PersonalizeEmulator

SEEDS = 15
"""Each dies about ten times, so that these are more than a hundred kills."""
NEXT_DAYS: list[list[Row]] = [titles("a", "b", "c"), titles("b", "c")]
"""A second day whose rows can be added, and one on which a row has vanished."""


class Killed(BaseException):
    """The process is gone: nothing of it runs on."""


class Deaths:
    """Ends runs before or after a call of any client, by chance."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chance = random.Random()
        self.share = 0.0
        self.count = 0
        call: Callable[..., Any] = getattr(BaseClient, "_make_api_call")  # noqa: B009 - its type stub leaves it out

        def dying(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
            # The emulator calls S3, too, in threads of its own.
            if self.share and threading.current_thread() is threading.main_thread():
                self._maybe_die()
                answer = call(client, operation, params)
                self._maybe_die()
                return answer
            return call(client, operation, params)

        monkeypatch.setattr(BaseClient, "_make_api_call", dying)

    def _maybe_die(self) -> None:
        if self.chance.random() < self.share:
            self.count += 1
            raise Killed


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> Deaths:
    return Deaths(monkeypatch)


@pytest.fixture
def world(bucket: str, personalize: PersonalizeEmulator, tmp_path: Path) -> ImportWorld:
    return ImportWorld(bucket, tmp_path, personalize)


def contents(world: ImportWorld, name: str) -> list[JobContent | None]:
    """What the import jobs that ended well were about, oldest first."""
    jobs = [job for job in world.emulator.jobs(name, "shop") if job.status == "ACTIVE"]
    return [parse_job_name("shop", name, job.members["jobName"]) for job in jobs]


def run_to_the_end(world: ImportWorld, name: str, deaths: Deaths, share: float) -> None:
    """Start runs until one succeeds; each may die before or after any call, by this chance."""
    for _ in range(200):
        deaths.share = share
        try:
            world.run(name)
        except (Killed, PersonalizeAssetsError):
            continue
        finally:
            deaths.share = 0.0
        return
    raise AssertionError("no run ended well")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_kills_and_lost_answers_end_in_one_dataset_and_no_job_twice(
    world: ImportWorld, deaths: Deaths, seed: int
) -> None:
    chance = random.Random(seed)
    deaths.chance = chance
    faults = [CUT, LOST, INTERNAL, THROTTLED]
    world.emulator.faults.choose = lambda call: chance.choice(faults) if chance.random() < 0.2 else None
    days = [titles("a", "b"), NEXT_DAYS[seed % len(NEXT_DAYS)]]

    for rows in days:
        world.export(items=rows)
        run_to_the_end(world, "items", deaths, 0.03)

        world.emulator.faults.clear()
        assert world.held("items") == sorted(rows)
        world.emulator.faults.choose = lambda call: chance.choice(faults) if chance.random() < 0.2 else None

    found = contents(world, "items")
    assert len(found) == len(days), "each day is one job that ended well"
    assert [content.before != "" for content in found if content] == [False, seed % len(NEXT_DAYS) == 0]


def test_interactions_survive_kills_too(world: ImportWorld, deaths: Deaths) -> None:
    deaths.chance = random.Random(1)
    for rows in (clicks(0, 1100), clicks(0, 2200), clicks(5, 2200)):
        world.export(interactions=rows)
        run_to_the_end(world, "interactions", deaths, 0.05)
        assert world.held() == sorted(rows)

    assert deaths.count > 3
    assert len(contents(world, "interactions")) == 3
