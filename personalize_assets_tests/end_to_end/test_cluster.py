"""The jobs on a standalone Spark cluster: the same bytes as everywhere, and nothing is shuffled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from personalize_assets_tests.helpers.samples import EXPORTS, REPO, export_hashes

# In a process of its own, because a test session has one Spark context, which belongs to the engine `local`.
PROGRAM = """
import sys
from benchmarks.standalone import standalone_cluster
from personalize_assets.config import load_config
from personalize_assets.conversion import job
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import commit_export, plan_export

with standalone_cluster(workers=2, memory="512m") as cluster:
    for name in ("segment", "firehose"):
        env = {"PERSONALIZE__DESTINATION__URI": f"{sys.argv[1]}/{name}"}
        group = DatasetGroup(load_config(f"sample_data/{name}.yaml", env=env))
        days = list(group.bytes_by_day())
        catalog_days(group, days)
        spec = plan_convert(group, days, tuple(group.datasets))
        commit_convert(group, days, spec, job.run_on_spark(cluster.spark, spec))
        tables = [table for table in group.datasets if table != "interactions"]
        planned = plan_export(group, [*tables, *(f"{dataset}_csv" for dataset in group.datasets)])
        commit_export(group, planned, job.run_on_spark(cluster.spark, planned.spec))
        stages = cluster.stages()
        print(name, sum(stage.tasks for stage in stages), sum(stage.shuffle_bytes for stage in stages))
"""


def test_a_cluster_makes_the_same_bytes_without_a_shuffle(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PERSONALIZE")}

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=REPO, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    facts = {name: (int(tasks), int(shuffled)) for name, tasks, shuffled in map(str.split, done.stdout.splitlines())}
    assert facts.keys() == EXPORTS.keys()
    for name, (tasks, shuffled) in facts.items():
        assert tasks >= 4
        assert shuffled == 0
        assert export_hashes(tmp_path / name) == EXPORTS[name]
