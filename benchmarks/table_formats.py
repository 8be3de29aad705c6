"""How long converting CSV and Parquet takes, as a multiple of DuckDB reading the same files into the same columns.

    .venv/bin/python -m benchmarks.table_formats [events] [rounds]

Both read the files that ``write`` makes and write Parquet (zstd) with the user, item, event type, value and epoch
seconds of the wanted events, in processes or threads on as many cores. They run in turn, each in a process of its own
that does its work twice, of which the second time counts: without imports, and with processes that have started. The
least seconds of each count.
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

import duckdb
import numpy as np
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


def convert(folder: Path, out: Path) -> float:
    """Convert the files of a folder on the engine ``arrow``; the seconds that this took."""
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
        started = time.perf_counter()
        report = engine.run(NO_CONTEXT, spec)
        seconds = time.perf_counter() - started
    assert isinstance(report, ConvertReport)
    return seconds


def read_by_duckdb(folder: Path, out: Path) -> float:
    """Have DuckDB write what ``convert`` writes; the seconds that this took."""
    out.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {CORES}")
        query = f"COPY ({_SELECT.format(files=_files(folder))}) TO '{out}/rows.parquet' (COMPRESSION zstd)"
        connection.execute(query)
        started = time.perf_counter()
        connection.execute(query)
        return time.perf_counter() - started


def _files(folder: Path) -> str:
    if next(folder.iterdir()).suffix == ".parquet":
        return f"read_parquet('{folder}/*.parquet')"
    return f"read_csv('{folder}/*.csv', header = true, auto_detect = false, columns = {_CSV_TYPES})"


CONTESTANTS: dict[str, Callable[[Path, Path], float]] = {"arrow": convert, "duckdb": read_by_duckdb}


def same_rows(ours: Path, theirs: Path) -> bool:
    """Whether both have written the same rows, in any order."""
    columns = ", ".join(column.name for column in INTERACTIONS.columns)
    with duckdb.connect() as connection:
        found = [
            connection.execute(f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM '{files}'").fetchall()
            for files in (f"{ours}/interactions/*/*.parquet", f"{theirs}/rows.parquet")
        ]
    return found[0] == found[1]


def ratios(events: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """By format and contestant: the least seconds."""
    found: dict[str, dict[str, float]] = {}
    for format in FORMATS:
        write(folder / format, format, events)
        of_format = found.setdefault(format, {})
        for number in range(rounds):
            for name in CONTESTANTS:
                out = folder / f"{format}-{name}-{number}"
                command = [sys.executable, "-m", "benchmarks.table_formats", name, str(folder / format), str(out)]
                seconds = float(measure(command).output)
                of_format[name] = min(seconds, of_format.get(name, seconds))
            outs = (folder / f"{format}-{name}-{number}" for name in CONTESTANTS)
            assert same_rows(*outs), format
    return found


def main(events: int = 3_000_000, rounds: int = 3) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as scratch:
        for format, seconds in ratios(events, rounds, Path(scratch)).items():
            ratio = seconds["arrow"] / seconds["duckdb"]
            figures = " | ".join(f"{seconds[name]:.2f}" for name in CONTESTANTS)
            print(f"| {format} | {figures} | {ratio:.2f} |{'' if ratio <= MOST else f' over {MOST}'}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in CONTESTANTS:
        print(CONTESTANTS[sys.argv[1]](*map(Path, sys.argv[2:])))
    else:
        main(*map(int, sys.argv[1:]))
