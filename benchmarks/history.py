"""Cost of one more day after 10, 100 and 1,000 days, by the command line: ``run --resume``.

The history is whole: every day has its own events (``large_data``) and is converted and exported by ``run``. Then the
new day's files are added.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from benchmarks.contestants import COMMAND, CONFIG, refusal, settings
from benchmarks.data import START
from benchmarks.large_data import large_site
from benchmarks.measuring import CommandFailed, Measured, measure
from personalize_assets.layouts import layout

HISTORIES = (10, 100, 1000)
NEW_DAY = START + timedelta(days=1)

_FILES_A_SOURCE = 4
_STAGE = re.compile(r"^(catalog|convert|export|schemas)\b.*\((\d+\.\d+) s\)", re.MULTILINE)


def history(
    data: Path, events_a_day: int, engines: Sequence[str], histories: Sequence[int] = HISTORIES
) -> dict[str, Any]:
    """Measure each engine on each length of history."""
    longest = max(histories)
    raw = large_site(
        data,
        events_a_day * (longest + 1),
        longest + 1,
        first_day=NEW_DAY - timedelta(days=longest),
        files_a_source=_FILES_A_SOURCE,
    )
    rows: list[dict[str, Any]] = []
    for length in histories:
        for engine in engines:
            row: dict[str, Any] = {"name": engine, "days": length, "events_a_day": raw.events // (longest + 1)}
            row |= _one_more_day(raw.folder, data / "history", length, engine)
            click.echo(f"{engine:<14} {length:>5} days: {_describe(row)}")
            rows.append(row)
    shutil.rmtree(data / "history", ignore_errors=True)
    return {"rows": rows}


def _describe(row: dict[str, Any]) -> str:
    if "missing" in row:
        return str(row["missing"])
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in row["stages"].items())
    return f"one more in {row['seconds']:.1f} s ({stages}), again without news in {row['again_seconds']:.1f} s"


def _one_more_day(generated: Path, folder: Path, length: int, engine: str) -> dict[str, Any]:
    """A history of ``length`` days up to the day before ``NEW_DAY``, then that day, then a run that has nothing to do.

    Its figures, or the reason why there are none.
    """
    reason = refusal(engine)
    if reason:
        return {"missing": reason}
    raw, out = folder / "raw", folder / "out"
    for old in (raw, out):
        shutil.rmtree(old, ignore_errors=True)
    first = NEW_DAY - timedelta(days=length)

    def run(*options: str) -> Measured:
        command: list[str | Path] = [COMMAND, "run", "--config", CONFIG, "--engine", engine, *options]
        return measure(command, settings(raw, out, first))

    try:
        link_days(generated, raw, first, NEW_DAY - timedelta(days=1))
        whole = run()
        link_days(generated, raw, NEW_DAY, NEW_DAY)
        more = run("--resume")
        again = run("--resume")
    except CommandFailed as failure:
        return {"missing": str(failure)}
    return {
        **more.figures(),
        "stages": stage_seconds(more.output),
        "whole_seconds": round(whole.seconds, 2),
        "again_seconds": round(again.seconds, 2),
    }


def stage_seconds(printed: str) -> dict[str, float]:
    """Seconds by stage, as ``personalize-assets run`` prints them."""
    return {name: float(seconds) for name, seconds in _STAGE.findall(printed)}


def link_days(generated: Path, raw: Path, first: date, last: date) -> None:
    """Link the generated files of some days, both included, into another source."""
    keys = layout("segment", first)
    for folder in generated.glob("segment-logs/*/*"):
        day = keys.day_of(f"{folder.relative_to(generated)}/x.gz")
        if day is None or not first <= day <= last:
            continue
        target = raw / folder.relative_to(generated)
        target.mkdir(parents=True)
        for file in folder.iterdir():
            os.link(file, target / file.name)
