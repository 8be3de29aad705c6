"""Every recipe on Spark and on Glue, with the rows that are committed beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pyspark
import pytest

from personalize_assets.config import load_config
from personalize_assets.conversion.spec import ConvertReport, ExportReport, Report, Spec, decode_report, encode
from personalize_assets.engines.job_files import for_role
from personalize_assets.engines.local import LocalEngine
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import commit_export, plan_export
from personalize_assets_tests.helpers.glue_emulator import GlueEmulator
from personalize_assets_tests.helpers.recipes import NAMES, RECIPES, config_of, expected, group_of, run
from personalize_assets_tests.helpers.stored import latest_csv

# As glue/convert.py, for one spec after another: a session of Spark for each would take minutes.
_SCRIPT = b"""
import sys
from personalize_assets.conversion import job
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
for spec in given["--specs"].split(","):
    job.execute(["--spec", spec, "--report", spec + ".report", "--s3_endpoint", given["--s3_endpoint"]])
"""


@pytest.fixture(scope="module")
def local() -> LocalEngine:
    """One Spark session for all recipes."""
    return LocalEngine.on_all_cores()


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_gives_its_rows_on_spark(name: str, tmp_path: Path, local: LocalEngine) -> None:
    assert run(group_of(name, tmp_path), local) == expected(name)


def on_s3(name: str, folder: Path) -> DatasetGroup:
    """The recipe's dataset group, with its raw files in the bucket."""
    s3 = boto3.client("s3")
    for file in (RECIPES / name).rglob("*"):
        if file.is_file():
            s3.put_object(Bucket="events", Key=f"raw/{file.relative_to(RECIPES)}", Body=file.read_bytes())
    config = config_of(name, folder, "s3://events/raw", f"s3://events/out/{name}")
    return DatasetGroup(load_config(config))


def on_glue(glue: GlueEmulator, specs: Mapping[str, Spec]) -> dict[str, Report]:
    """The reports of specs that one job run does."""
    s3 = boto3.client("s3")
    for name, spec in specs.items():
        s3.put_object(Bucket="events", Key=f"jobs/{name}", Body=encode(for_role(spec)))
    uris = ",".join(f"s3://events/jobs/{name}" for name in specs)
    arguments = {"--specs": uris, "--s3_endpoint": glue.url}
    boto3.client("glue").start_job_run(JobName="recipes", Arguments=arguments)
    job_run = glue.runs[-1]
    glue.wait_for(lambda: job_run.state in ("SUCCEEDED", "FAILED"), seconds=600)
    assert job_run.state == "SUCCEEDED", job_run.message
    return {
        name: decode_report(s3.get_object(Bucket="events", Key=f"jobs/{name}.report")["Body"].read()) for name in specs
    }


@pytest.fixture
def job(glue: GlueEmulator) -> Any:
    """The job `recipes`, which has the libraries of `personalize-assets` and a script for many specs."""
    made = boto3.client("glue").get_job(JobName="personalize-assets")["Job"]
    boto3.client("s3").put_object(Bucket="events", Key="code/recipes.py", Body=_SCRIPT)
    boto3.client("glue").create_job(
        Name="recipes",
        Role=made["Role"],
        Command={**made["Command"], "ScriptLocation": "s3://events/code/recipes.py"},
        GlueVersion="5.1" if pyspark.__version__.startswith("3.5.") else "6.0",
        DefaultArguments=made["DefaultArguments"],
    )
    yield
    boto3.client("glue").delete_job(JobName="recipes")


def test_every_recipe_gives_its_rows_on_glue_from_s3(job: Any, glue: GlueEmulator, tmp_path: Path) -> None:
    groups = {name: on_s3(name, tmp_path) for name in NAMES}
    days = {name: list(group.bytes_by_day()) for name, group in groups.items()}
    converts = {}
    for name, group in groups.items():
        catalog_days(group, days[name])
        converts[name] = plan_convert(group, days[name], tuple(group.datasets))

    for name, report in on_glue(glue, converts).items():
        assert isinstance(report, ConvertReport)
        commit_convert(groups[name], days[name], converts[name], report)
    exports = {}
    for name, group in groups.items():
        tables = [dataset for dataset in group.datasets if dataset != "interactions"]
        exports[name] = plan_export(group, (*tables, *(f"{dataset}_csv" for dataset in group.datasets)))
    for name, report in on_glue(glue, {name: planned.spec for name, planned in exports.items()}).items():
        assert isinstance(report, ExportReport)
        commit_export(groups[name], exports[name], report)

    for name, group in groups.items():
        rows = expected(name)
        assert {dataset: latest_csv(group.destination, dataset) for dataset in rows} == rows, name
