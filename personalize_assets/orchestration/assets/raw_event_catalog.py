"""raw_event_catalog: which files a day has, and which fields their events have."""

import dagster as dg

from personalize_assets.orchestration.assets.descriptions import CATALOG
from personalize_assets.orchestration.group import Group, days_of, permanent_errors
from personalize_assets.orchestration.metadata import catalog_metadata


def raw_event_catalog(group: Group) -> dg.AssetsDefinition:
    pipeline = group.pipeline
    key = group.key("raw_event_catalog")

    # A multi-asset of one: `backfill_policy` is beta on `@asset`, and its warning would greet every user.
    @dg.multi_asset(
        name=group.name("raw_event_catalog"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[group.key("raw_events")],
                group_name="catalog",
                kinds={"python", "json"},
                description=CATALOG,
                **group.about(),
            )
        ],
        partitions_def=group.partitions,
        backfill_policy=group.backfill_policy,
    )
    def raw_event_catalog(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with permanent_errors():
            catalogs = pipeline.catalog(days_of(context))
            described = pipeline.describe_for_athena(catalogs)
        for day, catalog in catalogs.items():
            uri = pipeline.destination.uri_of(pipeline.destination.catalog_key(day))
            context.add_asset_metadata(
                {**catalog_metadata(catalog, uri), **described}, asset_key=key, partition_key=day
            )
        return dg.MaterializeResult(asset_key=key)

    return raw_event_catalog
