"""What a terabyte costs on Glue, from the CPU seconds that the conversion takes here.

    .venv/bin/python benchmarks/glue_cost.py [users]

Counts the CPU time of ``run_task``, which is what a task of the job ``convert`` does, over generated events on
one core. Nothing of it was run on AWS: DPU-seconds are computed from 4 vCPUs a DPU, dollars from the price list.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from personalize_assets.config import load_config
from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.spec import ConvertSpec, Task
from personalize_assets.generate import generate
from personalize_assets.pipeline.pipeline import Pipeline

# USD a DPU-hour, us-east-1, for a Spark job (AWS Glue pricing, read 2026-11-21); a DPU is 4 vCPUs.
PRICES = {"5.1": 0.44, "6.0": 0.308}
VCPUS_A_DPU = 4


def main(users: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        raw, out = Path(scratch, "raw"), Path(scratch, "out")
        made = generate(raw, layout="segment", days=7, users=users, seed=1)
        plain = sum(len(gzip.decompress(file.read_bytes())) for file in raw.rglob("*.gz"))
        env = {"PERSONALIZE__SOURCE__URI": str(raw), "PERSONALIZE__DESTINATION__URI": str(out)}
        pipeline = Pipeline(load_config(env=env))
        days = pipeline.days_with_files()
        pipeline.catalog(days)
        print(f"{made.events:,} events, {made.bytes / 1e6:,.0f} MB packed, {plain / 1e6:,.0f} MB unpacked")
        for what in (list(pipeline.datasets), ["interactions"]):
            spec = msgspec.convert(pipeline.convert_spec(days, what), ConvertSpec)
            task = Task(0, spec.sources[0])
            before = time.process_time()
            run_task(task, spec.plan)
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
