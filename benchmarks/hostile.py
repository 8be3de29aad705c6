"""How fast bytes are read that are meant to take time: one convert task on one core for each input.

    .venv/bin/python -m benchmarks.hostile [MB] [part of a name]

Reading may end before a file's end with a counted reject; then the time is that of the bytes up to there. All rejects
are shown by reason.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task
from personalize_assets_tests.helpers.hostile import INPUTS, MB, write

WANTED_MB_PER_SECOND = 20
PACKED = {"spaces": 1024, "one array of empty objects in one event": 100, "zero bytes": 3000}
"""Inputs that are written as gzip, and their size in MB at most."""
ENDING = (
    *("unpacked_too_large", "too_many_malformed", "too_many_values", "too_many_elements", "event_too_large"),
    "unreadable_file",
)
"""Reasons of rejects that end a file or an event early."""
_SECONDS = 45

INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", ("userId",), required=True),
        Column("ITEM_ID", ("each.sku",), required=True),
        Column("TIMESTAMP", ("timestamp",), type="timestamp", required=True),
    ),
    where={"event": ("Order Completed",)},
    each="properties.products",
)


def hostile(data: Path, megabytes: int, only: str = "") -> dict[str, Any]:
    """Measure each input whose name holds ``only``; files are written to ``data`` and removed."""
    return {"rows": [_measured(name, megabytes, data) for name in INPUTS if only in name]}


def _measured(name: str, megabytes: int, data: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=data) as scratch:
        size = max(PACKED[name], megabytes) if name in PACKED else megabytes
        path = Path(scratch, "input")
        unpacked = write(name, size * MB, path, packed=name in PACKED)
        row: dict[str, Any] = {"name": name, "bytes": unpacked, "stored": path.stat().st_size}
        context = multiprocessing.get_context("spawn")
        results, to = context.Pipe(duplex=False)
        process = context.Process(target=_convert, args=(path, Path(scratch, "out"), to))
        process.start()
        to.close()
        try:
            found = results.recv() if results.poll(_SECONDS + 10) else {"error": f"over {_SECONDS} s"}
        except EOFError:
            found = {"error": "killed"}
        process.kill()
        process.join()
        row |= found
        row["ended"] = [reason for reason in ENDING if reason in row.get("rejects", {})]
        row["reached"] = "seconds" in row and (bool(row["ended"]) or speed(row) >= WANTED_MB_PER_SECOND)
        print(line(row), flush=True)
        return row


def _convert(path: Path, out: Path, to: Any) -> None:
    out.mkdir()
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    write("events as they should be", 100_000, Path(out, "first"))  # what is loaded and made once is not measured
    plan = Plan("run", ("interactions",), {name: f"{out}/{name}" for name in ("interactions", "rejects")}, 0, {})
    run_task(_task(Path(out, "first")), plan)
    task = _task(path)
    started = time.process_time()
    report = run_task(task, plan)
    seconds = time.process_time() - started
    day = report.days["2026-10-01"]
    counts, rows = day.source, day.datasets["interactions"]
    assert counts.read == counts.wanted + counts.not_wanted + sum(counts.malformed.values()) + counts.unreadable
    assert rows.rows == rows.kept + sum(rows.rejected.values())
    to.send(
        {
            "seconds": seconds,
            "events": counts.read,
            "rejects": {**counts.malformed, **rows.rejected}
            | ({"unreadable_file": counts.unreadable} if counts.unreadable else {}),
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    )


def _task(path: Path) -> Task:
    file = RawFile(str(path), date(2026, 10, 1), path.stat().st_size, "lines")
    return Task(0, RawFileSet("source", True, (file,), (INTERACTIONS,)))


def speed(row: dict[str, Any]) -> float:
    """MB of the file, unpacked, a second of processor time."""
    return float(row["bytes"] / 1e6 / max(row["seconds"], 0.001))


def line(row: dict[str, Any]) -> str:
    """One row as a line of a Markdown table."""
    if "error" in row:
        return f"| {row['name']} | {row['bytes'] / 1e6:,.0f} | {row['error']} | | | |"
    rejects = ", ".join(f"{count:,} {reason}" for reason, count in row["rejects"].items())
    return (
        f"| {row['name']} | {row['bytes'] / 1e6:,.0f} | {speed(row):,.1f} | {row['events']:,} | {rejects} "
        f"| {row['peak_bytes'] / MB:,.0f} |"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        hostile(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else 16, " ".join(sys.argv[2:]))
