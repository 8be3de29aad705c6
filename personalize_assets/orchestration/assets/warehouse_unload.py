"""warehouse_unload: the rows of an arrival day, unloaded from Redshift to the source's raw files."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import rule_result, rule_spec
from personalize_assets.orchestration.assets.descriptions import UNLOAD
from personalize_assets.orchestration.group import GroupDefs, arrival_days
from personalize_assets.orchestration.metadata import unload_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.unload import unload_days
from personalize_assets.quality.unloaded import UNLOAD_RULES, UnloadFacts


def warehouse_unload(defs: GroupDefs) -> dg.AssetsDefinition:
    """Unloads the days of a run. If the run is cancelled, so are its statements."""
    group = defs.dataset_group
    key = defs.key("warehouse_unload")

    # A multi-asset of one, for the reason given in `raw_event_catalog`.
    @dg.multi_asset(
        name=defs.name("warehouse_unload"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[defs.key("raw_events")],
                group_name=defs.group("raw"),
                kinds={"redshift", "parquet"},
                description=UNLOAD,
                **defs.owners_and_tags(),
            )
        ],
        check_specs=[rule_spec(rule, key, strict=False) for rule in UNLOAD_RULES],
        partitions_def=defs.partitions,
        backfill_policy=defs.backfill_policy,
        op_tags=defs.op_tags,
        pool="redshift",
    )
    def unload(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with user_errors():
            records = unload_days(
                group,
                arrival_days(context),
                since=run_tags.began(context),
                resume=run_tags.resumes(context),
                log=context.log.info,
            )
        for day, of_day in records.items():
            uri = group.config.source.uris[0]
            metadata = unload_metadata(of_day, f"{uri}/day={day}/")
            context.add_asset_metadata(metadata, asset_key=key, partition_key=day.isoformat())
        facts = UnloadFacts({day.isoformat(): of_day for day, of_day in records.items()})
        results = [rule_result(rule, rule.judge(facts), key, strict=False) for rule in UNLOAD_RULES]
        yield dg.MaterializeResult(asset_key=key, check_results=results)

    return unload
