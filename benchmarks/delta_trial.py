"""What daily tables would cost as Delta tables, beside commits of our own: the trial behind design.md section 5.

``deltalake`` is no dependency of the package. The trial runs in an environment of its own, from the repository's root:

    python -m venv build/deltaenv
    build/deltaenv/bin/pip install deltalake pyarrow duckdb polars "moto[server]" boto3 pytest
    build/deltaenv/bin/python -m benchmarks.delta_trial            # one part: --part races; --help lists them

Each figure is the median of several runs: milliseconds of wall-clock time, of CPU time in all threads of this process,
and requests. S3 is moto behind the tests' latency server, in its own process and without a wait. Its answers take
milliseconds themselves, so that requests count more than seconds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction, convert_to_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from benchmarks.delta_own import COUNTS_BYTES, RACES, own
from benchmarks.delta_places import SCHEMA, Cost, Place, cost, median, places

_FILES_A_DAY = 2
_FIRST = date(2023, 1, 1)
_REJECTS, _REJECT_BYTES = 250_000, 650


def day(index: int) -> str:
    """The ISO day of that index."""
    return (_FIRST + timedelta(index)).isoformat()


def added(of: str, run: str, files: int = _FILES_A_DAY) -> list[AddAction]:
    """The files of a day, which deltalake does not look for, with statistics of every column."""
    names = [field.name for field in SCHEMA if field.name != "day"]
    bounds: dict[str, float | str] = {
        name: 1_700_000_000 if name == "TIMESTAMP" else "0f2e-6a1b" for name in names if name[0] != "_"
    }
    bounds["EVENT_VALUE"] = 12.5
    stats = {"numRecords": 30_000, "minValues": bounds, "maxValues": bounds, "nullCount": dict.fromkeys(names, 0)}
    return [
        AddAction(f"day={of}/{run}-{part}.parquet", 800_000, {"day": of}, _now(), True, json.dumps(stats))
        for part in range(files)
    ]


def overwrite(table: DeltaTable, of: str, run: str, metadata: dict[str, Any] | None = None) -> None:
    """Replace a day as design.md proposes: deltalake finds the files to remove."""
    properties = CommitProperties(custom_metadata=metadata)
    table.create_write_transaction(
        added(of, run), "overwrite", SCHEMA, ["day"], [("day", "=", of)], commit_properties=properties
    )


def replace(table: DeltaTable, of: str, run: str, number: int) -> None:
    """Replace a day that is the id of an application's transaction, so that the same new day is refused, too."""
    files = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    old = [
        RemoveAction(file["path"], True, _now(), file["size_bytes"], {"day": of})
        for file in files
        if file["partition.day"] == of
    ]
    properties = CommitProperties(app_transactions=[Transaction(of, number, _now())])
    table.create_write_transaction([*old, *added(of, run)], "append", SCHEMA, ["day"], commit_properties=properties)


def _now() -> int:
    return int(time.time() * 1000)


# -- parts --------------------------------------------------------------------------------------------------------


def importing(_: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Time and memory of the import."""
    # The second field of statm is the resident memory in pages of 4 KiB.
    program = (
        "import time{before}; pages = lambda: int(open('/proc/self/statm').read().split()[1]); m = pages();"
        "a = time.perf_counter(); c = time.process_time(); import deltalake;"
        "print(time.perf_counter() - a, time.process_time() - c, (pages() - m) / 256)"
    )
    yield "import of deltalake", "wall", "CPU", "resident memory"
    for about, before in (("alone", ""), ("after pyarrow", ", pyarrow.parquet")):
        runs = [
            subprocess.run([sys.executable, "-c", program.format(before=before)], capture_output=True, check=True)
            for _ in range(7)
        ]
        wall, cpu, memory = (
            statistics.median(x) for x in zip(*(map(float, r.stdout.split()) for r in runs), strict=True)
        )
        yield about, f"{wall * 1000:.0f} ms", f"{cpu * 1000:.0f} ms", f"+{memory:.0f} MB"


def commits(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Commits that replace one day of tables of several sizes."""
    yield "one day replaced", "load", "overwrite", "remove, add and transaction id", "update", "checkpoint"
    for place in places:
        for days in (1, 100, 1_000):
            yield f"{place.name}, {days:,} days", *map(str, _commits_of(place, days))


def _commits_of(place: Place, days: int) -> Iterator[Cost]:
    """The costs of a table of so many days, in the order of the columns."""
    name = f"size{days}"
    table = place.create(name, 10**9)
    every = [file for index in range(days) for file in added(day(index), "first")]
    table.create_write_transaction(every, "append", SCHEMA, ["day"])
    table.create_checkpoint()
    yield cost(place, lambda: place.table(name))
    table.update_incremental()
    updates = []
    for way in ("o", "r"):
        costs = []
        for number in range(9):
            run = f"{way}{number}"
            work = (
                partial(overwrite, table, day(0), run) if way == "o" else partial(replace, table, day(0), run, number)
            )
            costs.append(cost(place, work, 1))
            updates.append(cost(place, table.update_incremental, 1))
        yield median(costs)
    yield median(updates)
    checkpoints = []
    for number in range(5):
        overwrite(table, day(0), f"c{number}")  # a version that has a checkpoint gets no other
        table.update_incremental()
        checkpoints.append(cost(place, table.create_checkpoint, 1))
    yield median(checkpoints)


def history(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """A table that grew by a commit for each day."""
    yield "a commit for each day", "commits 1 to 20", "the last 20", "log", "load", "history()", "after cleanup"
    for place in places:
        for about, days, interval, size in (
            ("checkpoint each 20", 1_000, 20, 0),
            (f"the same with {COUNTS_BYTES // 1000} KB of counts each", 1_000, 20, COUNTS_BYTES),
            ("no checkpoint", 200, 10**9, 0),
        ):
            name = f"log{interval}-{size}"
            table, used, extra = place.create(name, interval), [], {"counts": "x" * size} if size else None
            for index in range(days):
                began = time.process_time()
                overwrite(table, day(index), "run", extra)
                table.update_incremental()
                used.append((time.process_time() - began) * 1000)
            objects, stored = place.size(f"{name}/_delta_log")
            load = cost(place, partial(place.table, name), 3)
            read = cost(place, table.history, 1)
            table.cleanup_metadata()
            left, left_bytes = place.size(f"{name}/_delta_log")
            kept = len(place.table(name).history())
            yield (
                f"{place.name}, {days:,} days, {about}",
                f"CPU {statistics.median(used[:20]):.1f} ms",
                f"CPU {statistics.median(used[-20:]):.1f} ms",
                f"{objects:,} objects, {stored / 1e6:.1f} MB",
                str(load),
                str(read),
                f"{left:,} objects, {left_bytes / 1e6:.1f} MB, {kept:,} of {days + 1:,} commits' metadata",
            )


def _racer(place: Place, name: str, race: str, who: int, gate: Any, results: Any) -> None:
    """Replace a day in a process of its own, once per race, from the version that both racers begin at."""
    of_two = {"same day": (0, 0), "different days": (0, 1)}
    for index in range(RACES):
        gate.wait()
        table = place.table(name)
        target = day(of_two[race.rsplit(", ", 1)[0]][who]) if "new" not in race else day(100 + index)
        gate.wait()
        try:
            if race.endswith("overwrite"):
                overwrite(table, target, f"{index}-{who}")
            else:
                replace(table, target, f"{index}-{who}", index)
            results.put((index, who, "won"))
        except CommitFailedError as error:
            results.put((index, who, str(error).removeprefix("Failed to commit transaction: ").splitlines()[0][:60]))


def races(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Two processes that begin at the same version."""
    yield (
        f"{RACES} races of two processes",
        "both committed",
        "one committed",
        "texts of the refusals",
        "days with rows of both",
    )
    for place in places:
        for race in ("same day", "different days", "same new day"):
            for way in ("overwrite", "transaction id"):
                name = f"race-{race}-{way}".replace(" ", "-")
                table = place.create(name, 10**9)
                for index in range(2):
                    overwrite(table, day(index), "first")
                    table.update_incremental()
                context = multiprocessing.get_context("spawn")
                gate, results = context.Barrier(2), context.SimpleQueue()
                racers = [
                    context.Process(target=_racer, args=(place, name, f"{race}, {way}", who, gate, results))
                    for who in (0, 1)
                ]
                for racer in racers:
                    racer.start()
                answers = [results.get() for _ in range(2 * RACES)]
                for racer in racers:
                    racer.join()
                won = Counter(Counter(index for index, _, text in answers if text == "won").values())
                texts = Counter(text for _, _, text in answers if text != "won")
                files = pa.table(place.table(name).get_add_actions(flatten=True)).to_pylist()
                doubled = sum(1 for n in Counter(f["partition.day"] for f in files).values() if n > _FILES_A_DAY)
                text = "; ".join(f"{number} x {what}" for what, number in texts.items())
                yield f"{place.name}, {race}, {way}", str(won[2]), str(won[1]), text, str(doubled)


def vacuums(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Removal of files that 200 replaced days left."""
    yield "vacuum of 400 files", "dry run, 24 hours", "real, 0 hours", "removed of uncommitted new files"
    for place in places:
        table = place.create("vacuum", 100)
        for run in ("first", "second"):
            files = [file for index in range(200) for file in added(day(index), run)]
            for file in files:
                place.put(f"vacuum/{file.path}", b"x")
            table.create_write_transaction(files, "overwrite", SCHEMA, ["day"])
            table.update_incremental()
        place.put(f"vacuum/day={day(0)}/running-0.parquet", b"x")
        options: dict[str, Any] = {"enforce_retention_duration": False, "full": True}
        dry = cost(place, partial(table.vacuum, 24, dry_run=True, **options), 3)
        gone: list[str] = []
        real = cost(place, partial(_vacuum, table, gone, options), 1)
        yield (
            place.name,
            str(dry),
            str(real),
            f"{sum('running' in key for key in gone)} of 1 ({len(gone)} files in all)",
        )


def _vacuum(table: DeltaTable, gone: list[str], options: dict[str, Any]) -> None:
    gone.extend(table.vacuum(0, dry_run=False, **options))


def transaction_ids(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Days as transaction ids: how a day without rows is recorded, and read back."""
    yield "1,000 days as transaction ids", "load", "transaction_version of one day", "of 1,000 days", "an empty day"
    for place in places:
        table = place.create("ids", 10**9)
        ids = [Transaction(day(index), index, _now()) for index in range(1_000)]
        table.create_write_transaction(
            [], "append", SCHEMA, ["day"], commit_properties=CommitProperties(app_transactions=ids)
        )
        table.update_incremental()
        table.create_checkpoint()
        load = cost(place, partial(place.table, "ids"))
        table = place.table("ids")
        one = cost(place, partial(table.transaction_version, day(500)))
        every = cost(place, partial(_all_versions, table), 1)
        yield place.name, str(load), str(one), str(every), f"version {table.transaction_version(day(7))}"


def _all_versions(table: DeltaTable) -> list[int | None]:
    return [table.transaction_version(day(index)) for index in range(1_000)]


def readers(places: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Readers of a real table on a folder."""
    yield "reader", "result"
    root = f"{places[0].uri}/read"
    frame = pa.table({field.name: pa.array([None] * 3, field.type) for field in SCHEMA if field.name != "day"})
    for index in range(3):
        Path(f"{root}/day={day(index)}").mkdir(parents=True)
        pq.write_table(frame, f"{root}/day={day(index)}/run-0.parquet")
    by_day = Schema([Field("day", "string")])
    convert_to_deltalake(root, partition_by=by_day, partition_strategy="hive")
    table = DeltaTable(root)
    ways: dict[str, Callable[[], object]] = {
        "convert_to_deltalake, then deltalake": lambda: table.to_pyarrow_dataset().count_rows(),
        "polars scan_delta": lambda: polars.scan_delta(root).collect().height,
        "duckdb delta_scan": lambda: duckdb.connect().execute(f"from delta_scan('{root}')").fetchall(),
        "duckdb read_parquet(file_uris())": lambda: duckdb.from_parquet(table.file_uris()).shape[0],
        "deltalake, a file is missing": lambda: _without_a_file(table),
    }
    for way, read in ways.items():
        try:
            yield way, f"{read()} rows"
        except Exception as error:
            yield way, f"{type(error).__name__}: {str(error).splitlines()[0][:110]}"


def _without_a_file(table: DeltaTable) -> int:
    Path(table.file_uris()[0]).unlink()
    return int(table.to_pyarrow_table().num_rows)


def rejects(_: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Rejects as lines of JSON and as Parquet."""
    yield f"{_REJECTS:,} rejects of {_REJECT_BYTES} bytes", "time to write", "bytes", "first 20 rejects"
    drawn = random.Random(1)
    words = ["".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(5_000)]
    rows = [
        {
            "reason": "bad_value:EVENT_VALUE" if n % 3 else "missing:ITEM_ID",
            "file": f"logs/2026-01-01/part-{n // 5000:05d}.json.gz",
            "event": json.dumps(
                {
                    "messageId": f"{n * 2654435761 % 2**64:016x}",
                    "userId": n * 7919 % 65537,
                    "b": " ".join(drawn.choices(words, k=57)),
                }
            ),
        }
        for n in range(_REJECTS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        lines, parquet = f"{folder}/r.jsonl", f"{folder}/r.parquet"

        def write_lines() -> None:
            with Path(lines).open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)

        def write_parquet() -> None:
            pq.write_table(pa.Table.from_pylist(rows), parquet, compression="zstd", row_group_size=20_000)

        place = Place("", folder)
        written = cost(place, write_lines, 3), cost(place, write_parquet, 3)

        def first_lines() -> None:
            with Path(lines).open("rb") as file:
                [json.loads(line) for line in file.read(64 * 1024).splitlines()[:20]]

        def first_rows() -> None:
            next(pq.ParquetFile(parquet).iter_batches(20)).to_pylist()

        for about, wrote, path, first in (
            ("lines of JSON", written[0], lines, first_lines),
            ("Parquet, zstd", written[1], parquet, first_rows),
        ):
            yield about, str(wrote), f"{Path(path).stat().st_size / 1e6:.1f} MB", str(cost(place, first))


PARTS: Final[dict[str, Callable[[Sequence[Place]], Iterator[tuple[str, ...]]]]] = {
    "import": importing,
    "commits": commits,
    "history": history,
    "races": races,
    "vacuum": vacuums,
    "transaction-ids": transaction_ids,
    "readers": readers,
    "rejects": rejects,
    "own": own,
}


def main() -> None:
    """Print a Markdown table for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given several times")
    parser.add_argument("--unlocked", action="store_true", help="moto as it is: both of two writes may succeed")
    arguments = parser.parse_args()
    for part in arguments.part or PARTS:
        with places(arguments.unlocked) as both:
            for number, row in enumerate(PARTS[part](both)):
                print(f"| {' | '.join(row)} |", flush=True)
                if not number:
                    print(f"|{' --- |' * len(row)}", flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
