"""``make faults``: all faults in full number, and a table of what was done and what was wrong.

.venv/bin/python -m personalize_assets_tests.faults [--share 0.1] [--seed 1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from personalize_assets_tests.faults.full_disk import full_disks
from personalize_assets_tests.faults.kills import kills
from personalize_assets_tests.faults.overlaps import overlaps
from personalize_assets_tests.faults.s3 import faulty_runs, s3_kills, s3_world
from personalize_assets_tests.faults.world import make_world
from personalize_assets_tests.helpers.reading_faults import check_mutated

KILLS, S3_KILLS, S3_RUNS, OVERLAPS, DISKS, MUTATED = 200, 60, 100, 60, 20, 10_000
KINDS = ("lost or invented", "wrong current state", "half visible", "leftover", "other")


class Line(NamedTuple):
    """A line of the table: what was done, how often, details, and the problems."""

    name: str
    count: int
    details: str
    problems: list[str]


def lines(share: float, seed: int, folder: Path) -> Iterator[Line]:
    """Do everything, or such a share of it."""

    def part(number: int) -> int:
        return max(1, round(number * share))

    def shown(counts: dict[str, int]) -> str:
        return ", ".join(f"{number:,} {name}" for name, number in counts.items())

    world = make_world(folder)
    done, found = kills(world, part(KILLS), seed)
    yield Line("kills at a write, folder", done.total(), shown(done), found)
    done, found = overlaps(world, part(OVERLAPS), seed)
    yield Line("overlaps", part(OVERLAPS), shown(done), found)
    failed, found = full_disks(world, part(DISKS))
    yield Line("full disks", part(DISKS), f"{failed} runs failed", found)
    with s3_world(world) as there:
        done, found = s3_kills(there, part(S3_KILLS), seed)
        yield Line("kills at a write, S3", done.total(), shown(done), found)
        injected, well, found = faulty_runs(there, part(S3_RUNS), seed)
        yield Line("S3 with faults", part(S3_RUNS), f"{well} ended well; {shown(injected)}", found)
    yield _mutated(part(MUTATED), seed)


def _mutated(count: int, seed: int) -> Line:
    try:
        totals = check_mutated(count, seed)
    except AssertionError as error:
        return Line("damaged files, on every path", count, "", [f"lost or invented: {error}"])
    details = f"{totals['read']:,} events, {totals['kept']:,} rows"
    return Line("damaged files, on every path", count, details, [])


def kind_of(problem: str) -> str:
    """The kind of a problem."""
    return next((kind for kind in KINDS if kind in problem), KINDS[-1])


def main(print_line: Callable[[str], None] = print) -> int:
    """Print the table and the problems; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print_line(f"{'fault':<30}{'done':>7}  " + "  ".join(KINDS) + "  seconds  details")
    everything: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        for line in lines(options.share, options.seed, Path(folder) / "world"):
            wrong = [kind_of(problem) for problem in line.problems]
            counts = "  ".join(f"{wrong.count(kind):>{len(kind)}}" for kind in KINDS)
            seconds = time.monotonic() - started
            print_line(f"{line.name:<30}{line.count:>7,}  {counts}  {seconds:>7.0f}  {line.details}")
            sys.stdout.flush()
            everything += line.problems
            started = time.monotonic()
    for problem in everything:
        print_line(problem)
    return 1 if everything else 0


if __name__ == "__main__":
    sys.exit(main())
