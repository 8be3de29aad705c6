"""docs/how-to/kubernetes.md matches the image and the instance of production, and its example makes pods."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_k8s.job import (
    DagsterK8sJobConfig,
    UserDefinedDagsterK8sConfig,
    construct_dagster_k8s_job,
    get_user_defined_k8s_config,
)

from personalize_assets.engines import machine
from personalize_assets_tests.helpers.dockerfile import DOCKERFILE, command, health_check, stages
from personalize_assets_tests.helpers.readme import blocks, table
from personalize_assets_tests.helpers.samples import REPO, SAMPLE_DATA

PAGE = (REPO / "docs/how-to/kubernetes.md").read_text()
INSTANCE = yaml.safe_load((REPO / "production/dagster.yaml").read_text())
VALUES: dict[str, Any] = yaml.safe_load(blocks(PAGE, "yaml")[0])
(DEPLOYMENT,) = VALUES["dagster-user-deployments"]["deployments"]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """The definitions of the example."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLE_DATA / "segment.yaml", "personalize.yaml")
    names: dict[str, Any] = {}
    exec("\n".join(blocks(PAGE, "python")), names)
    defs = names["defs"]
    assert isinstance(defs, dg.Definitions)
    return defs


def test_the_table_of_the_image_is_that_of_the_dockerfile() -> None:
    rows = dict(table(PAGE, "what"))
    (user,) = [one.text for one in stages()[1] if one.name == "USER"]

    assert f"`{' '.join(command())}`".strip("`") == rows["command"]
    assert " ".join(health_check()) == rows["healthy"]
    assert rows["user"].startswith(f"{user.split(':')[0]}, ")
    assert rows["port"].startswith(f"{command()[command().index('-p') + 1]}:")
    assert re.findall(r"PYTHON_IMAGE=(\S+)\n", DOCKERFILE.read_text())[0] in rows["Python"]


def test_the_values_start_the_command_of_the_image() -> None:
    started = ["dagster", "code-server", "start", "-h", "0.0.0.0", "-p", str(DEPLOYMENT["port"])]

    assert [*started, *DEPLOYMENT["codeServerArgs"]] == command()


def test_the_config_is_mounted_where_the_variable_says() -> None:
    (mount,) = DEPLOYMENT["volumeMounts"]
    env = {each["name"]: each["value"] for each in DEPLOYMENT["env"]}

    assert env["PERSONALIZE_CONFIG"] == f"{mount['mountPath']}/personalize.yaml"
    assert mount["name"] in {volume["name"] for volume in DEPLOYMENT["volumes"]}


def test_the_values_are_the_settings_of_production() -> None:
    pools, runs = VALUES["concurrency"]["pools"], VALUES["concurrency"]["runs"]
    monitoring, retries = VALUES["dagsterDaemon"]["runMonitoring"], VALUES["dagsterDaemon"]["runRetries"]
    retention = VALUES["retention"]

    assert {"default_limit": pools["defaultLimit"], "granularity": pools["granularity"]} == INSTANCE["concurrency"][
        "pools"
    ]
    assert runs["maxConcurrentRuns"] == INSTANCE["concurrency"]["runs"]["max_concurrent_runs"]
    assert monitoring["startTimeoutSeconds"] == INSTANCE["run_monitoring"]["start_timeout_seconds"]
    assert monitoring["pollIntervalSeconds"] == INSTANCE["run_monitoring"]["poll_interval_seconds"]
    assert retries["maxRetries"] == INSTANCE["run_retries"]["max_retries"]
    assert retention["sensor"]["purgeAfterDays"] == INSTANCE["retention"]["sensor"]["purge_after_days"]
    assert retention["schedule"]["purgeAfterDays"] == INSTANCE["retention"]["schedule"]["purge_after_days"]


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_every_op_of_the_example_gets_a_pod_of_the_size_given(example: dg.Definitions) -> None:
    job = example.resolve_job_def("shop_convert")
    image = DagsterK8sJobConfig(job_image="image", dagster_home="/opt/dagster/dagster_home")

    assert job.executor_def.name == "k8s"
    assert job.nodes
    for node in job.nodes:
        made = construct_dagster_k8s_job(image, ["dagster"], "job", get_user_defined_k8s_config(node.definition.tags))
        spec = made.spec.template.spec
        assert spec.containers[0].resources.limits == {"cpu": "4", "memory": "5Gi"}
        assert spec.containers[0].volume_mounts[0].mount_path == "/tmp"
        assert spec.volumes[0].empty_dir.size_limit == "20Gi"
        assert spec.termination_grace_period_seconds == 120


def test_a_pod_has_the_command_as_arguments_so_the_image_must_have_no_entry_point() -> None:
    made = construct_dagster_k8s_job(
        DagsterK8sJobConfig(job_image="image", dagster_home="/opt/dagster/dagster_home"),
        ["dagster", "api", "execute_run"],
        "job",
        UserDefinedDagsterK8sConfig(),
    )
    (container,) = made.spec.template.spec.containers

    assert (container.command, container.args) == (None, ["dagster", "api", "execute_run"])


def test_the_memory_a_core_is_that_of_the_engines() -> None:
    assert machine._BYTES_PER_PROCESS == 768 * 1024**2
    assert "768 MB of the memory limit for each" in PAGE
    assert (machine._LEAST_HEAP, machine._MOST_HEAP) == (512 * 1024**2, 2 * 1024**3)
    assert "between 512 MB and 2 GB" in PAGE


def test_variables_of_the_page_are_those_of_the_project() -> None:
    known = (REPO / ".env.example").read_text()

    assert [row[0] for row in table(PAGE, "variable") if row[0].rstrip("…") not in known] == []
