"""Two dataset groups in a project that has everything of its own: executor, jobs, resources, sensors, metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from personalize_assets.config import ConfigError, load_config
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import Report, Spec
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.engines.arrow import ArrowEngine
from personalize_assets.orchestration import alerts
from personalize_assets_tests.helpers.automated import CountingEngine

# The daemon gives it to every sensor; only the function that makes a context for a test is beta.
pytestmark = pytest.mark.filterwarnings("ignore:Parameter `repository_def`")

CONFIG = """
source: {{uri: raw-{name}, layout: hive, start_date: 2026-10-01}}
destination: {{uri: out-{name}}}
dataset_group: {{name: {name}}}
datasets:
  interactions:
    columns: {{USER_ID: user, ITEM_ID: item, TIMESTAMP: at}}
"""
LINE = '{"user": "u1", "item": "i1", "at": 1790812800}\n'


class MyEngine(Engine):
    """An engine of a user's own: it runs jobs as `arrow` does, and keeps their names."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def run(
        self, context: dg.AssetExecutionContext | None, spec: Spec, on_progress: OnProgress | None = None
    ) -> Report:
        self.jobs.append(type(spec).__name__)
        return ArrowEngine().run(context, spec, on_progress)


def write_config(folder: Path, name: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(CONFIG.format(name=name))
    raw = folder / f"raw-{name}" / "day=2026-10-01"
    raw.mkdir(parents=True)
    (raw / "a.json").write_text(LINE)
    return file


@dg.executor(name="of_the_host")
def host_executor(context: dg.InitExecutorContext) -> Any:
    raise NotImplementedError


@dg.asset(deps=[dg.AssetKey(["shop-eu", "interactions_csv"])])
def report() -> None:
    """An asset of the host, below one of a group."""


@dg.op
def fails() -> None:
    raise ZeroDivisionError("a fault of the host")


@dg.job
def convert() -> None:
    """A job of the host, with a name that a group alone would have."""
    fails()


@dg.run_failure_sensor(name="alerts")
def host_alerts(context: dg.RunFailureSensorContext) -> None:
    """The alerts of the host."""


HOST = dg.Definitions(
    assets=[report],
    jobs=[convert],
    sensors=[host_alerts],
    resources={"engine": "a resource of the host"},
    executor=host_executor,
    metadata={"engine": "of the host"},
)


@pytest.fixture
def merged(tmp_path: Path) -> dg.Definitions:
    groups = [
        build_definitions(write_config(tmp_path, "shop"), "shop-eu", engine=MyEngine(), group_name="shop_eu"),
        build_definitions(write_config(tmp_path, "media"), ["media", "v1.2"], run_tags={"team": "media"}),
    ]
    return dg.Definitions.merge(HOST, *groups)


def test_two_groups_and_a_host_with_definitions_of_the_same_names_are_one_project(merged: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(merged)

    repository = merged.get_repository_def()
    assert {job for job in repository.job_names if not job.startswith("__")} == {
        "convert", "shop_eu_convert", "shop_eu_export", "media_v1_2_convert", "media_v1_2_export",
    }  # fmt: skip
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "alerts", "shop_eu_alerts", "shop_eu_arrivals", "media_v1_2_alerts", "media_v1_2_arrivals",
    }  # fmt: skip
    assert merged.resolve_asset_graph().get(dg.AssetKey("report")).parent_keys == {
        dg.AssetKey(["shop-eu", "interactions_csv"])
    }


def test_every_job_has_the_executor_of_the_host(merged: dg.Definitions) -> None:
    names = ("convert", "shop_eu_convert", "media_v1_2_export")

    assert {merged.resolve_job_def(name).executor_def.name for name in names} == {"of_the_host"}


def test_assets_are_in_the_group_that_the_host_names(merged: dg.Definitions) -> None:
    graph = merged.resolve_asset_graph()

    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys() if key.path[0] == "shop-eu"}
    assert groups == {"shop_eu"}
    assert graph.get(dg.AssetKey(["media", "v1.2", "interactions_csv"])).group_name == "exports"


def test_runs_of_a_group_have_the_tags_that_the_host_gives(merged: dg.Definitions) -> None:
    assert merged.resolve_job_def("media_v1_2_convert").run_tags["team"] == "media"
    assert "team" not in merged.resolve_job_def("shop_eu_convert").run_tags


def test_every_step_has_the_tags_and_the_engines_steps_the_pool_that_the_host_gives(tmp_path: Path) -> None:
    tags = {"dagster-k8s/config": {"container_config": {"resources": {"limits": {"memory": "4Gi"}}}}}
    made = build_definitions(write_config(tmp_path, "shop"), op_tags=tags, pool="spark")

    ops = {
        each.op.name: each.op
        for each in (*(made.assets or ()), *(made.asset_checks or ()))
        if isinstance(each, dg.AssetsDefinition)
    }

    assert {name for name, op in ops.items() if "dagster-k8s/config" not in op.tags} == set()
    assert {name for name, op in ops.items() if op.pool == "spark"} == {"convert_days", "export_all"}


def test_a_group_runs_on_an_engine_of_the_users_own_which_the_ui_names(tmp_path: Path) -> None:
    engine = MyEngine()
    made = build_definitions(write_config(tmp_path, "shop"), "shop", engine=engine)
    instance = dg.DagsterInstance.ephemeral()
    for name, day in (("shop_convert", "2026-10-01"), ("shop_export", None)):
        job = made.resolve_job_def(name)
        assert (
            job.execute_in_process(instance=instance, partition_key=day, raise_on_error=False).success
            or name[-1] == "t"
        )

    assert engine.jobs == ["ConvertSpec", "ExportSpec"]
    daily = dg.AssetKey(["shop", "filtered_interactions"])
    event = instance.get_latest_materialization_event(daily)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["engine"].value == "myengine"
    assert made.resolve_asset_graph().get(daily).kinds == {"myengine", "parquet"}


def failure_of(made: dg.Definitions, job: str, **options: Any) -> tuple[dg.DagsterInstance, Any]:
    instance = dg.DagsterInstance.ephemeral()
    failed = made.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False, **options)
    assert not failed.success
    return instance, failed


def posted(
    made: dg.Definitions, instance: dg.DagsterInstance, failed: Any, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The sensors of the groups that post an alert about a failed run."""
    found: list[str] = []
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://example.invalid")
    (failure,) = [event for event in failed.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
    repository = made.get_repository_def()
    for name in ("shop_eu_alerts", "media_v1_2_alerts"):
        monkeypatch.setattr(alerts, "post", lambda url, text, name=name: found.append(name))
        context = dg.build_run_status_sensor_context(
            sensor_name=name,
            dagster_event=failure,
            dagster_instance=instance,
            dagster_run=failed.dagster_run,
            repository_def=repository,
        ).for_run_failure()
        repository.get_sensor_def(name)(context)
    return found


def test_a_failed_run_of_the_host_is_no_alert_of_any_group(
    merged: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, failed = failure_of(merged, "convert")

    assert posted(merged, instance, failed, monkeypatch) == []


def test_a_failed_run_of_a_group_is_an_alert_of_that_group_alone(
    merged: dg.Definitions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "raw-shop/day=2026-10-01/a.json").unlink()
    (tmp_path / "raw-shop/day=2026-10-01").rmdir()
    (tmp_path / "raw-shop").rmdir()
    instance, failed = failure_of(merged, "shop_eu_convert", partition_key="2026-10-01")

    assert posted(merged, instance, failed, monkeypatch) == ["shop_eu_alerts"]


def test_a_host_may_have_no_alerts_of_a_group(tmp_path: Path) -> None:
    made = build_definitions(write_config(tmp_path, "shop"), alerts=False)

    assert {sensor.name for sensor in made.sensors or ()} == {"arrivals"}


def test_a_config_is_a_path_with_the_variables_that_override_it_or_loaded_already(tmp_path: Path) -> None:
    file = write_config(tmp_path, "shop")
    env = {"PERSONALIZE__DATASET_GROUP__NAME": "other"}

    def name_of(made: dg.Definitions) -> Any:
        found = (made.metadata or {})["dataset group"]
        return getattr(found, "value", found)

    assert name_of(build_definitions(file)) == "shop"
    assert name_of(build_definitions(str(file), env=env)) == "other"
    with pytest.raises(ValueError, match="env: the config is loaded already"):
        build_definitions(load_config(file), env=env)
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        build_definitions(tmp_path / "nowhere.yaml")


def test_a_range_is_one_run_where_the_host_wants_single_runs(tmp_path: Path) -> None:
    single = dg.BackfillPolicy.single_run()
    made = build_definitions(write_config(tmp_path, "shop"), engine=CountingEngine(), backfill_policy=single)
    graph = made.resolve_asset_graph()

    for name in ("raw_event_catalog", "filtered_interactions"):
        assert graph.get(dg.AssetKey(name)).backfill_policy == single
    days = {"dagster/asset_partition_range_start": "2026-10-01", "dagster/asset_partition_range_end": "2026-10-03"}
    done = made.resolve_job_def("convert").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), tags=days, raise_on_error=False
    )
    assert done.success
