"""How tasks are spread: what an engine gives the conversion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class Spread(Protocol):
    """Runs a function over tasks, side by side where that helps."""

    def __call__(self, run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
        """One result per task, in the order of tasks.

        ``run`` is a function of a module, tasks and results can be pickled. ``size`` (bytes) says roughly how much all
        tasks read. Exceptions of ``run`` are raised here.
        """


def in_turn(run: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], size: int, /) -> list[ResultT]:
    """One task after another, in this process."""
    return [run(task) for task in tasks]
