"""Millions of interactions of one second: no range of time can divide them, and they must still fit into memory.

.venv/bin/python -m benchmarks.hot_second [MILLIONS]
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.contestants import COMMAND, CONFIG, settings
from benchmarks.measuring import measure

_EVENT = (
    b'{"type":"track","event":"Product Clicked","messageId":"message-%d","userId":"%d",'
    b'"timestamp":"2026-10-01T12:00:00Z","properties":{"sku":"SKU-%d","price":19.5}}\n'
)
_FILES = 8
_USERS, _ITEMS = 1_000_000, 100_000
_AT_ONCE = 10_000


def write(source: Path, events: int) -> None:
    """Write gzip files of the layout ``segment``, all of 2026-10-01."""
    folder = source / "segment-logs/shop/1790812800000"
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    for file in range(_FILES):
        with gzip.open(folder / f"{file}.gz", "wb", compresslevel=1) as out:
            for first in range(file, events, _FILES * _AT_ONCE):
                numbers = range(first, min(first + _FILES * _AT_ONCE, events), _FILES)
                users, items = random.integers(_USERS, size=len(numbers)), random.integers(_ITEMS, size=len(numbers))
                out.write(b"".join(_EVENT % one for one in zip(numbers, users.tolist(), items.tolist(), strict=True)))


def main(events: int) -> None:
    with tempfile.TemporaryDirectory(dir="build") as folder:
        source, out = Path(folder, "source"), Path(folder, "out")
        write(source, events)
        out.mkdir()
        measured = measure([COMMAND, "run", "--config", CONFIG], settings(source, out))
        with (out / "exports/latest/interactions.csv").open("rb") as csv:
            rows = sum(block.count(b"\n") for block in iter(lambda: csv.read(2**20), b"")) - 1
        print(
            f"{events:,} events of one second, {rows:,} interactions: {measured.seconds:.1f} s, "
            f"{measured.peak_pss_bytes / 2**20:,.0f} MiB of all processes (RSS {measured.peak_bytes / 2**20:,.0f})"
        )


if __name__ == "__main__":
    main(round(float(sys.argv[1] if len(sys.argv) > 1 else 10) * 1e6))
