"""Searches keys that occur in several units (months, or pieces of a month), by the steps of ``repeats``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from personalize_assets.conversion.export import repeats
from personalize_assets.conversion.export.key_hashes import BUCKETS
from personalize_assets.conversion.export.pieces import RowGroup, shares
from personalize_assets.conversion.spread import Spread

MAX_TASK_HASHES = 4_000_000
"""Hashes that are compared in memory at once, some 50 bytes each."""
MAX_SHARE_ROWS = 750_000
"""Rows whose keys one task reads, about."""
_MAX_ROUND_HASHES = 2_000_000
# What a row counts for where a spread decides whether processes are worth their start: a million rows are. Fewer are
# exported sooner by threads of this process, as Arrow's functions run beside one another.
ROW_BYTES = 4


class Scope(NamedTuple):
    """Where a search writes.

    Attributes:
        scratch: Prefix of files that are of no use after the export.
        keep: Prefix of files for the next export.
    """

    scratch: str
    keep: str
    s3: dict[str, Any]


class RepeatedKeys(NamedTuple):
    """Files of repeated keys with their units: as before, found now, and those of before that may not be repeated."""

    settled: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def match_tasks(
    units: Sequence[repeats.Unit], repeated: Sequence[str], scope: Scope, name: str
) -> list[repeats.MatchTask]:
    """The ranges of hashes to compare, so that each is about ``MAX_TASK_HASHES`` of what may have changed."""
    changed = sum(run.hashes for unit in units for run in unit.touched)
    tasks = min(BUCKETS, max(1, -(-changed // MAX_TASK_HASHES)))
    ends = [BUCKETS * number // tasks for number in range(tasks + 1)]
    return [
        repeats.MatchTask(
            tuple(units), first, end, tuple(repeated), f"{scope.scratch}/{name}", f"{scope.keep}/{name}", scope.s3
        )
        for first, end in pairwise(ends)
    ]


def search(
    tasks: Sequence[repeats.MatchTask],
    units: repeats.Units,
    groups_of: Callable[[Collection[int]], Sequence[RowGroup]],
    scope: Scope,
    name: str,
    spread: Spread,
) -> RepeatedKeys:
    """Do the tasks, and decide by the keys; ``groups_of`` gives the row groups of units, by their numbers."""
    if not tasks:
        return RepeatedKeys()
    hashes = sum(run.hashes for task in tasks for unit in task.units for run in unit.touched)
    matched = spread(repeats.match_hashes, tasks, hashes * ROW_BYTES)
    decided = []
    for number, round in enumerate(_rounds(matched)):
        groups = groups_of({unit for found in round for unit in found.units})
        files = tuple(found.file for found in round if found.file)
        keys = spread(
            repeats.find_keys,
            [
                repeats.KeyTask(share, units, files, f"{scope.scratch}/{name}-keys-{number}-{n}", scope.s3)
                for n, share in enumerate(shares(groups, MAX_SHARE_ROWS))
            ],
            sum(group.rows for group in groups) * ROW_BYTES,
        )
        found = tuple(uri for uri in keys if uri)
        to = f"{scope.keep}/{name}-decided-{number}.parquet"
        decided.append(repeats.decide(repeats.DecideTask(found, to, scope.s3)))
    return RepeatedKeys(
        settled=tuple(found.settled for found in matched if found.settled),
        decided=tuple(uri for uri in decided if uri),
        doubtful=tuple(found.doubtful for found in matched if found.doubtful),
    )


def _rounds(matched: Sequence[repeats.Matched]) -> list[list[repeats.Matched]]:
    """What is looked up together: about ``_MAX_ROUND_HASHES`` hashes, or those of one task."""
    rounds: list[list[repeats.Matched]] = []
    count = 0
    for found in matched:
        if found.file is None:
            continue
        if not rounds or count + found.count > _MAX_ROUND_HASHES:
            rounds.append([])
            count = 0
        rounds[-1].append(found)
        count += found.count
    return rounds
