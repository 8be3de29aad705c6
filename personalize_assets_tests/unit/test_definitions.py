"""The definitions of a config: the graph, and what the UI shows before anything is materialized."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey

from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions, definitions
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.destination import fingerprint

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
        "interactions_schema": ("schemas", None, ["interactions_csv"]),
        "users_schema": ("schemas", None, ["users_csv"]),
        "items_schema": ("schemas", None, ["items_csv"]),
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


def test_a_variable_of_the_process_sets_the_group_of_the_stand_alone_definitions_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONALIZE__DATASET_GROUP__NAME", "from_the_environment")
    file = tmp_path / "personalize.yaml"
    file.write_text(
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\n"
        "destination: {uri: out}\n"
        "dataset_group: {name: shop}\n"
        "datasets: {interactions: {columns: {USER_ID: user, ITEM_ID: item, TIMESTAMP: time}}}\n"
    )

    def group_of(loaded: dg.Definitions) -> object:
        found = (loaded.metadata or {})["dataset group"]
        return getattr(found, "value", found)

    assert group_of(build_definitions(load_config(file))) == "shop"
    assert group_of(definitions()) == "from_the_environment"


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


def test_columns_come_from_the_tables_above_and_places_have_the_names_that_dagster_reads() -> None:
    graph = build_definitions(load_config()).resolve_asset_graph()

    def above(name: str) -> set[tuple[str, str]]:
        lineage = graph.get(AssetKey(name)).metadata["dagster/column_lineage"]
        assert isinstance(lineage, dg.TableColumnLineage)
        return {
            (dep.asset_key.to_user_string(), dep.column_name)
            for deps in lineage.deps_by_column.values()
            for dep in deps
        }

    assert above("users_csv") == {("users", name) for name in ("USER_ID", "FAVORITE_DEPARTMENTS", "LIFETIME_VALUE")}
    assert ("user_traits", "USER_ID") in above("users")
    assert ("filtered_interactions", "TIMESTAMP") in above("interactions_csv")
    stored = graph.get(AssetKey("filtered_interactions")).metadata
    assert str(stored["dagster/uri"]).endswith("data/segment/filtered_interactions")
    assert stored["dagster/storage_kind"] == "parquet"


def test_the_code_version_is_the_fingerprint_of_the_mapping() -> None:
    group = DatasetGroup(load_config())
    graph = build_definitions(load_config()).resolve_asset_graph()

    for name in ("user_traits", "users", "users_csv"):
        assert graph.get(AssetKey(name)).code_version == fingerprint(group.datasets["users"])


def test_the_code_location_says_what_it_is_made_of() -> None:
    definitions = build_definitions(load_config())

    metadata = {key: getattr(value, "value", value) for key, value in (definitions.metadata or {}).items()}
    assert (metadata["dataset group"], metadata["engine"], metadata["checks"]) == ("workshop", "arrow", "strict")
    assert all(definitions.resolve_job_def(name).description for name in ("convert", "export"))
