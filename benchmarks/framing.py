"""How long one convert task takes for the same events in each common framing, as a multiple of plain lines.

    .venv/bin/python -m benchmarks.framing [events] [rounds]

All framings are measured in turn, several rounds in one process, by processor time; the least of each counts, so that
other work on the machine matters little.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks.hostile import INTERACTIONS
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.spec import Plan, RawFile, RawFileSet, Task
from personalize_assets_tests.helpers.hostile import event

MOST = 1.3
"""How many times as long as lines a framing may take; per byte, where a framing adds white space to events."""
BASE = "lines"

_Events = list[bytes]


def _joined(between: bytes, begin: bytes = b"", end: bytes = b"") -> Callable[[_Events], bytes]:
    return lambda events: begin + between.join(events) + end


FRAMINGS: dict[str, Callable[[_Events], bytes]] = {
    BASE: _joined(b"\n"),
    "lines that end with CR LF": _joined(b"\r\n"),
    "lines that end with a comma": _joined(b",\n"),
    "lines with blank lines between": _joined(b"\n\n"),
    "glued": _joined(b""),
    "}, {": _joined(b", "),
    "},{": _joined(b","),
    "} {": _joined(b" "),
    "a line end that was escaped": _joined(b"\\n"),
    "json.dumps(list)": _joined(b", ", b"[", b"]"),
    "an array with a line an event": _joined(b",\n", b"[\n", b"\n]\n"),
    "wrapped over lines": lambda events: b"\n".join(json.dumps(json.loads(one), indent=2).encode() for one in events),
}
"""By what they are: makes a file of events."""


def ratios(count: int, rounds: int, folder: Path) -> dict[str, float]:
    """Seconds of each framing, per byte, as a multiple of those of plain lines."""
    events = [event(number)[:-1] for number in range(count)]
    files = {}
    for number, (name, framed) in enumerate(FRAMINGS.items()):
        files[name] = folder / str(number)
        files[name].write_bytes(framed(events))
    least: dict[str, float] = {}
    for number in range(rounds):
        for name, path in files.items():
            seconds = _seconds(path, count, folder / "out" / f"{number}-{path.name}")
            least[name] = min(seconds, least.get(name, seconds))
    per_byte = {name: least[name] / path.stat().st_size for name, path in files.items()}
    return {name: found / per_byte[BASE] for name, found in per_byte.items()}


def _seconds(path: Path, count: int, out: Path) -> float:
    plan = Plan("run", ("interactions",), {name: f"{out}/{name}" for name in ("interactions", "rejects")}, 0, {})
    file = RawFile(str(path), date(2026, 10, 1), path.stat().st_size, "stream")
    task = Task(0, RawFileSet("source", True, (file,), (INTERACTIONS,)))
    started = time.process_time()
    report = run_task(task, plan)
    seconds = time.process_time() - started
    counts = report.days["2026-10-01"].source
    assert (counts.read, counts.wanted) == (count, count)
    return seconds


def main(count: int = 20_000, rounds: int = 5) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, ratio in ratios(count, rounds, Path(scratch)).items():
            print(f"| {name} | {ratio:.2f} |{'' if ratio <= MOST else f' over {MOST}'}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
