"""The program that ``benchmarks/history.py`` measures: one more day on top of a history, in one session.

    python -m benchmarks.one_day WARM_UP_DAY NEW_DAY TIMES

The jobs `convert` and `export` run as Dagster runs them, with the config of ``PERSONALIZE_CONFIG`` and its overrides.
Converting an existing day first starts the session and warms it up. The last line printed is JSON: the seconds of each
conversion of the new day, and of one export.
"""

from __future__ import annotations

import json
import sys
import time

import dagster as dg

from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def main(warm_up_day: str, new_day: str, times: int) -> None:
    definitions = build_definitions(load_config())
    instance = dg.DagsterInstance.ephemeral()

    def seconds(job: str, day: str | None = None) -> float:
        started = time.monotonic()
        definitions.resolve_job_def(job).execute_in_process(run_config=_QUIET, instance=instance, partition_key=day)
        return round(time.monotonic() - started, 3)

    seconds("convert", warm_up_day)
    converts = [seconds("convert", new_day) for _ in range(times)]
    print(json.dumps({"convert": converts, "export": seconds("export")}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
