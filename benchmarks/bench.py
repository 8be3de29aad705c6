"""The benchmark: ``make bench``, or a part of it.

    .venv/bin/python -m benchmarks.bench [contest|growth|history|files|starting|render …] [--events N] [--runs N]

Each part replaces its own results in ``benchmarks/results.json``; then all results are written as tables into
``benchmarks/README.md``. `render` only writes the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.contest import contest
from benchmarks.contestants import ENGINES
from benchmarks.growth import files, growth
from benchmarks.history import history
from benchmarks.machine import machine
from benchmarks.measuring import REPO
from benchmarks.report import put_into, rendered
from benchmarks.starting import starting

PARTS = ("contest", "growth", "history", "files", "starting")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS, "render"]))
@click.option("--events", type=click.IntRange(min=1_000), default=300_000, help="Events of the largest source.")
@click.option("--runs", type=click.IntRange(min=1), default=3, help="Runs of each contestant.")
@click.option("--slow-runs", type=click.IntRange(min=0), default=1, help="Runs of the workshop's logic and pandas.")
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
    engines: tuple[str, ...],
    only: tuple[str, ...],
    data: Path,
    results: Path,
    readme: Path,
) -> None:
    """Measure PARTS (by default all) of the benchmark on this machine."""
    data.mkdir(parents=True, exist_ok=True)
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "contest": lambda: contest(data, events, runs, slow_runs, engines, only),
        "growth": lambda: growth(data, events, engines),
        "history": lambda: history(data, events, engines),
        "files": lambda: files(data, events, engines),
        "starting": lambda: starting(data, runs, engines),
    }
    kept: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}
    for part in parts or PARTS:
        if part == "render":
            continue
        click.echo(f"== {part}")
        about = machine()
        kept[part] = {"machine": about, **measures[part]()}
        # After each part, so that Ctrl-C does not lose the results of finished parts.
        results.write_text(json.dumps({name: kept[name] for name in PARTS if name in kept}, indent=1) + "\n")
    put_into(readme, kept)
    click.echo("\n" + rendered(kept))


if __name__ == "__main__":
    main()
