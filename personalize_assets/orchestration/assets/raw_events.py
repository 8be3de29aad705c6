"""raw_events: the external asset of the raw files. They are written by others; the arrivals sensor reports them."""

from __future__ import annotations

import dagster as dg

from personalize_assets.orchestration.assets.descriptions import RAW_EVENTS, RAW_ROWS
from personalize_assets.orchestration.group import GroupDefs


def raw_events(defs: GroupDefs) -> dg.AssetSpec:
    """The raw files of the main source by arrival day, or the rows of its warehouse."""
    source = defs.dataset_group.config.source
    if (redshift := source.redshift) is not None:
        where = redshift.workgroup or redshift.cluster
        tables = [f"{redshift.schema_}.{table}" for table in redshift.tables] or ["a query"]
        return dg.AssetSpec(
            defs.key("raw_events"),
            group_name=defs.group("raw"),
            partitions_def=defs.partitions,
            kinds={"redshift"},
            description=RAW_ROWS.format(arrival=redshift.arrival),
            metadata={"warehouse": where, "database": redshift.database, "tables": ", ".join(tables)},
            **defs.owners_and_tags(),
        )
    return dg.AssetSpec(
        defs.key("raw_events"),
        group_name=defs.group("raw"),
        partitions_def=defs.partitions,
        kinds={"s3" if source.uris[0].startswith("s3://") else "file", "json"},
        description=RAW_EVENTS.format(layout=source.layout),
        metadata={"uri": dg.MetadataValue.path(", ".join(source.uris)), "layout": source.layout},
        **defs.owners_and_tags(),
    )
