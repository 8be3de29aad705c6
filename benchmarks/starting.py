"""Start-up: imports, `dg check defs`, the command's help, and one event from the command to its end, twice."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.contestants import COMMAND, Contestant, contestants, refusal
from benchmarks.data import one_event
from benchmarks.measuring import CommandFailed, measure

_BUILD = "import dagster as dg; from personalize_assets import definitions as d; "
_PROGRAMS = {
    "python": "pass",
    "import dagster": "import dagster",
    "import personalize_assets.definitions": "import personalize_assets.definitions",
    "the definitions, built and validated": _BUILD + "dg.Definitions.validate_loadable(d.definitions())",
}
MOMENTS = ("stage", "row", "csv", "end", "again")


def starting(data: Path, runs: int, engines: Sequence[str]) -> dict[str, Any]:
    """Measure each kind of start-up several times."""
    dg_command = Path(sys.executable).with_name("dg")
    commands: dict[str, list[str | Path]] = {
        what: [sys.executable, "-c", program] for what, program in _PROGRAMS.items()
    }
    commands["personalize-assets --help"] = [COMMAND, "--help"]
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
    """Seconds from the command to its first stage, the first committed row, the CSV and the end.

    ``again`` is a second run, which finds nothing new.
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
        except CommandFailed as failure:
            return {"name": one.name, "missing": str(failure)}
        # The first thing that a run writes is the catalog, which takes a few milliseconds.
        catalogued = next(out.glob("catalog/day=*.json"))
        found["stage"].append(round(catalogued.stat().st_mtime - started, 2))
        committed = next(out.glob("days/day=*.json"))
        found["row"].append(round(committed.stat().st_mtime - started, 2))
        found["csv"].append(round(one.interactions(out).stat().st_mtime - started, 2))
        found["end"].append(round(measured.seconds, 2))
        found["peak_bytes"].append(measured.peak_bytes)
        found["again"].append(round(measure(command, env).seconds, 2))
        shutil.rmtree(out)
    times = (f"{what} {median(found[what]):.2f} s" for what in MOMENTS)
    click.echo(f"{one.name}: {', '.join(times)}")
    return found
