"""This project and its peers on the same files, one after another, with their outputs compared."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.comparing import compare, sha256
from benchmarks.contestants import ENGINES, Contestant, contestants, refusal
from benchmarks.data import Raw, site
from benchmarks.measuring import CommandFailed, measure


def contest(
    data: Path, events: int, runs: int, slow_runs: int, engines: Sequence[str] = ENGINES, only: Sequence[str] = ()
) -> dict[str, Any]:
    """Run each contestant ``runs`` times, a slow one ``slow_runs`` times, in turn: other load affects all alike.

    The reference for rows is the engine `local`, or the first of this project's engines that succeeds.
    """
    raw = site(data, events)
    raw.warm()
    results: dict[str, dict[str, Any]] = {}
    outputs: dict[str, Path] = {}
    for number in range(max(runs, slow_runs)):
        for one in contestants(engines):
            if only and one.name not in only:
                continue
            result = results.setdefault(one.name, _entry(one))
            if number >= (slow_runs if one.slow else runs) or "missing" in result:
                continue
            _run(one, raw, data / "contest" / one.name, result)
            if result["runs"] and one.name not in outputs:
                outputs[one.name] = _keep_interactions(one, data / "contest" / one.name)
    reference = next((outputs[name] for name in ("local", *engines) if name in outputs), None)
    for name, output in outputs.items():
        if reference:
            results[name] |= {"compared": compare(reference, output).as_dict(), "sha256": sha256(output)}
    shutil.rmtree(data / "contest", ignore_errors=True)
    return {"raw": raw.about(), "contestants": list(results.values())}


def _entry(one: Contestant) -> dict[str, Any]:
    entry: dict[str, Any] = {**one._asdict(), "runs": []}
    reason = refusal(one.engine) if one.engine else None
    if reason:
        click.echo(f"{one.name:<14} not measured: {reason}")
        entry["missing"] = reason
    return entry


def _run(one: Contestant, raw: Raw, out: Path, result: dict[str, Any]) -> None:
    """One run into an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command, env = one.command(raw.folder, out)
    try:
        measured = measure(command, env)
    except CommandFailed as failure:
        result["missing"] = str(failure)
        click.echo(f"{one.name:<14} {failure}")
        return
    result["runs"].append(measured.figures())
    click.echo(f"{one.name:<14} {measured.seconds:8.1f} s  {measured.peak_bytes / 2**20:8,.0f} MiB")


def _keep_interactions(one: Contestant, out: Path) -> Path:
    kept = out.with_name(f"{one.name}.csv")
    shutil.copyfile(one.interactions(out), kept)
    return kept
