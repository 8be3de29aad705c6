"""Time before the first row: imports, `dg check defs`, and the whole pipeline on one event."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.contestants import Contestant, contestants, refusal
from benchmarks.data import one_event
from benchmarks.measuring import CommandFailed, measure

_BUILD = "import dagster as dg; from personalize_assets import definitions as d; "
_PROGRAMS = {
    "python": "pass",
    "import dagster": "import dagster",
    "import personalize_assets.definitions": "import personalize_assets.definitions",
    "the definitions, built and validated": _BUILD + "dg.Definitions.validate_loadable(d.definitions())",
}
MOMENTS = ("first_line", "row", "csv", "end", "again")


def starting(data: Path, runs: int, engines: Sequence[str]) -> dict[str, Any]:
    """Measure each kind of start-up several times."""
    dg_command = Path(sys.executable).with_name("dg")
    commands: dict[str, list[str | Path]] = {
        what: [sys.executable, "-c", program] for what, program in _PROGRAMS.items()
    }
    commands["dg check defs"] = [dg_command, "check", "defs"]
    # `dg` finds the project's Python through VIRTUAL_ENV and PATH.
    env = {"VIRTUAL_ENV": str(Path(sys.prefix)), "PATH": f"{dg_command.parent}:/usr/bin:/bin"}
    loading = []
    for what, command in commands.items():
        seconds = [measure(command, env).seconds for _ in range(runs)]
        loading.append({"what": what, "seconds": [round(one, 3) for one in seconds]})
        click.echo(f"{what:<40} {median(seconds):6.2f} s")
    first_rows = [_first_row(one, data, runs) for one in contestants(engines) if one.engine]
    return {"loading": loading, "first_rows": first_rows}


def _first_row(one: Contestant, data: Path, runs: int) -> dict[str, Any]:
    """Seconds from the command to its first line, the first committed row, the CSV and the end; then of a second run
    with `--resume`, which has nothing to do.
    """
    raw = one_event(data)
    reason = refusal(one.engine or "")
    if reason:
        return {"name": one.name, "missing": reason}
    found: dict[str, Any] = {"name": one.name, **{what: [] for what in MOMENTS}, "peak_bytes": []}
    for _ in range(runs):
        out = data / "first-row"
        shutil.rmtree(out, ignore_errors=True)
        command, env = one.command(raw.folder, out)
        started = time.time()
        try:
            measured = measure(command, env)
            committed = next(out.glob("filtered_interactions/day=*/_commit.json")).stat().st_mtime
            exported = one.interactions(out).stat().st_mtime
            again = measure([*command, "--resume"], env)
        except CommandFailed as failure:
            return {"name": one.name, "missing": str(failure)}
        found["first_line"].append(round(measured.first_output or measured.seconds, 2))
        found["again"].append(round(again.seconds, 2))
        found["row"].append(round(committed - started, 2))
        found["csv"].append(round(exported - started, 2))
        found["end"].append(round(measured.seconds, 2))
        found["peak_bytes"].append(measured.peak_bytes)
        shutil.rmtree(out)
    click.echo(f"{one.name}: first row after {median(found['row']):.1f} s, all done after {median(found['end']):.1f} s")
    return found
