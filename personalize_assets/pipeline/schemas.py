"""The stage ``<dataset>_schema``: the Avro schemas that Personalize wants beside the CSVs. It needs no engine."""

from __future__ import annotations

from typing import Any

from personalize_assets.conversion.avro import avro_schema
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.ownership import claim_destination


def put_schema(group: DatasetGroup, name: str) -> dict[str, Any]:
    """Write and return the Avro schema of a dataset."""
    claim_destination(group)
    schema = avro_schema(name, group.datasets[name].columns, group.config.dataset_group.domain)
    group.destination.put_schema(name, schema)
    return schema
