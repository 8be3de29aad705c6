"""Conversions, exports, a backfill and a sensor at the same time, while raw files arrive."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from personalize_assets.config import load_config
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.engines.arrow import ArrowEngine
from personalize_assets.local_run.stages import Stages
from personalize_assets.pipeline.convert import converted_state
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import unexported
from personalize_assets.storage.raw_files import content_digest
from personalize_assets_tests.helpers.faults.child import finish, start
from personalize_assets_tests.helpers.faults.judge import leftovers, problems
from personalize_assets_tests.helpers.faults.world import World, answers_of, group_of

_LONGEST_WAIT = 0.15
EXPORTS = ["users", "interactions_csv", "users_csv"]
DATASETS = ["interactions", "users"]


class _Dawdling(ArrowEngine):
    """An engine whose jobs begin and end late, by chance."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    def run(self, context: Any, spec: Spec, on_progress: OnProgress | None = None) -> Report:
        time.sleep(self._chance.uniform(0, _LONGEST_WAIT))
        report = super().run(context, spec, on_progress)
        time.sleep(self._chance.uniform(0, _LONGEST_WAIT))
        return report


def _stages(config: Path, seed: int) -> tuple[DatasetGroup, Stages, random.Random]:
    """Stages whose steps come late by chance, with the pauses of retries cut short."""
    chance = random.Random(seed)
    group = DatasetGroup(load_config(config, {}))
    swap = group.destination.store.swap

    def late(*arguments: Any) -> Any:
        time.sleep(chance.uniform(0, _LONGEST_WAIT / 5))
        return swap(*arguments)

    group.destination.store.swap = late  # type: ignore[method-assign, assignment]
    wait = lambda seconds: time.sleep(chance.uniform(0, _LONGEST_WAIT))  # noqa: E731
    return group, Stages(group, _Dawdling(chance), lambda progress: None, wait), chance


def convert(config: Path, seed: int) -> None:
    """Some days by hand."""
    group, stages, chance = _stages(config, seed)
    days = sorted(group.files_by_day())
    some = sorted(chance.sample(days, chance.randint(1, len(days))))
    for day in some:
        stages.catalog([day], resume=False)
        stages.convert([day], resume=False)


def backfill(config: Path, seed: int) -> None:
    """All days in one run, from a catalog that gets old meanwhile."""
    group, stages, chance = _stages(config, seed)
    days = sorted(group.files_by_day())
    stages.catalog(days, resume=False)
    time.sleep(chance.uniform(0, _LONGEST_WAIT))
    stages.convert(days, resume=False)


def export(config: Path, seed: int) -> None:
    """Two exports, one after the other: of everything, or of some assets."""
    _, stages, chance = _stages(config, seed)
    for _ in range(2):
        stages.export(chance.choice([EXPORTS, ["interactions_csv"], ["users", "users_csv"]]))
        time.sleep(chance.uniform(0, _LONGEST_WAIT))


def sensor(config: Path, seed: int) -> None:
    """A few looks at all days; those that changed are converted and exported."""
    group, stages, chance = _stages(config, seed)
    for _ in range(3):
        settle(group, stages)
        time.sleep(chance.uniform(0, _LONGEST_WAIT))


def changed_days(group: DatasetGroup) -> list[date]:
    """The days whose files are not those that were converted, as the sensor finds them."""
    known = {date.fromisoformat(day) for day in group.destination.days.all()}
    listed = group.files_by_day()
    files = listed | group.files_of(sorted(known - listed.keys()))
    return [day for day, its in sorted(files.items()) if converted_state(group, day).content != content_digest(its)]


def settle(group: DatasetGroup, stages: Stages) -> None:
    """Convert what has changed, and export if anything was converted."""
    for day in changed_days(group):
        stages.catalog([day], resume=False)
        stages.convert([day], resume=False)
    if unexported(group):
        stages.export(EXPORTS)


ACTORS: tuple[Callable[[Path, int], None], ...] = (convert, backfill, export, sensor)


def overlap(world: World, seed: int) -> tuple[list[str], list[str]]:
    """Let several runs overlap, look, let a sensor settle everything, and look again.

    Returns the names of the runs, and what was wrong.
    """
    chance = random.Random(seed)
    config = world.begin("before", "before")
    actors = [chance.choice(ACTORS) for _ in range(chance.choice([2, 3]))]
    running = [start(actor, config, seed * 10 + number) for number, actor in enumerate(actors)]
    for state in ("late file", "next day"):
        time.sleep(chance.uniform(0, 2 * _LONGEST_WAIT))
        world.arrive(state)
    codes = [finish(process) for process in running]
    found = [f"a run ended with {code}" for code in codes if code not in (0, 1)]
    group = group_of(config)
    # Whatever mixture of days is exported: the files are those of the manifests.
    found += problems(group, [answers_of(group)])
    found += _wrong_days(world, group)
    settled, stages, _ = _stages(config, seed)
    for _ in range(2):
        settle(settled, stages)
    found += problems(group, [world.answers["next day"]])
    if changed_days(group):
        found.append("wrong current state: days change again and again")
    left = [key for key in leftovers(group) if not key.startswith("_kept/")]
    found += [f"leftover: {key}" for key in left if all(code == 0 for code in codes)]
    return [actor.__name__ for actor in actors], [f"overlap {seed}: {problem}" for problem in found]


def _wrong_days(world: World, group: DatasetGroup) -> list[str]:
    """Days that count as converted, and have other rows than a run without a fault gives them."""
    outdated = {day.isoformat() for day in changed_days(group)}
    right = DatasetGroup(load_config(world.folder / "next day.yaml", {})).destination.days.all()
    found = []
    for day, state in group.destination.days.all().items():
        for name, commit in state.datasets.items():
            if day not in outdated and commit.kept != right[day].datasets[name].kept:
                found.append(f"wrong current state: {name} of {day} counts as converted with {commit.kept} rows")
    return found


def overlaps(world: World, count: int, seed: int = 1) -> tuple[Counter[str], list[str]]:
    """So many overlaps; returns how often each kind of run took part, and what was wrong."""
    done: Counter[str] = Counter()
    found: list[str] = []
    for number in range(count):
        actors, problems_found = overlap(world, seed * 1000 + number)
        done.update(actors)
        found += problems_found
    return done, found
