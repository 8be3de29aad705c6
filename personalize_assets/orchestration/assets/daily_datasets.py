"""filtered_interactions, user_traits and item_details: the rows of each arrival day."""

from collections.abc import Iterator, Mapping

import dagster as dg

from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import accounted, accounting_spec, rule_result, rule_spec
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.check_facts import day_facts
from personalize_assets.orchestration.group import GroupDefs, arrival_days, selected
from personalize_assets.orchestration.metadata import Metadata, column_schema, day_metadata, run_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.convert import ConvertedDays, commit_convert, finished_days, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.accounting import ACCOUNTED
from personalize_assets.quality.daily import DAILY_RULES, DayFacts
from personalize_assets.storage.destination import DAILY


def daily_datasets(defs: GroupDefs) -> dg.AssetsDefinition:
    """The daily datasets, as one job of the engine that reads each raw file once for all of them."""
    group = defs.dataset_group
    keys = {name: defs.key(DAILY[name]) for name in group.datasets}

    @dg.multi_asset(
        name=defs.name("convert_days"),
        specs=[_spec(defs, name, key) for name, key in keys.items()],
        check_specs=[spec for key in keys.values() for spec in _check_specs(key)],
        partitions_def=defs.partitions,
        backfill_policy=defs.backfill_policy,
        can_subset=True,
        required_resource_keys={defs.engine_key},
        pool=defs.pool,
    )
    def convert(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        if not make:
            yield from _check_current(group, context, keys)
            return
        days = arrival_days(context)
        charts = run_tags.has_ui(context)
        with user_errors():
            finished = finished_days(group, days if run_tags.resumes(context) else [], make)
            rest = [day for day in days if day.isoformat() not in finished.days()]
            if len(rest) < len(days):
                context.log.info(f"{len(days) - len(rest)} of {len(days)} days are finished and left as they are")
            converted, run = ConvertedDays(), Metadata()
            if rest:
                spec = plan_convert(group, rest, make)
                report = defs.run_convert(context, spec)
                run = run_metadata(report, group.config.engine)
                converted = commit_convert(group, rest, spec, report)
            days_made = finished + converted
            facts = {name: day_facts(group, name, days_made.commits[name], days_made.accounting[name]) for name in make}
        for name in make:
            for day, commit in facts[name].commits.items():
                uri = group.destination.uri_of(f"{DAILY[name]}/day={day}")
                of_run = run if day in converted.days() else None
                metadata = day_metadata(commit, uri, facts[name].accounting[day], of_run, charts=charts)
                context.add_asset_metadata(metadata, asset_key=keys[name], partition_key=day)
            checks = selected(context, _check_results(keys[name], facts[name]))
            yield dg.MaterializeResult(asset_key=keys[name], check_results=checks)

    return convert


def _spec(defs: GroupDefs, name: str, key: dg.AssetKey) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        deps=[defs.key("raw_event_catalog")],
        group_name="datasets",
        kinds={"pyspark", "parquet"},
        description=descriptions.DAILY[name],
        metadata={"dagster/column_schema": column_schema(defs.dataset_group.datasets[name])},
        **defs.owners_and_tags(name),
    )


def _check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [accounting_spec(ACCOUNTED, key), *(rule_spec(rule, key, strict=False) for rule in DAILY_RULES)]


def _check_results(key: dg.AssetKey, facts: DayFacts) -> list[dg.AssetCheckResult]:
    return [
        accounted(key, facts.accounting, facts.commits),
        *(rule_result(rule, rule.judge(facts), key, strict=False) for rule in DAILY_RULES),
    ]


def _check_current(
    group: DatasetGroup, context: dg.AssetExecutionContext, keys: Mapping[str, dg.AssetKey]
) -> Iterator[dg.AssetCheckResult]:
    """The checks of a run that makes no dataset: over all converted days."""
    for name, key in keys.items():
        if any(check.asset_key == key for check in context.selected_asset_check_keys):
            with user_errors():
                accounting = group.destination.daily_accounting(group.source_ids[name])
                commits = group.destination.daily_commits(name)
                # A day from before the dataset got a source of its own has the accounting of another source.
                days = [day for day in commits if day in accounting]
                facts = day_facts(
                    group, name, {day: commits[day] for day in days}, {day: accounting[day] for day in days}
                )
                results = _check_results(key, facts)
            yield from selected(context, results)
