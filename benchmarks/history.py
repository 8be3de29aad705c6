"""Cost of one more day after 10, 100 and 1,000 days.

The history has raw files under every day's keys, and every day is converted and committed. It is made from one
generated day, which is converted once and copied to the other days with changed times and message ids, so that no day
repeats another. The raw files are links to those of the first day.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import structs

from benchmarks.contestants import COMMAND, CONFIG, refusal, settings
from benchmarks.data import START, site
from benchmarks.measuring import CommandFailed, measure
from personalize_assets.conversion.mapping.daily_schema import DEDUPE, EVENT_TIME, MESSAGE_ID
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS, NANOS
from personalize_assets.layouts import layout
from personalize_assets.storage.destination import DAILY, Destination

HISTORIES = (10, 100, 1000)
NEW_DAY = START + timedelta(days=1)

_CONVERTS = 3
_LEAST_EVENTS, _MOST_EVENTS = 200, 2_000


def history(data: Path, events: int, engines: Sequence[str], histories: Sequence[int] = HISTORIES) -> dict[str, Any]:
    """Measure each engine on each length of history; a day's size depends on ``events``, the benchmark's."""
    of_a_day = min(max(events // 1_500, _LEAST_EVENTS), _MOST_EVENTS)
    days = site(data, 2 * of_a_day, days=2)
    rows: list[dict[str, Any]] = []
    for engine in engines:
        folder = data / "history"
        shutil.rmtree(folder, ignore_errors=True)
        about = {"name": engine, "events_a_day": days.events // 2}
        reason = refusal(engine) or _convert_first_day(days.folder, folder, engine)
        if reason:
            rows.append({**about, "missing": reason})
            continue
        for length in histories:
            found = {**about, "days": length, **_with_history(days.folder, folder, length, engine)}
            click.echo(f"{engine:<14} {length:>5} days: {_describe(found)}")
            rows.append(found)
    shutil.rmtree(data / "history", ignore_errors=True)
    return {"rows": rows}


def _describe(found: Mapping[str, Any]) -> str:
    if "missing" in found:
        return str(found["missing"])
    return f"convert one more in {min(found['convert']):.2f} s, export all in {found['export']:.1f} s"


def _convert_first_day(generated: Path, folder: Path, engine: str) -> str | None:
    """Convert the day into ``folder/first``; returns the error, if any."""
    command: list[str | Path] = [COMMAND, "run", "--config", CONFIG, "--engine", engine, "--days", str(START)]
    try:
        measure(command, settings(generated, folder / "first"))
    except CommandFailed as failure:
        return str(failure)
    return None


def _with_history(generated: Path, folder: Path, length: int, engine: str) -> dict[str, Any]:
    """Build a history of ``length`` days up to ``START``, and measure ``NEW_DAY`` on top of it."""
    raw, out = folder / "raw", folder / "out"
    for old in (raw, out):
        shutil.rmtree(old, ignore_errors=True)
    link_raw_files(generated, raw, length)
    shutil.copytree(folder / "first", out)
    copy_first_day(Destination(str(out)), length)
    command = [sys.executable, "-m", "benchmarks.one_day", str(START), str(NEW_DAY), str(_CONVERTS)]
    env = {"PERSONALIZE_CONFIG": str(CONFIG), "PERSONALIZE_ENGINE": engine}
    try:
        measured = measure(command, {**settings(raw, out, START - timedelta(days=length - 1)), **env})
    except CommandFailed as failure:
        return {"missing": str(failure)}
    taken: dict[str, Any] = json.loads(measured.output.splitlines()[-1])
    return {**taken, "peak_bytes": measured.peak_bytes}


def link_raw_files(generated: Path, raw: Path, length: int) -> None:
    """Link the first day's raw files under the keys of every day of the history, and the new day's under its own."""
    keys = layout("segment", START)
    for file in generated.glob("segment-logs/*/*/*"):
        day = keys.day_of(str(file.relative_to(generated)))
        days = [START - timedelta(days=back) for back in range(length)] if day == START else [NEW_DAY]
        for copy in days:
            link = raw / keys.key(copy, file.name, source=file.parent.parent.name)
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, link)


def copy_first_day(destination: Destination, length: int) -> None:
    """Commit copies of ``START``'s rows as the days before it, without rejects."""
    first = str(START)
    folder = Path(destination.uri)
    read = destination.day_accounting("source", first)
    assert read is not None
    accounting = structs.replace(read, reject_files=())
    commits = {name: destination.daily_commits(name)[first] for name in DAILY}
    tables = {key: pq.ParquetFile(folder / key).read() for commit in commits.values() for key in commit.files}
    for back in range(1, length):
        day = str(START - timedelta(days=back))
        for name in DAILY:
            copies = {key: key.replace(f"day={first}", f"day={day}") for key in commits[name].files}
            for key, copy in copies.items():
                (folder / copy).parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(_moved(tables[key], back), folder / copy, compression="zstd")
            commit = structs.replace(commits[name], files=tuple(copies.values()), reject_files=())
            destination.commit_day(name, day, commit)
        destination.commit_accounting("source", day, accounting)


def _moved(rows: pa.Table, back: int) -> pa.Table:
    """The rows with other message ids, ``back`` days earlier."""
    for index, name in enumerate(rows.column_names):
        column = rows.column(index)
        if name in (DEDUPE, MESSAGE_ID):
            column = pc.binary_join_element_wise(column, f"day-{back}", "-")
        elif name == "TIMESTAMP":
            column = pc.subtract(column, back * DAY_SECONDS)
        elif name == EVENT_TIME:
            column = pc.subtract(column, back * DAY_SECONDS * NANOS)
        rows = rows.set_column(index, rows.schema.field(index), column)
    return rows
