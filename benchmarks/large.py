"""This project and its peers on 3, 30 and 200 million events, in turn: time, CPU time, memory and disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import click
import psutil

from benchmarks.comparing import content_of
from benchmarks.contestants import ENGINES, Contestant, contestants, former_duckdb, refusal
from benchmarks.data import Raw
from benchmarks.large_data import RAW_BYTES, large_site
from benchmarks.measuring import CommandFailed, measure

WORK_BYTES = 200
"""Disk that a contestant takes for an event, rounded up: this project's daily files, rejects, parts and CSVs."""
_SPARE_BYTES = 2 * 10**9
_PEERS = ("duckdb_script", "polars_script", "plain_spark")
# A contestant that takes more of the machine's memory is stopped, before the system stops this program.
_MOST_MEMORY = 0.9
_WARM_MEMORY = 0.5


def days_of(events: int) -> int:
    """Over how many days a size is spread."""
    return 7 if events < 10**7 else 30 if events < 10**8 else 60


def room_needed(events: int) -> int:
    """Bytes of disk for the raw files of a size, and for one contestant."""
    return events * (RAW_BYTES + WORK_BYTES) + _SPARE_BYTES


def check_room(data: Path, sizes: Sequence[int]) -> None:
    """Print how much disk the sizes take, and raise ``click.ClickException`` if there is less."""
    kept = sum(file.stat().st_size for file in data.glob("large-*/segment-logs/*/*/*"))
    needed = max(room_needed(events) for events in sizes) + sum(sorted(sizes)[:-1]) * RAW_BYTES
    free = shutil.disk_usage(data).free
    click.echo(
        f"disk: {needed / 1e9:,.0f} GB for {' and '.join(f'{events / 1e6:g} M' for events in sizes)} events in {data}, "
        f"where {free / 1e9:,.0f} GB are free and {kept / 1e9:,.1f} GB hold events of earlier runs; raw files are kept"
    )
    if needed > free + kept:
        raise click.ClickException(
            f"{data} has {free / 1e9:,.0f} GB free, wanted {needed / 1e9:,.0f} GB; "
            "name a larger disk with --data, or smaller sizes with --millions"
        )


def large(
    data: Path, events: int, runs: int, engines: Sequence[str] = ENGINES, only: Sequence[str] = ()
) -> dict[str, Any]:
    """Each contestant ``runs`` times on a size, in turn, in the opposite order every second time.

    A contestant that fails is not run again. ``same``: whether its rows are those of this project, in any order.
    """
    click.echo(f"{events / 1e6:g} M events: making raw files, if they are not there yet")
    raw = large_site(data, events, days_of(events))
    if raw.packed < psutil.virtual_memory().total * _WARM_MEMORY:
        raw.warm()
    found = [one for one in _contestants(data, engines) if not only or one.name in only]
    # Without the program's path, which is one of this machine.
    results: dict[str, dict[str, Any]] = {one.name: {**one._asdict(), "python": None, "runs": []} for one in found}
    for number in range(runs):
        for one in found if number % 2 == 0 else reversed(found):
            result = results[one.name]
            if "missing" not in result:
                _run(one, raw, data / "large", result)
    reference = next((one["content"] for one in results.values() if one["engine"] and "content" in one), None)
    for result in results.values():
        result["same"] = result["content"] == reference if reference and "content" in result else None
    return {**raw.about(), "days": days_of(events), "contestants": list(results.values())}


def _contestants(data: Path, engines: Sequence[str]) -> Iterator[Contestant]:
    for one in contestants(engines):
        if one.engine or one.name in _PEERS:
            yield one
    try:
        yield former_duckdb(data)
    except (CalledProcessError, OSError) as error:
        click.echo(f"DuckDB 1.5 is not measured, as it cannot be installed: {error}")


def _run(one: Contestant, raw: Raw, out: Path, result: dict[str, Any]) -> None:
    """One run into an empty folder, which is deleted."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command, env = one.command(raw.folder, out)
    try:
        reason = refusal(one.engine) if one.engine else None
        if reason:
            raise CommandFailed(reason)
        measured = measure(
            command,
            env,
            timeout=max(3600, raw.events / 20_000),
            max_bytes=psutil.virtual_memory().total * _MOST_MEMORY,
        )
        disk = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        result["runs"].append({**measured.figures(), "disk_bytes": disk})
        if "content" not in result:
            result["content"] = content_of(one.interactions(out), ours=one.engine is not None)
        click.echo(
            f"{one.name:<14} {measured.seconds:8.1f} s  {measured.cpu_seconds:8.1f} CPU s  "
            f"{measured.peak_bytes / 2**20:8,.0f} MiB (shared pages once: {measured.peak_pss_bytes / 2**20:,.0f})"
        )
    except CommandFailed as failure:
        result["missing"] = str(failure)
        click.echo(f"{one.name:<14} {failure}")
    finally:
        shutil.rmtree(out, ignore_errors=True)
