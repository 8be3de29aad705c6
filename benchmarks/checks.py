"""Cost of the checks: the jobs with and without the profiles that checks need, and reading the CSVs back.

    python benchmarks/checks.py FOLDER [--users 20000] [--days 4] [--rounds 3]

Writes events and exports below FOLDER, which must be empty or absent. Both kinds of runs alternate, so that other load
on the machine affects both. Reports CPU time of the best round.
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
from personalize_assets.conversion.export import export_profile
from personalize_assets.conversion.spec import ConvertReport, ExportProfile, ExportReport
from personalize_assets.engines import make_engine
from personalize_assets.generate import generate
from personalize_assets.judging.check_facts import judge_exports, judge_file
from personalize_assets.orchestration.charts import export_charts
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import commit_export, plan_export
from personalize_assets.storage.manifests import ExportManifest

START = date(2026, 10, 1)
CSVS = ("interactions_csv", "users", "users_csv", "items", "items_csv")


@contextmanager
def uncounted() -> Iterator[None]:
    """Turn profiles off in the jobs."""

    def nothing(*_: Any) -> None:
        return None

    with (
        patch.object(export_profile.PartCounter, "add", nothing),
        patch.object(day_profile.DayProfileBuilder, "add", nothing),
    ):
        yield


def seconds(work: Callable[[], Any]) -> float:
    """CPU time of all threads of this process, independent of other load."""
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
    group = DatasetGroup(_config(env))
    engine = make_engine("arrow")
    context: Any = None
    days = [START + timedelta(days=n) for n in range(options.days)]
    catalog_days(group, days)

    def convert() -> None:
        spec = plan_convert(group, days, tuple(group.datasets))
        # In this process, one task after another: the patches do not apply in the engine's processes.
        from personalize_assets.conversion import job
        from personalize_assets.conversion.spread import in_turn

        report = job.run(spec, in_turn, 1)
        assert isinstance(report, ConvertReport)
        commit_convert(group, days, spec, report)

    made: dict[str, ExportManifest] = {}

    def export(judged: bool) -> None:
        planned = plan_export(group, CSVS)
        report = engine.run(context, planned.spec)
        assert isinstance(report, ExportReport)
        if judged:
            judge_exports(group, planned, report)
        made.update(commit_export(group, planned, report).manifests)

    best: dict[str, float] = {}
    for _ in range(options.rounds):
        with uncounted():
            _note(best, "convert without", seconds(convert))
        _note(best, "convert with", seconds(convert))
        with uncounted():
            _note(best, "export without", seconds(lambda: export(False)))
        _note(best, "export with", seconds(lambda: export(True)))
        _note(best, "reading the CSVs", seconds(lambda: [judge_file(group, name) for name in group.datasets]))
        _note(best, "charts", seconds(lambda: export_charts(profile_of(made["interactions"]))))
    print(f"{made['interactions'].rows:,} interactions, {made['users'].rows:,} users")
    for name, took in best.items():
        print(f"{name:<20} {took:7.3f} s")
    without = best["convert without"] + best["export without"]
    added = best["convert with"] + best["export with"] + best["reading the CSVs"] + best["charts"] - without
    print(f"added                {added / without:7.1%}")


def profile_of(manifest: ExportManifest) -> ExportProfile:
    assert manifest.profile is not None
    return manifest.profile


def _config(env: dict[str, str]) -> Config:
    return load_config(Path(__file__).parent.parent / "sample_data" / "segment.yaml", env=env)


def _note(best: dict[str, float], name: str, took: float) -> None:
    best[name] = min(took, best.get(name, took))


if __name__ == "__main__":
    main()
