"""Imports as assets: real runs of Dagster against the emulator and moto's S3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest

from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.orchestration import run_tags
from personalize_assets_tests.helpers.import_world import ImportWorld, clicks, titles
from personalize_assets_tests.helpers.personalize_emulator import Course, PersonalizeEmulator
from personalize_assets_tests.helpers.small_group import small_group


@pytest.fixture
def world(
    bucket: str, personalize: PersonalizeEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ImportWorld:
    monkeypatch.setattr("personalize_assets.pipeline.importing.polling._FIRST_SECONDS", 0.0)
    return ImportWorld(bucket, tmp_path, personalize)


def run(world: ImportWorld, instance: dg.DagsterInstance, *names: str) -> dg.ExecuteInProcessResult:
    job = build_definitions(load_config(world.path, {})).resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(f"{name}_import") for name in names]
    return job.execute_in_process(instance=instance, asset_selection=keys, raise_on_error=False)


def metadata(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    [found] = result.asset_materializations_for_node(f"{name}_import")
    return {key: value.value for key, value in found.metadata.items()}


def test_a_run_imports_and_shows_what_personalize_holds(world: ImportWorld) -> None:
    world.export(interactions=clicks(0, 1200), items=titles("a"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(world, instance, "interactions", "items")

    found = metadata(result, "interactions")
    assert result.success
    assert {key: found[key] for key in ("dagster/row_count", "pending_rows", "rows_sent", "mode", "why")} == {
        "dagster/row_count": 1200,
        "pending_rows": 0,
        "rows_sent": 1200,
        "mode": "FULL",
        "why": "it is the first import, which Personalize takes only whole",
    }
    assert found["dataset_arn"] == "arn:aws:personalize:eu-central-1:123456789012:dataset/shop/INTERACTIONS"
    assert found["console"].endswith("#arn:aws:personalize:eu-central-1:123456789012:dataset-group$shop/setup")
    assert found["import_job"].startswith("shop-interactions-")
    assert world.held() == sorted(clicks(0, 1200))


def test_rows_that_wait_are_a_warning_of_a_check(world: ImportWorld) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        world.export(interactions=clicks(0, 1200))
        run(world, instance, "interactions")
        world.export(interactions=clicks(0, 1900))
        result = run(world, instance, "interactions")

    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert result.success
    assert metadata(result, "interactions")["pending_rows"] == 700
    assert (checks["every_row_is_imported"].passed, checks["every_row_is_imported"].severity) == (
        False,
        dg.AssetCheckSeverity.WARN,
    )
    assert checks["every_column_is_trained_on"].passed


def test_with_compare_on_the_rows_are_counted_in_personalize(world: ImportWorld) -> None:
    world.config["import"]["compare"] = "on"
    world.export(items=titles("a", "b"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(world, instance, "items")

    found = metadata(result, "items")
    assert (found["rows_exported"], found["rows_in_personalize"]) == (2, 2)
    [check] = [one for one in result.get_asset_check_evaluations() if one.check_name == "personalize_holds_the_rows"]
    assert check.passed


def test_a_job_that_failed_fails_the_run_without_a_retry(world: ImportWorld) -> None:
    boto3.client("s3").delete_bucket_policy(Bucket=world.bucket)
    world.export(items=titles("a"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(world, instance, "items")
        [tags] = [one.tags for one in instance.get_runs()]

    [failure] = [event.step_failure_data.user_failure_data for event in result.filter_events(is_step_failure)]
    assert failure is not None
    assert failure.description is not None
    assert "Insufficient privileges" in failure.description
    assert tags[run_tags.PERMANENT] == "true"


def is_step_failure(event: dg.DagsterEvent) -> bool:
    return event.event_type_value == "STEP_FAILURE"


def test_a_fault_of_personalize_itself_is_tried_again(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.orchestration.retries.wait_before", lambda retry: 0.01)
    world.emulator.plan("dataset-import-job", Course(failure="Internal server error"))
    world.export(items=titles("a"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(world, instance, "items")

    assert "STEP_UP_FOR_RETRY" in [event.event_type_value for event in result.all_events]


def test_imports_are_assets_below_csv_and_schema(world: ImportWorld) -> None:
    defs = build_definitions(load_config(world.path, {}), key_prefix="media")

    graph = defs.resolve_asset_graph()
    key = dg.AssetKey(["media", "users_import"])
    assert graph.get(key).parent_keys == {dg.AssetKey(["media", f"users_{of}"]) for of in ("csv", "schema")}
    assert graph.get(key).group_name == "imports"
    assert graph.get(key).kinds == {"aws", "personalize"}
    assert graph.get(key).pools == {"personalize"}
    assert defs.resolve_job_def("media_imports").name == "media_imports"


def test_without_imports_there_are_neither_assets_nor_job_nor_sensor(tmp_path: Path) -> None:
    defs = build_definitions(small_group(tmp_path).config)

    names = [key.path[-1] for key in defs.resolve_all_asset_keys()]
    assert [name for name in names if name.endswith("_import")] == []
    assert "imports" not in [job.name for job in defs.resolve_all_job_defs()]
    assert "import_after_exports" not in [sensor.name for sensor in defs.sensors or ()]


def test_a_dataset_that_is_not_wanted_has_no_import(world: ImportWorld) -> None:
    world.config["import"]["datasets"] = ["items"]
    defs = build_definitions(load_config(world.path, {}))

    names = [key.path[-1] for key in defs.resolve_all_asset_keys()]
    assert [name for name in names if name.endswith("_import")] == ["items_import"]


# Automation


def tick(world: ImportWorld, instance: dg.DagsterInstance, cursor: Any = None) -> tuple[set[str], Any]:
    """The imports that declarative automation asks for, and the cursor for the next tick."""
    defs = build_definitions(load_config(world.path, {}))
    result = dg.evaluate_automation_conditions(defs, instance, dg.AssetSelection.groups("imports"), cursor=cursor)
    names = ("interactions_import", "users_import", "items_import")
    return {name for name in names if result.get_num_requested(dg.AssetKey(name))}, result.cursor


def exported(world: ImportWorld, instance: dg.DagsterInstance, *names: str) -> None:
    """A CSV, its schema, and its checks, which are passed."""
    checks = build_definitions(load_config(world.path, {})).resolve_asset_graph().asset_check_keys
    for name in names:
        for check in checks:
            if check.asset_key.path[-1] == f"{name}_csv":
                passed = dg.AssetCheckEvaluation(check.asset_key, check.name, True, {})
                instance.report_runless_asset_event(passed)
        for of in ("csv", "schema"):
            instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(f"{name}_{of}")))


def test_each_export_is_imported_once_its_csv_and_schema_are_there(world: ImportWorld) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        before, cursor = tick(world, instance)
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey("items_csv")))
        without_schema, cursor = tick(world, instance, cursor)
        exported(world, instance, "interactions", "items")
        first, cursor = tick(world, instance, cursor)
        unchanged, cursor = tick(world, instance, cursor)
        exported(world, instance, "items")
        second, _ = tick(world, instance, cursor)

    assert (before, without_schema, first, unchanged, second) == (
        set(),
        set(),
        {"interactions_import", "items_import"},
        set(),
        {"items_import"},
    )


@pytest.mark.parametrize(("switch", "status"), [("on", "RUNNING"), ("off", "STOPPED")])
def test_the_sensor_runs_where_automation_is_on(world: ImportWorld, switch: str, status: str) -> None:
    world.config["automation"] = switch
    world.config["import"]["timeout_minutes"] = 60
    defs = build_definitions(load_config(world.path, {}))

    sensor = defs.resolve_sensor_def("import_after_exports")
    assert sensor.default_status.value == status
    assert isinstance(sensor, dg.AutomationConditionSensorDefinition)
    assert sensor.run_tags == {"dagster/max_runtime": "7200"}
