"""event_profile: which events an arrival day has, for choosing ``where`` and ``columns``."""

import dagster as dg

from personalize_assets.orchestration.assets.descriptions import EVENT_PROFILE
from personalize_assets.orchestration.group import GroupDefs, arrival_days
from personalize_assets.orchestration.metadata import event_profile_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.catalog import profile_days


def event_profile(defs: GroupDefs) -> dg.AssetsDefinition:
    """Profiles the events of the days of a run, which must be catalogued."""
    group = defs.dataset_group
    key = defs.key("event_profile")

    # A multi-asset of one, for the reason given in `raw_event_catalog`.
    @dg.multi_asset(
        name=defs.name("event_profile"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[defs.key("raw_event_catalog")],
                group_name=defs.group("catalog"),
                kinds={"python", "json"},
                description=EVENT_PROFILE,
                **defs.owners_and_tags(),
            )
        ],
        partitions_def=defs.partitions,
        backfill_policy=defs.backfill_policy,
        op_tags=defs.op_tags,
    )
    def event_profile(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with user_errors():
            profiles = profile_days(group, arrival_days(context))
        for day, profile in profiles.items():
            uri = group.destination.uri_of(group.destination.profile_key(day))
            context.add_asset_metadata(event_profile_metadata(profile, uri), asset_key=key, partition_key=day)
        return dg.MaterializeResult(asset_key=key)

    return event_profile
