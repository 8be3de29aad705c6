"""Memory for reading one huge file of glued objects on the engine `local`, above the session's own.

    .venv/bin/python benchmarks/read_memory.py [megabytes]

Prints the peak resident memory of this process and its descendants (Java, Spark's Python workers), before and during
the conversion of a file without a single line break, as Firehose writes it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import dagster as dg

from personalize_assets.config import load_config
from personalize_assets.engines.local import LocalEngine
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup

CONFIG = """
source: {uri: raw, layout: firehose, start_date: 2026-10-01}
destination: {uri: out}
dataset_group: {name: memory}
datasets:
  interactions:
    where: {event: [Order Completed]}
    dedupe_by: id
    columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}
"""


def write_glued(path: Path, megabytes: int) -> int:
    """Objects of about 600 bytes, half of them wanted, none followed by a line break."""
    padding = "x" * 480
    events = 0
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        while file.tell() < megabytes * 1024 * 1024:
            for _ in range(10_000):
                event = {
                    "event": "Order Completed" if events % 2 else "Page Viewed",
                    "id": events,
                    "user": f"u{events % 5000}",
                    "item": f"i{events % 900}",
                    "time": 1790812800 + events % 80_000,
                    "padding": padding,
                }
                file.write(json.dumps(event))
                events += 1
    return events


def resident_bytes(pid: str = "self") -> int:
    """The resident memory of a process and its descendants."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        below = [child for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return own + sum(map(resident_bytes, below))


class Peak(threading.Thread):
    """Samples the memory until stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(0.1):
            self.bytes = max(self.bytes, resident_bytes())

    def stop(self) -> int:
        self._done.set()
        self.join()
        return self.bytes


def convert(engine: LocalEngine, folder: Path, megabytes: int) -> tuple[int, int, float]:
    """Events, peak bytes and seconds of converting a file of this size."""
    folder.mkdir()
    (folder / "personalize.yaml").write_text(CONFIG)
    events = write_glued(folder / "raw/2026/10/01/00/glued", megabytes)
    group = DatasetGroup(load_config(folder / "personalize.yaml", os.environ))
    days = list(group.bytes_by_day())
    catalog_days(group, days)
    spec = plan_convert(group, days, ["interactions"])
    peak = Peak()
    peak.start()
    started = time.monotonic()
    report = engine.convert(dg.build_asset_context(), spec)
    seconds = time.monotonic() - started
    read = report.days["2026-10-01"].sources["source"].read
    assert read == events, f"{read} events read of {events}"
    return events, peak.stop(), seconds


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        engine = LocalEngine.on_all_cores()
        # A small file first, to leave the start of the session and its workers out of the result.
        _, own, _ = convert(engine, Path(scratch) / "small", 1)
        events, peak, seconds = convert(engine, Path(scratch) / "large", megabytes)
    mib = 1024 * 1024
    print(f"session's own peak: {own / mib:,.0f} MiB")
    print(f"reading {megabytes:,} MiB ({events:,} events, one file): peak {peak / mib:,.0f} MiB in {seconds:.1f} s")
    print(f"above the session's own: {(peak - own) / mib:,.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
