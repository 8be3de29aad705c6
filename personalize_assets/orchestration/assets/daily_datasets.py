"""The daily datasets, as filtered_interactions and user_traits: the rows of each arrival day."""

from collections.abc import Iterator, Mapping

import dagster as dg

from personalize_assets.conversion.contract import Dataset
from personalize_assets.judging.check_facts import facts_of_all_days
from personalize_assets.judging.judged_days import make_days
from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import accounted, accounting_spec, rule_result, rule_spec
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.group import GroupDefs, arrival_days, selected
from personalize_assets.orchestration.metadata import Metadata, column_schema, day_metadata, run_metadata, storage
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.converted_days import converted_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.accounting import ACCOUNTED
from personalize_assets.quality.daily import DayFacts, daily_rules
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.destination import fingerprint


def daily_datasets(defs: GroupDefs) -> dg.AssetsDefinition:
    """The daily datasets, as one job of the engine that reads each raw file once for all of them."""
    group = defs.dataset_group
    keys = {name: defs.key(DAILY[name]) for name in group.datasets}

    @dg.multi_asset(
        name=defs.name("convert_days"),
        specs=[_spec(defs, name, key) for name, key in keys.items()],
        check_specs=[spec for name, key in keys.items() for spec in _check_specs(key, group.datasets[name])],
        partitions_def=defs.partitions,
        backfill_policy=defs.backfill_policy,
        can_subset=True,
        required_resource_keys={defs.engine_key},
        pool=defs.pool,
        op_tags=defs.op_tags,
    )
    def convert(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        if not make:
            yield from _check_current(group, context, keys)
            return
        days = arrival_days(context)
        charts = run_tags.has_ui(context)
        with user_errors():
            made = make_days(
                group,
                days,
                make,
                lambda spec: defs.run_convert(context, spec),
                # A retry need not do again what the try before has committed.
                resume=run_tags.resumes(context) or context.retry_number > 0,
                log=context.log.info,
            )
        run = run_metadata(made.report, defs.engine_name(context)) if made.report else Metadata()
        for name in make:
            facts = made.facts[name]
            for day, commit in facts.commits.items():
                uri = group.destination.uri_of(f"{DAILY[name]}/day={day}")
                of_run = run if day in made.converted else None
                metadata = day_metadata(commit, uri, facts.accounting[day], of_run, charts=charts)
                context.add_asset_metadata(metadata, asset_key=keys[name], partition_key=day)
            checks = selected(context, _check_results(keys[name], facts))
            yield dg.MaterializeResult(asset_key=keys[name], check_results=checks, data_version=_version(facts))

    return convert


def _version(facts: DayFacts) -> dg.DataVersion | None:
    """The digest of the raw files of a day; of several days Dagster takes one version alone, which would be of none."""
    contents = [commit.content for commit in facts.commits.values()]
    return dg.DataVersion(contents[0]) if len(contents) == 1 and contents[0] else None


def _spec(defs: GroupDefs, name: str, key: dg.AssetKey) -> dg.AssetSpec:
    dataset = defs.dataset_group.datasets[name]
    return dg.AssetSpec(
        key,
        deps=[defs.key("raw_event_catalog")],
        group_name=defs.group("datasets"),
        kinds=defs.kinds("parquet"),
        description=descriptions.daily(name),
        metadata={
            "dagster/column_schema": column_schema(dataset),
            **storage("parquet", defs.dataset_group.destination.uri_of(DAILY[name])),
        },
        code_version=fingerprint(dataset),
        **defs.owners_and_tags(name),
    )


def _check_specs(key: dg.AssetKey, dataset: Dataset) -> list[dg.AssetCheckSpec]:
    return [accounting_spec(ACCOUNTED, key), *(rule_spec(rule, key, strict=False) for rule in daily_rules(dataset))]


def _check_results(key: dg.AssetKey, facts: DayFacts) -> list[dg.AssetCheckResult]:
    return [
        accounted(key, facts.accounting, facts.commits),
        *(rule_result(rule, rule.judge(facts), key, strict=False) for rule in daily_rules(facts.dataset)),
    ]


def _check_current(
    group: DatasetGroup, context: dg.AssetExecutionContext, keys: Mapping[str, dg.AssetKey]
) -> Iterator[dg.AssetCheckResult]:
    """The checks of a run that makes no dataset: over all converted days."""
    for name, key in keys.items():
        if any(check.asset_key == key for check in context.selected_asset_check_keys):
            with user_errors():
                facts = facts_of_all_days(group, name, converted_days(group))
                results = _check_results(key, facts)
            yield from selected(context, results)
