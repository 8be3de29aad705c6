"""The Avro schemas that Personalize needs with the CSVs: one field for each column, in the same order.

An export writes them beside the CSVs; these assets show them, and fail if the config has moved on since.
"""

import json

import dagster as dg

from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.orchestration.assets.descriptions import SCHEMA
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.orchestration.metadata import schema_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.schemas import current_schema


def schemas(defs: GroupDefs) -> list[dg.AssetsDefinition]:
    """``<dataset>_schema`` for each dataset."""
    return [_schema(defs, name) for name in defs.dataset_group.datasets]


def _schema(defs: GroupDefs, name: str) -> dg.AssetsDefinition:
    group = defs.dataset_group

    @dg.asset(
        key=defs.key(f"{name}_schema"),
        deps=[defs.key(f"{name}_csv")],
        group_name=defs.group("schemas"),
        kinds={"python", "json"},
        description=SCHEMA.format(name=name, title=DATASET_TYPES[name].title),
        op_tags=defs.op_tags,
        **defs.owners_and_tags(name),
    )
    def schema() -> dg.MaterializeResult[None]:
        with user_errors():
            path, written = current_schema(group, name)
        uri = group.destination.uri_of(path)
        text = json.dumps(written, indent=1)
        return dg.MaterializeResult(metadata=schema_metadata(len(written["fields"]), text, uri))

    return schema
