"""The schema assets: the Avro schema in the destination, and its text on the asset."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg

from personalize_assets_tests.helpers.dagster_runs import latest_metadata, materialize, small_config


def test_a_schema_is_written_and_its_text_is_shown(tmp_path: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()

    assert materialize(small_config(tmp_path), instance, ["interactions_schema"]).success

    schema = json.loads((tmp_path / "out/schemas/interactions.avsc").read_text())
    assert [field["name"] for field in schema["fields"]] == ["USER_ID", "ITEM_ID", "TIMESTAMP"]
    metadata = latest_metadata(instance, "interactions_schema")
    assert metadata["fields"] == 3
    assert json.loads(metadata["schema"].removeprefix("```json\n").removesuffix("\n```")) == schema
