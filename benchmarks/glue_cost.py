"""Cost of a terabyte on Glue, computed from the conversion's CPU seconds on this machine.

    .venv/bin/python benchmarks/glue_cost.py [users]

Measures the CPU time of ``run_task``, the work of one task of the job ``convert``, for generated events on one core.
Nothing runs on AWS: DPU-seconds assume 4 vCPUs a DPU, dollars follow the price list.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from pathlib import Path

from personalize_assets.config import load_config
from personalize_assets.conversion.convert import task as tasks
from personalize_assets.conversion.spec import Task
from personalize_assets.generate import generate
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup

# USD a DPU-hour, us-east-1, for a Spark job (AWS Glue pricing, read 2026-11-21); a DPU is 4 vCPUs.
PRICES = {"5.1": 0.44, "6.0": 0.308}
VCPUS_A_DPU = 4


def main(users: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        raw, out = Path(scratch, "raw"), Path(scratch, "out")
        made = generate(raw, layout="segment", days=7, users=users, seed=1)
        plain = sum(len(gzip.decompress(file.read_bytes())) for file in raw.rglob("*.gz"))
        env = {"PERSONALIZE__SOURCE__URI": str(raw), "PERSONALIZE__DESTINATION__URI": str(out)}
        group = DatasetGroup(load_config(env=env))
        days = list(group.bytes_by_day())
        catalog_days(group, days)
        print(f"{made.events:,} events, {made.bytes / 1e6:,.0f} MB packed, {plain / 1e6:,.0f} MB unpacked")
        for what in (list(group.datasets), ["interactions"]):
            spec = plan_convert(group, days, what)
            task = Task(0, spec.sources[0])
            before = time.process_time()
            tasks.run_task(task, spec.plan)
            seconds = time.process_time() - before
            for size, of in ((plain, "unpacked"), (made.bytes, "packed")):
                dpu_seconds = seconds / (size / 1e9) / VCPUS_A_DPU
                dollars = ", ".join(
                    f"{1000 * dpu_seconds / 3600 * price:.2f} USD a TB on {version}"
                    for version, price in PRICES.items()
                )
                print(
                    f"{'+'.join(what):<24} {of:<8} {seconds / (size / 1e9):6.1f} CPU-s a GB, "
                    f"{dpu_seconds:5.1f} DPU-s a GB, {dollars}"
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
