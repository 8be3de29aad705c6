"""The schema assets: the Avro schema beside the CSV, and its text on the asset."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg

from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.schemas import schema_of
from personalize_assets_tests.helpers.dagster_runs import latest_metadata, materialize, small_config
from personalize_assets_tests.helpers.days_contract import NEW
from personalize_assets_tests.helpers.exports_contract import manifest
from personalize_assets_tests.helpers.stored import put_export


def test_the_schema_of_the_current_export_is_shown(tmp_path: Path) -> None:
    group = DatasetGroup(small_config(tmp_path))
    schema = schema_of(group, "interactions")
    key = group.destination.exports.put_schema(f"exports/{NEW}", "interactions", schema)
    put_export(group.destination, manifest(NEW, "interactions", schema=key))
    instance = dg.DagsterInstance.ephemeral()

    assert materialize(group.config, instance, ["interactions_schema"]).success

    metadata = latest_metadata(instance, "interactions_schema")
    assert (metadata["fields"], metadata["path"]) == (3, f"{tmp_path}/out/exports/{NEW}/interactions.avsc")
    assert json.loads(metadata["schema"].removeprefix("```json\n").removesuffix("\n```")) == schema


def test_a_schema_without_an_export_fails_with_what_to_do(tmp_path: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()

    assert not materialize(small_config(tmp_path), instance, ["interactions_schema"]).success
