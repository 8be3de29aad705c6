"""``make faults``: all faults in full number, and a table of what was done and what was wrong.

    .venv/bin/python -m personalize_assets_tests.helpers.faults [--share 0.1] [--seed 1]

Five processes work at the same time: most of it is waiting, for what was killed or for an S3 that does not answer.
`--part formats --share 10` damages ten thousand files of each format.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from personalize_assets_tests.helpers.faults.full_disk import full_disks
from personalize_assets_tests.helpers.faults.kills import kills
from personalize_assets_tests.helpers.faults.overlaps import overlaps
from personalize_assets_tests.helpers.faults.s3 import faulty_runs, s3_kills, s3_world
from personalize_assets_tests.helpers.faults.world import make_world
from personalize_assets_tests.helpers.format_faults import WRITERS, check_mutated_formats
from personalize_assets_tests.helpers.reading_faults import check_mutated

KILLS, S3_KILLS, S3_RUNS, OVERLAPS, DISKS, MUTATED, OF_A_FORMAT = 200, 60, 100, 60, 20, 10_000, 1_000
KINDS = ("lost or invented", "wrong current state", "half visible", "leftover", "other")


class Line(NamedTuple):
    """A line of the table: what was done, how often, details, and the problems."""

    name: str
    done: int
    details: str
    problems: list[str]


def _folder_kills(share: float, seed: int, folder: Path) -> Iterator[Line]:
    done, found = kills(make_world(folder), _part(KILLS, share), seed)
    yield Line("kills at a write, folder", done.total(), _shown(done), found)


def _overlaps_disks_and_files(share: float, seed: int, folder: Path) -> Iterator[Line]:
    world = make_world(folder)
    done, found = overlaps(world, _part(OVERLAPS, share), seed)
    yield Line("overlaps", _part(OVERLAPS, share), _shown(done), found)
    details, found = full_disks(world, _part(DISKS, share))
    yield Line("full disks", _part(DISKS, share), details, found)
    yield _mutated(_part(MUTATED, share), seed)


def _s3_kills(share: float, seed: int, folder: Path) -> Iterator[Line]:
    with s3_world(make_world(folder)) as there:
        done, found = s3_kills(there, _part(S3_KILLS, share), seed)
    yield Line("kills at a write, S3", done.total(), _shown(done), found)


def _s3_runs(share: float, seed: int, folder: Path) -> Iterator[Line]:
    with s3_world(make_world(folder)) as there:
        injected, well, found = faulty_runs(there, _part(S3_RUNS, share), seed)
    yield Line("S3 with faults", _part(S3_RUNS, share), f"{well} ended well; {_shown(injected)}", found)


def _formats(share: float, seed: int, folder: Path) -> Iterator[Line]:
    for name in WRITERS:
        yield _mutated_format(name, _part(OF_A_FORMAT, share), seed)


PARTS = {
    "kills": _folder_kills,
    "overlaps": _overlaps_disks_and_files,
    "s3-kills": _s3_kills,
    "s3-runs": _s3_runs,
    "formats": _formats,
}
"""What each process does, by the name it is started with."""


def _part(number: int, share: float) -> int:
    return max(1, round(number * share))


def _shown(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def _mutated(count: int, seed: int) -> Line:
    try:
        totals = check_mutated(count, seed)
    except AssertionError as error:
        return Line("damaged files, on every path", count, "", [f"lost or invented: {error}"])
    details = f"{totals['read']:,} events, {totals['kept']:,} rows"
    return Line("damaged files, on every path", count, details, [])


def _mutated_format(name: str, count: int, seed: int) -> Line:
    try:
        totals = check_mutated_formats(count, seed, name)
    except AssertionError as error:
        return Line(f"damaged files, {name}", count, "", [f"lost or invented: {error}"])
    details = f"{totals['read']:,} events, {totals['kept']:,} rows, {totals['unreadable']:,} unreadable"
    return Line(f"damaged files, {name}", count, f"{details}, {totals['malformed_row']:,} malformed rows", [])


def kind_of(problem: str) -> str:
    """The kind of a problem."""
    return next((kind for kind in KINDS if kind in problem), KINDS[-1])


def print_lines(lines: Iterator[Line]) -> bool:
    """Print a line of the table as soon as it is done, and its problems below it; whether there are none."""
    is_well = True
    started = time.monotonic()
    for line in lines:
        wrong = [kind_of(problem) for problem in line.problems]
        counts = "  ".join(f"{wrong.count(kind):>{len(kind)}}" for kind in KINDS)
        seconds = f"{time.monotonic() - started:,.0f}"
        text = [f"{line.name:<30}{line.done:>7,}  {counts}  {seconds:>7}  {line.details}", *line.problems]
        print("\n".join(text), flush=True)
        is_well = is_well and not line.problems
        started = time.monotonic()
    return is_well


def main() -> int:
    """Print the table; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=PARTS)
    options = parser.parse_args()
    if options.part:
        with tempfile.TemporaryDirectory() as folder:
            lines = PARTS[options.part](options.share, options.seed, Path(folder) / "world")
            return 0 if print_lines(lines) else 1
    print(f"{'fault':<30}{'done':>7}  {'  '.join(KINDS)}  seconds  details", flush=True)
    command = [sys.executable, "-m", "personalize_assets_tests.helpers.faults"]
    given = ["--share", str(options.share), "--seed", str(options.seed)]
    processes = [subprocess.Popen([*command, *given, "--part", part]) for part in PARTS]
    return max([process.wait() for process in processes])


if __name__ == "__main__":
    sys.exit(main())
