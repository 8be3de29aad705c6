"""The Avro schemas that Personalize wants with the CSVs.

An export writes them beside its CSVs; the stage ``<dataset>_schema`` checks that they are those of the config.
"""

from __future__ import annotations

from typing import Any

import msgspec

from personalize_assets.conversion.avro import avro_schema
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.manifests import ExportManifest


def schema_of(group: DatasetGroup, name: str) -> dict[str, Any]:
    """The Avro schema of a dataset, as the config has it now."""
    return avro_schema(name, group.datasets[name].columns, group.config.dataset_group.domain)


def has_current_schema(group: DatasetGroup, name: str, manifest: ExportManifest) -> bool:
    """Whether the schema beside a CSV is the one of the config."""
    stored = group.destination.exports.schema(manifest)
    try:
        return stored is not None and msgspec.json.decode(stored) == schema_of(group, name)
    except msgspec.DecodeError:
        return False


def current_schema(group: DatasetGroup, name: str) -> tuple[str, dict[str, Any]]:
    """The key of the schema beside a dataset's current CSV, and the schema.

    Raises ``PersonalizeAssetsError`` if there is no CSV, or if its schema is not the one of the config.
    """
    manifest = group.destination.exports.manifest(name)
    if manifest is None:
        raise PersonalizeAssetsError(
            f"{group.destination.uri} has no export of {name}, and the schema is written beside the CSV; materialize "
            f"{name}_csv first"
        )
    if not has_current_schema(group, name, manifest):
        where = group.destination.uri_of(manifest.schema or manifest.path)
        raise PersonalizeAssetsError(
            f"{where} is not the schema that the config gives now: columns, types or the domain have changed since "
            f"that export; materialize {name}_csv again"
        )
    return manifest.schema, schema_of(group, name)
