"""raw_event_catalog: which files an arrival day has, and which fields their events have."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.conversion.progress import lines
from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import rule_result, rule_spec
from personalize_assets.orchestration.assets.descriptions import CATALOG
from personalize_assets.orchestration.group import GroupDefs, arrival_days
from personalize_assets.orchestration.metadata import catalog_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.catalog import catalog_days, register_in_athena
from personalize_assets.quality.catalogued import CATALOG_RULES, CatalogFacts
from personalize_assets.storage.unread_keys import NO_KEYS


def raw_event_catalog(defs: GroupDefs) -> dg.AssetsDefinition:
    """Catalogs the days of a run, and registers them in Athena if the config says so."""
    group = defs.dataset_group
    key = defs.key("raw_event_catalog")

    # A multi-asset of one, because `backfill_policy` is beta on `@asset` and Dagster would warn every user of it.
    @dg.multi_asset(
        name=defs.name("raw_event_catalog"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[defs.key("warehouse_unload" if group.config.source.redshift else "raw_events")],
                group_name=defs.group("catalog"),
                kinds={"python", "json"},
                description=CATALOG,
                **defs.owners_and_tags(),
            )
        ],
        check_specs=[rule_spec(rule, key, strict=False) for rule in CATALOG_RULES],
        partitions_def=defs.partitions,
        backfill_policy=defs.backfill_policy,
        op_tags=defs.op_tags,
    )
    def raw_event_catalog(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with user_errors():
            catalogs = catalog_days(
                group,
                arrival_days(context),
                resume=run_tags.resumes(context),
                on_progress=lines(context.log.info),
            )
            athena = register_in_athena(group, catalogs)
        for day, catalog in catalogs.items():
            uri = group.destination.uri_of(group.destination.catalog_key(day))
            metadata = {**catalog_metadata(catalog, uri), **athena}
            context.add_asset_metadata(metadata, asset_key=key, partition_key=day)
        elsewhere = sum((source.unfit_elsewhere for source in group.sources.values()), NO_KEYS)
        facts = CatalogFacts(catalogs, elsewhere)
        results = [rule_result(rule, rule.judge(facts), key, strict=False) for rule in CATALOG_RULES]
        yield dg.MaterializeResult(asset_key=key, check_results=results)

    return raw_event_catalog
