"""How long converting CSV and Parquet takes, as a multiple of DuckDB reading the same files into the same columns.

    .venv/bin/python -m benchmarks.table_formats [events] [rounds]

Both read the files that ``write`` makes and write Parquet (zstd) with the user, item, event type, value and epoch
seconds of the wanted events, in processes or threads on as many cores. They run in turn, each in a process of its own
that does its work twice, of which the second time counts: without imports, and with processes that have started. The
least of each counts: seconds, and processor time, on which other work on the machine has less influence.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.measuring import measure
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.reading.formats.rows import ROW_GROUPS, ROWS
from personalize_assets.conversion.spec import ConvertReport, ConvertSpec, Plan, RawFile, RawFileSet

MOST = 1.3
"""How many times DuckDB's seconds a format may take."""
CORES = os.cpu_count() or 1
FILES = 8
DAY, DAY_SECONDS = date(2026, 10, 1), 86_400
_MIDNIGHT = 1_790_812_800  # of ``DAY``
_EVENT_NAMES = ("View", "View", "View", "AddToCart", "Purchase", "Search", "Login")
_PAGES = ("Home", "All products", "Shoes, boots", 'The "new" ones', "Basket")
_WANTED = ("View", "AddToCart", "Purchase")
INTERACTIONS = Dataset(
    "interactions",
    (
        Column("USER_ID", ("user_id",), required=True),
        Column("ITEM_ID", ("item_id",), required=True),
        Column("EVENT_TYPE", ("event",), required=True),
        Column("EVENT_VALUE", ("price",), type="float"),
        Column("TIMESTAMP", ("occurred_at",), type="timestamp", required=True),
    ),
    {"event": _WANTED},
)
FORMATS = ("csv", "parquet")
"""Also the extension of their files."""

_SELECT = f"""
SELECT user_id AS USER_ID, item_id AS ITEM_ID, event AS EVENT_TYPE, price AS EVENT_VALUE,
       epoch_us(occurred_at) // 1000000 AS TIMESTAMP
FROM {{files}} WHERE event IN {_WANTED}
"""
_CSV_TYPES = {
    "event_id": "VARCHAR", "event": "VARCHAR", "user_id": "VARCHAR", "item_id": "VARCHAR", "price": "DOUBLE",
    "occurred_at": "TIMESTAMP", "page": "VARCHAR", "device": "VARCHAR",
}  # fmt: skip


class Times(NamedTuple):
    """Seconds, and those of the processor, also of processes that this one has started."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def until_now(cls) -> Times:
        """The time by the clock, and that of the processor so far."""
        here = psutil.Process()
        used = (process.cpu_times() for process in (here, *here.children(recursive=True)))
        return cls(time.perf_counter(), sum(times.user + times.system for times in used))

    def since(self) -> Times:
        """How much more it is by now."""
        return Times(*(now - before for now, before in zip(Times.until_now(), self, strict=True)))


def tables(events: int, files: int) -> Iterator[pa.Table]:
    """Events, in tables of about the same size."""
    for number in range(files):
        first, last = events * number // files, events * (number + 1) // files
        yield _table(first, last - first)


def _table(first: int, size: int) -> pa.Table:
    random = np.random.default_rng(first)
    numbers = np.arange(first, first + size)
    items = random.zipf(1.3, size) % 50_000
    micros = (_MIDNIGHT * 10**6 + np.sort(random.integers(0, DAY_SECONDS * 10**6, size))) // 1000 * 1000
    return pa.table(
        {
            "event_id": _joined("0f8fad5b-d9cb-469f-a165-", pa.array(numbers + 10**11)),
            "event": pa.array(_EVENT_NAMES).take(pa.array(random.integers(0, len(_EVENT_NAMES), size))),
            "user_id": _joined("user-", pa.array(random.integers(0, 200_000, size))),
            "item_id": _joined("SKU", pa.array(items)),
            "price": pa.array(items % 9_000 / 100 + 0.99),
            "occurred_at": pa.array(micros, pa.timestamp("us")),
            "page": pa.array(_PAGES).take(pa.array(items % len(_PAGES))),
            "device": pa.array(("mobile", "desktop", "tablet")).take(pa.array(random.integers(0, 3, size))),
        }
    )


def _joined(prefix: str, numbers: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, numbers.cast(pa.string()), "")


def write(folder: Path, format: str, events: int, files: int = FILES) -> None:
    """Write events as files of a format."""
    folder.mkdir(parents=True)
    for number, table in enumerate(tables(events, files)):
        path = folder / f"{number}.{format}"
        if format == "csv":
            # With quotes where they are needed, as most programs write it; Arrow puts them around each text.
            duckdb.from_arrow(table).write_csv(str(path))
        else:
            pq.write_table(table, path, row_group_size=122_880)


def convert(folder: Path, out: Path) -> Times:
    """Convert the files of a folder on the engine ``arrow``."""
    from personalize_assets.engines import make_engine
    from personalize_assets_tests.helpers.groups import NO_CONTEXT

    files = tuple(
        RawFile(str(path), DAY, path.stat().st_size, ROW_GROUPS if path.suffix == ".parquet" else ROWS)
        for path in sorted(folder.iterdir())
    )
    plan = Plan("run", ("interactions",), {name: f"{out}/{name}" for name in ("interactions", "rejects")}, 0, {})
    spec = ConvertSpec((RawFileSet("source", True, files, (INTERACTIONS,)),), plan)
    engine = make_engine("arrow")
    with engine.several_jobs():
        engine.run(NO_CONTEXT, spec)
        shutil.rmtree(out)
        started = Times.until_now()
        report = engine.run(NO_CONTEXT, spec)
        times = started.since()
    assert isinstance(report, ConvertReport)
    return times


def read_by_duckdb(folder: Path, out: Path) -> Times:
    """Have DuckDB write what ``convert`` writes."""
    out.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {CORES}")
        query = f"COPY ({_SELECT.format(files=_files(folder))}) TO '{out}/rows.parquet' (COMPRESSION zstd)"
        connection.execute(query)
        started = Times.until_now()
        connection.execute(query)
        return started.since()


def _files(folder: Path) -> str:
    if next(folder.iterdir()).suffix == ".parquet":
        return f"read_parquet('{folder}/*.parquet')"
    return f"read_csv('{folder}/*.csv', header = true, auto_detect = false, columns = {_CSV_TYPES})"


CONTESTANTS: dict[str, Callable[[Path, Path], Times]] = {"arrow": convert, "duckdb": read_by_duckdb}


def same_rows(ours: Path, theirs: Path) -> bool:
    """Whether both have written the same rows, in any order."""
    columns = ", ".join(column.name for column in INTERACTIONS.columns)
    with duckdb.connect() as connection:
        found = [
            connection.execute(f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM '{files}'").fetchall()
            for files in (f"{ours}/interactions/*/*.parquet", f"{theirs}/rows.parquet")
        ]
    return found[0] == found[1]


def measured(events: int, rounds: int, folder: Path) -> dict[str, dict[str, Times]]:
    """By format and contestant: the least times."""
    found: dict[str, dict[str, Times]] = {}
    for format in FORMATS:
        write(folder / format, format, events)
        of_format = found.setdefault(format, {})
        for number in range(rounds):
            for name in CONTESTANTS:
                out = folder / f"{format}-{name}-{number}"
                command = [sys.executable, "-m", "benchmarks.table_formats", name, str(folder / format), str(out)]
                times = Times(*map(float, measure(command).output.split()))
                of_format[name] = Times(*map(min, times, of_format.get(name, times)))
            outs = (folder / f"{format}-{name}-{number}" for name in CONTESTANTS)
            assert same_rows(*outs), format
    return found


def main(events: int = 3_000_000, rounds: int = 3) -> None:
    """Print a table: the seconds of each and their ratio, and the same of the processor."""
    with tempfile.TemporaryDirectory() as scratch:
        for format, times in measured(events, rounds, Path(scratch)).items():
            ours, theirs = times["arrow"], times["duckdb"]
            figures = " | ".join(f"{a:.2f} | {b:.2f} | {a / b:.2f}" for a, b in zip(ours, theirs, strict=True))
            print(
                f"| {format} | {figures} |{'' if ours.seconds <= MOST * theirs.seconds else f' over {MOST}'}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in CONTESTANTS:
        print(*CONTESTANTS[sys.argv[1]](*map(Path, sys.argv[2:])))
    else:
        main(*map(int, sys.argv[1:]))
