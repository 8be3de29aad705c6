"""The benchmark: ``make bench``, or a part of it.

    .venv/bin/python -m benchmarks.bench [contest|growth|history|files|starting|large|s3|cluster|hostile|render …]

Each part replaces its own results in ``benchmarks/results.json``; then all results are written as tables into
``benchmarks/README.md``. `render` only writes the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.cluster import on_cluster
from benchmarks.contest import contest
from benchmarks.contestants import ENGINES
from benchmarks.growth import files, growth
from benchmarks.history import history
from benchmarks.hostile import hostile
from benchmarks.large import check_room, large
from benchmarks.machine import machine
from benchmarks.measuring import REPO
from benchmarks.report import put_into, rendered
from benchmarks.s3 import on_s3
from benchmarks.starting import starting

QUICK_PARTS = ("contest", "growth", "history", "files", "starting")
PARTS = ("contest", "large", "growth", "history", "files", "starting", "s3", "cluster", "hostile")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS, "render"]))
@click.option("--events", type=click.IntRange(min=1_000), default=300_000, help="Events of the largest source.")
@click.option("--runs", type=click.IntRange(min=1), default=3, help="Runs of each contestant.")
@click.option("--slow-runs", type=click.IntRange(min=0), default=1, help="Runs of the workshop's logic and pandas.")
@click.option("--millions", default="3,30,200", help="Sizes of `large`, in millions of events, as 3,30.")
@click.option(
    "--events-a-day",
    type=click.IntRange(min=100),
    help="Events a day of `history`.  [default: by --events, at most 20000]",
)
@click.option(
    "--scale", type=click.FloatRange(min=0.0001), default=0.01, help="Size of `s3` and `cluster`; 1 is the full one."
)
@click.option("--engine", "engines", multiple=True, default=ENGINES, help="Engine of this project to measure.")
@click.option("--only", multiple=True, help="Contestant to run alone, by its name.  [default: all]")
@click.option(
    "--data", type=click.Path(path_type=Path), default=REPO / "build/bench", help="Folder for generated data."
)
@click.option(
    "--results", type=click.Path(path_type=Path), default=REPO / "benchmarks/results.json", help="File for the results."
)
@click.option(
    "--readme",
    type=click.Path(path_type=Path),
    default=REPO / "benchmarks/README.md",
    help="Markdown file for the tables.",
)
def main(
    parts: tuple[str, ...],
    events: int,
    runs: int,
    slow_runs: int,
    millions: str,
    events_a_day: int | None,
    scale: float,
    engines: tuple[str, ...],
    only: tuple[str, ...],
    data: Path,
    results: Path,
    readme: Path,
) -> None:
    """Measure PARTS (by default the quick ones) of the benchmark on this machine."""
    data.mkdir(parents=True, exist_ok=True)
    of_a_day = events_a_day or min(max(events // 1_500, 200), 20_000)
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "contest": lambda: contest(data, events, runs, slow_runs, engines, only),
        "growth": lambda: growth(data, events, engines),
        "history": lambda: history(data, of_a_day, engines),
        "files": lambda: files(data, events, engines),
        "starting": lambda: starting(data, runs, engines),
        "s3": lambda: on_s3(data, scale, engines),
        "cluster": lambda: on_cluster(data, scale),
        "hostile": lambda: hostile(data, 32),
    }
    kept: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}

    def keep(part: str, found: dict[str, Any]) -> None:
        kept[part] = found
        # After each part, so that Ctrl-C does not lose the results of finished parts.
        results.write_text(json.dumps({name: kept[name] for name in PARTS if name in kept}, indent=1) + "\n")

    for part in parts or QUICK_PARTS:
        if part == "render":
            continue
        click.echo(f"== {part}")
        if part == "large":
            sizes = sizes_of(millions)
            check_room(data, sizes)
            for size in sizes:
                about = machine()
                measured = {"wanted": size, "machine": about, **large(data, size, runs, engines, only)}
                others = [one for one in kept.get("large", {}).get("sizes", ()) if one["wanted"] != size]
                keep("large", {"sizes": sorted([*others, measured], key=lambda one: int(one["wanted"]))})
        else:
            about = machine()
            keep(part, {"machine": about, **measures[part]()})
    put_into(readme, kept)
    click.echo("\n" + rendered(kept))


def sizes_of(millions: str) -> list[int]:
    """Numbers of events from an option such as ``3,30``; raises ``click.BadParameter``."""
    try:
        sizes = sorted({round(float(size) * 1e6) for size in millions.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1_000:
        raise click.BadParameter(
            f"{millions!r} are no sizes; write millions of events as 3,30,200", param_hint="--millions"
        )
    return sizes


if __name__ == "__main__":
    main()
