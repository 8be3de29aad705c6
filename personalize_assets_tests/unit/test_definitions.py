"""The definitions as Dagster loads them, and the assets materialised through Dagster, in whole and in part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey

from personalize_assets.config import Config, load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.generate import generate
from personalize_assets_tests.helpers.samples import REPO

DAYS = ["2026-10-01", "2026-10-02", "2026-10-03"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a small site's events."""
    folder = tmp_path_factory.mktemp("site") / "raw"
    generate(folder, layout="segment", days=3, users=40, seed=7, start=date(2026, 10, 1))
    return folder


@pytest.fixture
def config(site: Path, tmp_path: Path) -> Config:
    env = {"PERSONALIZE__SOURCE__URI": str(site), "PERSONALIZE__DESTINATION__URI": str(tmp_path / "out")}
    return load_config(env=env)


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def materialize(
    config: Config, instance: dg.DagsterInstance, names: list[str], days: tuple[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    tags = (
        {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[1]} if days else {}
    )
    job = build_definitions(config).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance, tags=tags, asset_selection=[AssetKey(name) for name in names], raise_on_error=False
    )


def metadata(instance: dg.DagsterInstance, name: str, day: str | None = None) -> Mapping[str, Any]:
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=AssetKey(name), asset_partitions=[day] if day else None), limit=1
    ).records
    assert records[0].asset_materialization is not None
    return {key: value.value for key, value in records[0].asset_materialization.metadata.items()}


# The graph


def test_the_graph_is_the_one_of_the_design() -> None:
    graph = build_definitions(load_config()).resolve_asset_graph()

    assert {
        key.to_user_string(): (
            graph.get(key).group_name,
            "daily" if graph.get(key).is_partitioned else None,
            sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
        )
        for key in graph.get_all_asset_keys()
    } == {
        "raw_events": ("raw", "daily", []),
        "raw_event_catalog": ("catalog", "daily", ["raw_events"]),
        "event_profile": ("catalog", "daily", ["raw_event_catalog"]),
        "filtered_interactions": ("datasets", "daily", ["raw_event_catalog"]),
        "user_traits": ("datasets", "daily", ["raw_event_catalog"]),
        "item_details": ("datasets", "daily", ["raw_event_catalog"]),
        "users": ("datasets", None, ["user_traits"]),
        "items": ("datasets", None, ["item_details"]),
        "interactions_csv": ("exports", None, ["filtered_interactions"]),
        "users_csv": ("exports", None, ["users"]),
        "items_csv": ("exports", None, ["items"]),
        "interactions_schema": ("schemas", None, []),
        "users_schema": ("schemas", None, []),
        "items_schema": ("schemas", None, []),
    }


def test_the_raw_events_are_external_and_everything_else_can_be_materialised() -> None:
    graph = build_definitions(load_config()).resolve_asset_graph()

    assert {key.to_user_string() for key in graph.external_asset_keys} == {"raw_events"}


def test_partitions_run_from_the_start_date_to_today() -> None:
    partitions = build_definitions(load_config()).resolve_asset_graph().get(AssetKey("raw_events")).partitions_def
    assert partitions is not None

    keys = partitions.get_partition_keys()

    assert keys[0] == "2026-10-01"
    assert keys[-1] == datetime.now(UTC).date().isoformat()


def test_a_dataset_that_is_not_in_the_config_has_no_assets(tmp_path: Path) -> None:
    config = tmp_path / "personalize.yaml"
    config.write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
    )

    graph = build_definitions(load_config(config)).resolve_asset_graph()

    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == {
        "raw_events", "raw_event_catalog", "event_profile",
        "filtered_interactions", "interactions_csv", "interactions_schema",
    }  # fmt: skip


def test_two_dataset_groups_live_in_one_project() -> None:
    both = dg.Definitions.merge(build_definitions(load_config(), ["shop"]), build_definitions(load_config(), ["media"]))

    dg.Definitions.validate_loadable(both)

    keys = {key.to_user_string() for key in both.resolve_asset_graph().get_all_asset_keys()}
    assert {"shop/users_csv", "media/users_csv"} <= keys


def test_the_definitions_load_in_an_empty_environment_without_a_warning_a_jvm_or_a_call_to_aws(tmp_path: Path) -> None:
    fake_java = tmp_path / "java"
    fake_java.write_text(f"#!/bin/sh\ntouch {tmp_path}/java-was-started\n")
    fake_java.chmod(0o755)
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('a connection was opened')\n"
        "socket.socket.connect = refuse\n"
        "import dagster as dg\n"
        "from personalize_assets import definitions\n"
        "dg.Definitions.validate_loadable(definitions.definitions())\n"
        "assert 'boto3' not in sys.modules, 'boto3 was loaded'\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        env={"PATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (0, "", "")
    assert not (tmp_path / "java-was-started").exists()


def test_dg_check_defs_passes_without_a_warning_of_ours(tmp_path: Path) -> None:
    dg_command = Path(sys.executable).with_name("dg")
    checked = subprocess.run(
        [dg_command, "check", "defs"],
        env={"PATH": f"{dg_command.parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    warnings = [line for line in (checked.stdout + checked.stderr).splitlines() if "warning" in line.lower()]
    # Dagster warns of a component of its own, which `dg` finds wherever dagster_spark is installed.
    assert [line for line in warnings if "SparkDeclarativePipelineScaffolder" not in line] == []


def test_every_asset_says_its_grain_when_it_changes_and_who_uses_it() -> None:
    graph = build_definitions(load_config()).resolve_asset_graph()

    for key in graph.get_all_asset_keys():
        description = graph.get(key).description or ""
        assert all(f"- **{word}** " in description for word in ("Grain", "Changes", "Used by")), key
        assert graph.get(key).tags["personalize/dataset_group"] == "workshop", key


def test_the_owners_of_the_config_own_every_asset() -> None:
    env = {"PERSONALIZE__DATASET_GROUP__OWNERS": '["team:data", "ada@example.com"]'}
    graph = build_definitions(load_config(env=env)).resolve_asset_graph()

    assert {tuple(graph.get(key).owners) for key in graph.get_all_asset_keys()} == {("team:data", "ada@example.com")}


def test_the_columns_of_a_dataset_are_shown_before_it_is_made() -> None:
    graph = build_definitions(load_config()).resolve_asset_graph()

    schema = graph.get(AssetKey("users_csv")).metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchemaMetadataValue | dg.TableSchema)
    columns = schema.columns if isinstance(schema, dg.TableSchema) else schema.schema.columns
    assert [column.name for column in columns] == ["USER_ID", "FAVORITE_DEPARTMENTS", "LIFETIME_VALUE"]


def test_the_code_location_says_what_it_is_made_of() -> None:
    definitions = build_definitions(load_config())

    shown = {key: getattr(value, "value", value) for key, value in (definitions.metadata or {}).items()}
    assert (shown["dataset group"], shown["engine"], shown["checks"]) == ("workshop", "sail", "strict")
    assert all(definitions.resolve_job_def(name).description for name in ("convert", "export"))


# Materialising


def test_a_single_day_makes_only_that_days_partitions(config: Config, instance: dg.DagsterInstance) -> None:
    daily = ["raw_event_catalog", "filtered_interactions", "user_traits", "item_details"]

    result = (
        build_definitions(config)
        .resolve_job_def("convert")
        .execute_in_process(instance=instance, partition_key=DAYS[1])
    )

    assert result.success
    assert all(instance.get_materialized_partitions(AssetKey(name)) == {DAYS[1]} for name in daily)


def test_a_range_of_days_is_one_run_and_each_day_has_its_own_numbers(
    config: Config, instance: dg.DagsterInstance
) -> None:
    result = materialize(config, instance, ["raw_event_catalog", "filtered_interactions"], (DAYS[0], DAYS[2]))

    assert result.success
    out = Path(config.destination.uri)
    kept = {
        day: json.loads((out / f"filtered_interactions/day={day}/_commit.json").read_text())["kept"] for day in DAYS
    }
    assert {day: metadata(instance, "filtered_interactions", day)["kept"] for day in DAYS} == kept
    assert len(set(kept.values())) == 3
    assert not (out / "user_traits").exists()


def test_one_of_several_assets_can_be_made_alone(config: Config, instance: dg.DagsterInstance) -> None:
    materialize(config, instance, ["raw_event_catalog", "user_traits"], (DAYS[0], DAYS[2]))

    assert materialize(config, instance, ["users"]).success
    assert not (Path(config.destination.uri) / "exports").exists()

    assert materialize(config, instance, ["users_csv"]).success
    assert [file.name for file in (Path(config.destination.uri) / "exports").iterdir()] == [
        "users.csv", "users.manifest.json",
    ]  # fmt: skip


def test_the_daily_assets_read_the_files_in_the_catalog_and_say_so_where_there_is_none(
    config: Config, instance: dg.DagsterInstance
) -> None:
    result = materialize(config, instance, ["filtered_interactions"], (DAYS[0], DAYS[0]))

    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert error is not None
    assert error.message.strip() == (
        f"dagster._core.definitions.events.Failure: {config.destination.uri}/catalog/day=2026-10-01.json is not there: "
        "the files of 2026-10-01 are not catalogued; materialize raw_event_catalog for that day first"
    )


def test_the_conversion_imports_with_neither_dagster_nor_boto3() -> None:
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('dagster', 'boto3', 'botocore', 'pydantic', 'yaml', 'click'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import pkgutil, importlib, personalize_assets.conversion as conversion\n"
        "for module in pkgutil.walk_packages(conversion.__path__, conversion.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
    )

    imported = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ}
    )

    assert imported.stderr == ""
