"""How the search for repeated keys is cut into tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from personalize_assets.conversion.export import repeat_search, repeats
from personalize_assets.conversion.export.key_hashes import BUCKETS
from personalize_assets.conversion.export.pieces import RowGroup
from personalize_assets.conversion.export.repeat_search import RepeatedKeys, Scope, match_tasks, search
from personalize_assets.conversion.kept import HashRun

SCOPE = Scope("scratch", "kept", {})
UNITS = repeats.Units(((10,),), (0, 1), ("TIMESTAMP",))


def unit(number: int, hashes: int, touched: int) -> repeats.Unit:
    def run(size: int) -> tuple[HashRun, ...]:
        return (HashRun(f"{number}", (size,) * BUCKETS),)

    return repeats.Unit(number, run(hashes), run(touched) if touched else ())


def groups_of(units: Any) -> list[RowGroup]:
    return [RowGroup("daily", number, 60, 0, 1) for number in sorted(units)]


@pytest.mark.parametrize(("touched", "buckets"), [(10, [256]), (100, [256]), (101, [128, 256]), (250, [85, 170, 256])])
def test_there_are_as_many_tasks_as_the_changed_hashes_need(
    monkeypatch: pytest.MonkeyPatch, touched: int, buckets: list[int]
) -> None:
    monkeypatch.setattr(repeat_search, "MAX_TASK_HASHES", 100)

    tasks = match_tasks([unit(0, 10_000, 0), unit(1, 10_000, touched)], ["r"], SCOPE, "months")

    assert [task.end for task in tasks] == buckets
    assert [task.first for task in tasks] == [0, *buckets[:-1]]
    assert {(task.to, task.keep, task.repeated) for task in tasks} == {("scratch/months", "kept/months", ("r",))}


def test_without_tasks_nothing_is_searched() -> None:
    assert search([], UNITS, groups_of, SCOPE, "pieces", never) == RepeatedKeys()


def never(run: Any, tasks: Any, size: int) -> list[Any]:
    raise AssertionError


def test_hashes_are_looked_up_in_rounds_and_rows_in_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeat_search, "_MAX_ROUND_HASHES", 10)
    monkeypatch.setattr(repeat_search, "MAX_SHARE_ROWS", 100)
    matched = [
        repeats.Matched(6, "m0", (0,), settled="s0"),
        repeats.Matched(4, "m1", (0, 1)),
        repeats.Matched(0, doubtful="d2"),
        repeats.Matched(11, "m3", (0, 1, 2)),
    ]
    asked: list[Any] = []

    def spread(run: Any, tasks: Sequence[Any], size: int) -> list[Any]:
        if run is repeats.match_hashes:
            return matched
        asked.extend((task.files, len(task.groups)) for task in tasks)
        return [None for _ in tasks]

    decided = iter(["decided", None])
    monkeypatch.setattr(repeats, "decide", lambda task: next(decided))

    found = search(match_tasks([unit(0, 1, 1)], [], SCOPE, "months"), UNITS, groups_of, SCOPE, "months", spread)

    assert asked == [(("m0", "m1"), 2), (("m3",), 2), (("m3",), 1)]
    assert found == RepeatedKeys(settled=("s0",), decided=("decided",), doubtful=("d2",))
