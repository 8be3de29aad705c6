"""Time and memory of the whole pipeline for more data, many small files and one huge file, with DuckDB for scale."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.comparing import sha256
from benchmarks.contestants import Contestant, contestants, refusal
from benchmarks.data import Raw, huge_file, site, small_files
from benchmarks.measuring import CommandFailed, measure

FACTORS = (1, 4, 16)
_PEER = "duckdb_script"


def growth(data: Path, events: int, engines: Sequence[str]) -> dict[str, Any]:
    """The pipeline on a sixteenth, a quarter and all of the events, once each."""
    sizes = [site(data, events * factor // FACTORS[-1]) for factor in FACTORS]
    rows = []
    for one in [one for one in contestants(engines) if one.engine or one.name == _PEER]:
        rows += [{"factor": factor, **_once(one, raw, data)} for factor, raw in zip(FACTORS, sizes, strict=True)]
    return {"rows": rows}


def files(data: Path, events: int, engines: Sequence[str]) -> dict[str, Any]:
    """The same events in other files, each variant compared with the files that a site writes.

    ``same_bytes``: whether ``interactions.csv`` equals the one made from the site's files.
    """
    many, small = small_files(data, events)
    quarter = site(data, events // 4)
    groups: dict[str, tuple[Raw, dict[str, Raw]]] = {
        "small": (many, {f"{small.files:,} plain files of 20 KB": small}),
        "huge": (
            quarter,
            {
                "one plain file": huge_file(data, quarter, zipped=False),
                "one gzip file": huge_file(data, quarter, zipped=True),
            },
        ),
    }
    rows = []
    for one in contestants(engines):
        if not one.engine:
            continue
        for group, (ordinary, variants) in groups.items():
            base = _once(one, ordinary, data)
            label = f"{ordinary.files:,} gzip files, as a site writes them"
            rows.append({"group": group, "what": label, **base})
            for what, raw in variants.items():
                found = _once(one, raw, data)
                same = found["sha256"] == base["sha256"] if "sha256" in base and "sha256" in found else None
                rows.append({"group": group, "what": what, **found, "same_bytes": same})
    return {"rows": rows}


def _once(one: Contestant, raw: Raw, data: Path) -> dict[str, Any]:
    """One run into an empty folder: its figures, or the reason why there are none."""
    about = {"name": one.name, "datasets": one.datasets, **raw.about()}
    reason = refusal(one.engine) if one.engine else None
    if reason:
        return {**about, "missing": reason}
    raw.warm()
    out = data / "growth"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command, env = one.command(raw.folder, out)
    try:
        measured = measure(command, env)
    except CommandFailed as failure:
        click.echo(f"{one.name:<14} {failure}")
        return {**about, "missing": str(failure)}
    click.echo(
        f"{one.name:<14} {raw.events:>10,} events in {raw.files:>6,} files {measured.seconds:8.1f} s  "
        f"{measured.peak_bytes / 2**20:8,.0f} MiB"
    )
    digest = sha256(one.interactions(out))
    shutil.rmtree(out)
    return {**about, **measured.figures(), "sha256": digest}
