"""Cost of a terabyte on Glue, and what a run of many terabytes would be, computed from CPU seconds on this machine.

    .venv/bin/python -m benchmarks.glue_cost [events]

Measures the CPU time of the jobs `convert` and `export` for generated events (``large_data``), all tasks one after
another on one core. Nothing runs on AWS: a DPU counts as 4 vCPUs, dollars follow the price list. ``Plan`` has the
formulas.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants import CONFIG, settings
from benchmarks.large_data import large_site
from benchmarks.measuring import REPO
from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.conversion.export.interactions import MAX_PIECE_ROWS
from personalize_assets.conversion.export.key_hashes import BUCKETS, MAX_RUN
from personalize_assets.conversion.export.repeat_search import MAX_TASK_HASHES
from personalize_assets.conversion.kept import HashRun
from personalize_assets.conversion.spec import ConvertReport, ExportReport, RawFile, Report
from personalize_assets.conversion.spread import in_turn
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import commit_export, plan_export

# USD a DPU-hour, us-east-1, for a Spark job (AWS Glue pricing, read 2026-11-21); a DPU is 4 vCPUs.
PRICES = {"5.1": 0.44, "6.0": 0.308}
VCPUS_A_DPU = 4
START_SECONDS = 60
"""Start-up of all workers, which is paid."""

_EVENTS = 600_000
_MONTHS = 36
_TASKS_A_CORE = 4
_RAW_FILE_BYTES = 100 * 10**6
_HASH_MEMORY = 50
_PIECE_ROW_MEMORY = 500


class Cost(NamedTuple):
    """What was measured: CPU seconds of both jobs, events, their bytes unpacked and packed, and interactions."""

    convert: float
    export: float
    events: int
    unpacked: int
    packed: int
    rows: int


class Plan(NamedTuple):
    """A first run over ``unpacked`` bytes of raw events of three years. Workers have 4 cores, one is the driver.

    Every figure is the one a formula gives; nothing of that size was run.
    """

    cost: Cost
    unpacked: float
    workers: int

    @property
    def cores(self) -> int:
        return (self.workers - 1) * VCPUS_A_DPU

    @property
    def rows(self) -> float:
        return self.unpacked / self.cost.unpacked * self.cost.rows

    @property
    def raw_files(self) -> float:
        return self.unpacked / self.cost.unpacked * self.cost.packed / _RAW_FILE_BYTES

    @property
    def convert_tasks(self) -> int:
        return self.cores * _TASKS_A_CORE

    @property
    def pieces(self) -> float:
        # Pieces that are cut by a sample are planned with a third of room.
        return max(_MONTHS, self.rows * 4 / 3 / MAX_PIECE_ROWS)

    @property
    def match_tasks(self) -> float:
        """Across months, and within each."""
        return min(BUCKETS, self.rows / MAX_TASK_HASHES) + self.rows / MAX_TASK_HASHES

    @property
    def task_memory(self) -> float:
        """Bytes of the largest task: the rows of a piece, or the hashes that are compared at once."""
        return max(MAX_PIECE_ROWS * _PIECE_ROW_MEMORY, self.rows / BUCKETS * _HASH_MEMORY)

    @property
    def runs(self) -> float:
        """Files of sorted hashes."""
        return max(_MONTHS, self.rows / (MAX_RUN / 2))

    @property
    def driver_bytes(self) -> float:
        """The list of files, and the tasks that compare hashes: each of them names all runs of its months, twice."""
        files = self.raw_files * _packed_bytes(RawFile("s3://" + "x" * 100, date(2026, 10, 1), 1, "lines", "gzip"))
        run = _packed_bytes(HashRun("s3://" + "x" * 100, tuple(range(0, MAX_RUN // 2, MAX_RUN // 2 // BUCKETS)), ()))
        across = min(BUCKETS, self.rows / MAX_TASK_HASHES) * self.runs
        within = self.rows / MAX_TASK_HASHES * self.pieces / _MONTHS
        return 2 * files + 2 * run * (across + within)

    @property
    def hours(self) -> float:
        times = self.unpacked / self.cost.unpacked
        return ((self.cost.convert + self.cost.export) * times / self.cores + 2 * START_SECONDS) / 3600

    def dollars(self, version: str) -> float:
        return self.hours * self.workers * PRICES[version]


def _packed_bytes(value: object) -> int:
    return len(pickle.dumps(value))


def measured(events: int) -> Cost:
    """CPU seconds of both jobs in this process."""
    raw = large_site(REPO / "build/bench", events, 7)
    with tempfile.TemporaryDirectory() as scratch:
        group = DatasetGroup(load_config(CONFIG, env=settings(raw.folder, Path(scratch))))
        days = list(group.bytes_by_day())
        catalog_days(group, days)
        spec = plan_convert(group, days, tuple(group.datasets))
        convert, converted = _cpu_seconds(lambda: job.run(spec, in_turn, 1))
        assert isinstance(converted, ConvertReport)
        commit_convert(group, days, spec, converted)
        tables = [name for name in group.datasets if name != "interactions"]
        planned = plan_export(group, [*tables, *(f"{name}_csv" for name in group.datasets)])
        export, exported = _cpu_seconds(lambda: job.run(planned.spec, in_turn, 1))
        assert isinstance(exported, ExportReport)
        commit_export(group, planned, exported)
    return Cost(convert, export, raw.events, raw.unpacked, raw.packed, exported.datasets["interactions"].copies)


def _cpu_seconds(run: Callable[[], Report]) -> tuple[float, Report]:
    before = time.process_time()
    result = run()
    return time.process_time() - before, result


def main(events: int) -> None:
    cost = measured(events)
    print(f"{cost.events:,} events, {cost.packed / 1e6:,.0f} MB packed, {cost.unpacked / 1e6:,.0f} MB unpacked\n")
    print("| job | CPU-s a GB unpacked | DPU-s a GB | USD a TB on 6.0 | on 5.1 |")
    print("| --- | --- | --- | --- | --- |")
    for name, seconds in (("`convert`", cost.convert), ("`export`", cost.export)):
        cpu = seconds / (cost.unpacked / 1e9)
        a_tb = [f"{1000 * cpu / VCPUS_A_DPU / 3600 * PRICES[version]:.2f}" for version in ("6.0", "5.1")]
        print(f"| {name} | {cpu:.1f} | {cpu / VCPUS_A_DPU:.1f} | {' | '.join(a_tb)} |")
    print()
    print(
        "| unpacked | interactions | workers | tasks of `convert` | pieces | comparing tasks | largest task | "
        "the driver's lists | hours | USD on 6.0 |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for unpacked, workers in ((10e9, 3), (100e9, 3), (1e12, 10), (10e12, 10), (10e12, 50)):
        plan = Plan(cost, unpacked, workers)
        print(
            f"| {unpacked / 1e9:,.0f} GB | {plan.rows / 1e6:,.0f} M | {workers} | {plan.convert_tasks:,} | "
            f"{plan.pieces:,.0f} | {plan.match_tasks:,.0f} | {plan.task_memory / 2**20:,.0f} MiB | "
            f"{plan.driver_bytes / 2**20:,.0f} MiB | {plan.hours:.1f} | {plan.dollars('6.0'):.2f} |"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _EVENTS)
