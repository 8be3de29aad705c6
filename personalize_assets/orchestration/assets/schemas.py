"""The Avro schemas that Personalize wants with the files; their fields equal the CSV headers."""

import json

import dagster as dg

from personalize_assets.orchestration.assets.descriptions import SCHEMA
from personalize_assets.orchestration.group import Group, permanent_errors
from personalize_assets.orchestration.metadata import schema_metadata


def schemas(group: Group) -> list[dg.AssetsDefinition]:
    return [_schema(group, name) for name in group.pipeline.datasets]


def _schema(group: Group, name: str) -> dg.AssetsDefinition:
    pipeline = group.pipeline

    @dg.asset(
        key=group.key(f"{name}_schema"),
        group_name="schemas",
        kinds={"python", "json"},
        description=SCHEMA.format(name=name, title=name.capitalize()),
        **group.about(name),
    )
    def schema() -> dg.MaterializeResult:  # type: ignore[type-arg]
        with permanent_errors():
            written = pipeline.put_schema(name)
        uri = pipeline.destination.uri_of(pipeline.destination.schema_key(name))
        return dg.MaterializeResult(metadata=schema_metadata(written, json.dumps(written, indent=1), uri))

    return schema
