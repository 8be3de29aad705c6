"""A project's changes of the specs of a group's assets."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from personalize_assets.components.translated import Translation, translated_definitions
from personalize_assets.config import ConfigError
from personalize_assets.orchestration.embedding import Embedding
from personalize_assets_tests.helpers.dagster_runs import EVENT, put_raw, small_config

NAMES = (
    "raw_events", "raw_event_catalog", "event_profile", "filtered_interactions", "interactions_csv",
    "interactions_schema",
)  # fmt: skip


def translated(folder: Path, translation: Translation | None) -> dg.Definitions:
    config = small_config(folder, checks="warn")
    return translated_definitions(config, None, Embedding(("shop",)), translation, "defs.yaml", alerts=True)


def test_without_a_translation_specs_are_as_the_package_makes_them(tmp_path: Path) -> None:
    keys = {spec.key for spec in translated(tmp_path, None).resolve_all_asset_specs()}

    assert keys == {dg.AssetKey(["shop", name]) for name in NAMES}


def test_attributes_are_changed_of_every_asset_the_external_one_included(tmp_path: Path) -> None:
    defs = translated(tmp_path, lambda spec, name: spec.replace_attributes(description=name, group_name="all"))

    found = {spec.key.path[-1]: (spec.description, spec.group_name) for spec in defs.resolve_all_asset_specs()}
    assert found == {name: (name, "all") for name in NAMES}


def test_changed_keys_are_those_of_dependencies_jobs_and_checks(tmp_path: Path) -> None:
    defs = translated(tmp_path, lambda spec, name: spec.replace_attributes(key=["lake", f"shop_{name}"]))
    graph = defs.resolve_asset_graph()

    dg.Definitions.validate_loadable(defs)
    assert graph.get(dg.AssetKey(["lake", "shop_raw_event_catalog"])).parent_keys == {
        dg.AssetKey(["lake", "shop_raw_events"])
    }
    assert {key.asset_key.path[0] for key in graph.asset_check_keys} == {"lake"}
    assert {key.path[0] for key in defs.resolve_job_def("shop_convert").asset_layer.executable_asset_keys} == {"lake"}


def test_a_group_of_changed_keys_converts_and_exports(tmp_path: Path) -> None:
    put_raw(tmp_path, EVENT)
    defs = translated(tmp_path, lambda spec, name: spec.replace_attributes(key=["lake", name]))

    with dg.DagsterInstance.ephemeral() as instance:
        converted = defs.resolve_job_def("shop_convert").execute_in_process(
            partition_key="2026-10-01", instance=instance, raise_on_error=False
        )
        exported = defs.resolve_job_def("shop_export").execute_in_process(instance=instance, raise_on_error=False)

    materialized = [*converted.get_asset_materialization_events(), *exported.get_asset_materialization_events()]
    assert {dg.AssetKey(["lake", name]) for name in ("filtered_interactions", "interactions_csv")} <= {
        event.asset_key for event in materialized
    }


def test_two_assets_of_one_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        translated(tmp_path, lambda spec, name: spec.replace_attributes(key="shop"))

    assert str(refused.value) == (
        "defs.yaml: attributes.translation.key: 6 assets would have the key shop; put the name of the asset into it, "
        "as shop/{{ name }}"
    )
