"""The raw files themselves: they are made by others, and only watched here."""

from __future__ import annotations

import dagster as dg

from personalize_assets.orchestration.assets.descriptions import RAW_EVENTS
from personalize_assets.orchestration.group import Group


def raw_events(group: Group) -> dg.AssetSpec:
    source = group.pipeline.config.source
    return dg.AssetSpec(
        group.key("raw_events"),
        group_name="raw",
        partitions_def=group.partitions,
        kinds={"s3" if source.uri.startswith("s3://") else "file", "json"},
        description=RAW_EVENTS.format(layout=source.layout),
        **group.about(),
        metadata={"uri": dg.MetadataValue.path(source.uri), "layout": source.layout},
    )
