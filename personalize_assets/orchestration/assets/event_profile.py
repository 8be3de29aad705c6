"""event_profile: what a day's events are like, for people who choose ``where`` and ``columns``."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from personalize_assets.catalog.event_profile import as_text
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.group import Group, days_of, permanent_errors

_SHOWN_SAMPLES = 5
# The event log holds the metadata of every materialisation: the whole lies in the JSON file.
_SAMPLE_CHARS = 3000


def event_profile(group: Group) -> dg.AssetsDefinition:
    pipeline = group.pipeline
    key = group.key("event_profile")

    # A multi-asset of one, as for the catalog: `backfill_policy` is beta on `@asset`.
    @dg.multi_asset(
        name=group.name("event_profile"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[group.key("raw_event_catalog")],
                group_name="catalog",
                kinds={"python", "json"},
                description=descriptions.EVENT_PROFILE,
                **group.about(),
            )
        ],
        partitions_def=group.partitions,
        backfill_policy=group.backfill_policy,
    )
    def event_profile(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with permanent_errors():
            profiles = pipeline.profile(days_of(context))
        for day, profile in profiles.items():
            uri = pipeline.destination.uri_of(pipeline.destination.profile_key(day))
            context.add_asset_metadata(profile_metadata(profile, uri), asset_key=key, partition_key=day)
        return dg.MaterializeResult(asset_key=key)

    return event_profile


def profile_metadata(profile: Mapping[str, Any], uri: str) -> dict[str, Any]:
    """A day's profile as tables: events, the fields that could name an item, and one event of each kind."""
    return {
        "sampled_events": profile["sampled_events"],
        "kinds_of_events": len(profile["events"]),
        "event_field": profile["event_field"] or "none was found",
        "events": _table(
            {"event": "string", "events": "int", "share": "float", "items": "string"},
            [
                {
                    "event": event["name"] or "(without a name)",
                    "events": event["events"],
                    "share": event["share"],
                    "items": ", ".join(f"{path} ({count})" for path, count in event["items"].items()) or "none",
                }
                for event in profile["events"]
            ],
        ),
        "item_fields": _table(
            {
                "path": "string",
                "each": "string",
                "events": "int",
                "values": "int",
                "distinct": "int",
                "samples": "string",
            },
            [
                {
                    "path": field["path"],
                    "each": field["each_of"] or "",
                    "events": field["events"],
                    "values": field["values"],
                    "distinct": field["distinct"],
                    "samples": ", ".join(field["samples"]),
                }
                for field in profile["item_fields"]
            ],
        ),
        "samples": dg.MetadataValue.md("\n\n".join(_code(event) for event in profile["samples"][:_SHOWN_SAMPLES])),
        "profile": dg.MetadataValue.path(uri),
    }


def _table(columns: Mapping[str, str], rows: list[dict[str, Any]]) -> dg.TableMetadataValue:
    schema = dg.TableSchema([dg.TableColumn(name, type=kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema=schema)


def _code(event: Mapping[str, Any]) -> str:
    text = as_text(event)
    if len(text) > _SAMPLE_CHARS:
        text = text[:_SAMPLE_CHARS] + " …"
    # A fence longer than any in the text: an event may hold markdown.
    return f"``````json\n{text.replace('``````', '`')}\n``````"
