"""Kills at chosen writes of a run on a folder."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from personalize_assets_tests.helpers.faults.child import Conditions, run, run_here
from personalize_assets_tests.helpers.faults.judge import problems, two_days_later
from personalize_assets_tests.helpers.faults.world import World, group_of

# More writes than any run here has.
_MOST_WRITES = 400
STORIES = {"first run": None, "late file": "before", "next day": "late file"}
"""Each state after which the run is killed, and the state whose destination it finds."""


def kill(world: World, story: str, write: int) -> list[str] | None:
    """Kill a run at a write, look, and run twice more, a day apart each.

    Returns what was wrong; None if the run did not have so many writes.
    """
    config = _begin(world, story)
    if not _is_killed(world, config, write):
        return None
    group = group_of(config)
    state, before = _states(story)
    found = problems(group, [world.answers[state], world.answers[before] if before else {}])
    found += two_days_later(
        group, world.answers[state], lambda hours: run(run_here, config, {}, conditions=Conditions(hours=hours))
    )
    return [f"{story}, killed at write {write}: {problem}" for problem in found]


def writes_of(world: World, story: str) -> int:
    """How many writes the run of a story has, by bisection: a run with fewer is not killed."""
    low, high = 1, _MOST_WRITES
    while low < high:
        middle = (low + high + 1) // 2
        if _is_killed(world, _begin(world, story), middle):
            low = middle
        else:
            high = middle - 1
    return low


def kills(world: World, count: int, seed: int = 1) -> tuple[Counter[str], list[str]]:
    """Kill so many runs on a folder; see ``kill_all_over``."""
    return kill_all_over(STORIES, partial(writes_of, world), partial(kill, world), count, seed)


def kill_all_over(
    stories: Collection[str],
    writes_of: Callable[[str], int],
    kill: Callable[[str, int], list[str] | None],
    count: int,
    seed: int,
) -> tuple[Counter[str], list[str]]:
    """Kill so many runs, at writes all over them; returns how many of each story, and what was wrong.

    Args:
        writes_of: How many writes the run of a story has.
        kill: Kills the run of a story at a write; returns what was wrong, None if it had fewer.
    """
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    found: list[str] = []
    for number, story in enumerate(stories):
        share = count // len(stories) + (number < count % len(stories))
        writes = writes_of(story)
        chosen = sorted(chance.sample(range(1, writes + 1), min(share, writes)))
        chosen += [chance.randint(1, writes) for _ in range(share - len(chosen))]
        for write in chosen:
            wrong = kill(story, write)
            done[story] += wrong is not None
            found += wrong or []
    return done, found


def _states(story: str) -> tuple[str, str | None]:
    before = STORIES[story]
    return (story, before) if before else ("before", None)


def _begin(world: World, story: str) -> Path:
    state, before = _states(story)
    return world.begin(before, state)


def _is_killed(world: World, config: Path, write: int) -> bool:
    code = run(run_here, config, {}, conditions=Conditions(kill_at=write, below=str(world.out)))
    assert code in (0, -9), f"a run ended with {code}"
    return code == -9
