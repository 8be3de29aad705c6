"""What the checks cost: the jobs with and without the numbers they need, and reading the CSVs back.

    python benchmarks/checks.py FOLDER [--users 20000] [--days 4] [--rounds 3]

Writes events and exports below FOLDER, which must be empty or absent. Runs take turns, so that a busy machine is busy
for both; processor time, the best round counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from personalize_assets.config import Config, load_config
from personalize_assets.conversion.convert import day_profile
from personalize_assets.conversion.export import export_profile as profile
from personalize_assets.conversion.export.id_sketch import Sketch
from personalize_assets.engines import make_engine
from personalize_assets.generate import generate
from personalize_assets.orchestration.charts import export_charts
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.quality.evaluate import judge_exports, judge_file

START = date(2026, 10, 1)
CSVS = ("interactions_csv", "users", "users_csv", "items", "items_csv")


@contextmanager
def uncounted() -> Iterator[None]:
    """The jobs as they would be without profiles."""

    def nothing(*_: Any) -> None:
        return None

    with (
        patch.object(profile.PartProfile, "add", nothing),
        patch.object(day_profile.DayProfileBuilder, "add", nothing),
        patch.object(Sketch, "merge", nothing),
    ):
        yield


def seconds(work: Callable[[], Any]) -> float:
    """Of the processor, in all threads: Sail runs in this process too, and a busy machine does not matter."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    raw = options.folder / "raw"
    generate(raw, layout="segment", days=options.days, users=options.users, seed=1, start=START)
    env = {
        "PERSONALIZE__SOURCE__URI": str(raw),
        "PERSONALIZE__DESTINATION__URI": str(options.folder / "out"),
    }
    pipeline = Pipeline(_config(env))
    engine = make_engine("sail")
    context: Any = None
    days = [START + timedelta(days=n) for n in range(options.days)]
    pipeline.catalog(days)

    def convert() -> None:
        spec = pipeline.convert_spec(days, tuple(pipeline.datasets))
        # In this process, one task after another: patches do not reach the engine's processes.
        from personalize_assets.conversion import job
        from personalize_assets.conversion.convert import task as tasks

        report = job.run(None, spec, spread=lambda todo, plan: [tasks.run_task(task, plan) for task in todo])
        pipeline.commit_convert(days, spec, report)

    made: dict[str, Any] = {}

    def export(judged: bool) -> None:
        spec, inputs = pipeline.export_spec(CSVS)
        report = engine.run(context, spec)
        if judged:
            judge_exports(pipeline, spec, inputs, report)
        made.update(pipeline.commit_export(spec, inputs, report))

    best: dict[str, float] = {}
    for _ in range(options.rounds):
        with uncounted():
            _note(best, "convert without", seconds(convert))
        _note(best, "convert with", seconds(convert))
        with uncounted():
            _note(best, "export without", seconds(lambda: export(False)))
        _note(best, "export with", seconds(lambda: export(True)))
        _note(best, "reading the CSVs", seconds(lambda: [judge_file(pipeline, name) for name in pipeline.datasets]))
        _note(best, "charts", seconds(lambda: export_charts(made["interactions_csv"]["profile"])))
    print(f"{made['interactions_csv']['rows']:,} interactions, {made['users_csv']['rows']:,} users")
    for name, took in best.items():
        print(f"{name:<20} {took:7.3f} s")
    without = best["convert without"] + best["export without"]
    added = best["convert with"] + best["export with"] + best["reading the CSVs"] + best["charts"] - without
    print(f"added                {added / without:7.1%}")


def _config(env: dict[str, str]) -> Config:
    return load_config(Path(__file__).parent.parent / "sample_data" / "segment.yaml", env=env)


def _note(best: dict[str, float], name: str, took: float) -> None:
    best[name] = min(took, best.get(name, took))


if __name__ == "__main__":
    main()
