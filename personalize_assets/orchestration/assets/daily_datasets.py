"""filtered_interactions, user_traits and item_details: the rows of each arrival day."""

from collections.abc import Iterator, Mapping

import dagster as dg
import msgspec

from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import accounted, accounting_spec, rule_result, rule_spec
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.check_facts import day_facts
from personalize_assets.orchestration.group import GroupDefs, arrival_days, selected
from personalize_assets.orchestration.metadata import Metadata, column_schema, day_metadata, run_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.quality.accounting import ACCOUNTED
from personalize_assets.quality.daily import DAILY_RULES, DayFacts
from personalize_assets.storage.destination import DAILY
from personalize_assets.storage.manifests import DayAccounting, DayCommit


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
            commits, books = group.finished(days if run_tags.resumes(context) else [], make)
            finished = set(next(iter(commits.values())))
            rest = [day for day in days if day.isoformat() not in finished]
            if finished:
                context.log.info(f"{len(finished)} of {len(days)} days are finished and left as they are")
            run: Metadata = {}
            if rest:
                spec = group.convert_spec(rest, make)
                report = defs.engine(context).run(context, spec)
                run = run_metadata(report["seconds"], group.config.engine, report.get("engine", {}))
                for name, made in group.commit_convert(rest, spec, report).items():
                    commits[name].update(made)
                    books[name].update(group.books(name, made, report))
            facts = {
                name: day_facts(
                    group,
                    name,
                    msgspec.convert(commits[name], dict[str, DayCommit]),
                    msgspec.convert(books[name], dict[str, DayAccounting]),
                )
                for name in make
            }
        for name in make:
            for day, commit in facts[name].commits.items():
                uri = group.destination.uri_of(f"{DAILY[name]}/day={day}")
                of_run = None if day in finished else run
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
    group: Pipeline, context: dg.AssetExecutionContext, keys: Mapping[str, dg.AssetKey]
) -> Iterator[dg.AssetCheckResult]:
    """The checks of a run that makes no dataset: over all converted days."""
    for name, key in keys.items():
        if any(check.asset_key == key for check in context.selected_asset_check_keys):
            with user_errors():
                read = msgspec.convert(group.destination.daily_books(group.source_ids[name]), dict[str, DayAccounting])
                found = msgspec.convert(group.destination.daily_commits(name), dict[str, DayCommit])
                # Days from before the dataset got a source of its own have the accounting of another source.
                commits = {day: commit for day, commit in found.items() if day in read}
                facts = day_facts(group, name, commits, {day: read[day] for day in commits})
                results = _check_results(key, facts)
            yield from selected(context, results)
