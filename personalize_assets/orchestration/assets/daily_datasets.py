"""The datasets: what each day's events say (``convert``), and users and items over all days (in ``exports``)."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from personalize_assets.orchestration.accounting_checks import accounted, accounted_spec
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.check_results import result_of, spec_of
from personalize_assets.orchestration.group import Group, days_of, is_seen, permanent_errors, resumes
from personalize_assets.orchestration.metadata import column_schema, day_metadata, run_metadata
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.quality.daily import DAILY_RULES, DayFacts, days_before
from personalize_assets.storage.destination import DAILY

Commits = Mapping[str, Mapping[str, Any]]


def convert(group: Group) -> dg.AssetsDefinition:
    """The daily datasets, as one Spark job that reads each raw file once, however many of them are asked for."""
    pipeline = group.pipeline
    keys = {name: group.key(DAILY[name]) for name in pipeline.datasets}

    @dg.multi_asset(
        name=group.name("convert_days"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[group.key("raw_event_catalog")],
                group_name="datasets",
                kinds={"pyspark", "parquet"},
                description=descriptions.DAILY[name],
                metadata={"dagster/column_schema": column_schema(pipeline.datasets[name])},
                **group.about(name),
            )
            for name, key in keys.items()
        ],
        check_specs=[
            spec
            for key in keys.values()
            for spec in (accounted_spec(key), *(spec_of(rule, key, strict=False) for rule in DAILY_RULES))
        ],
        partitions_def=group.partitions,
        backfill_policy=group.backfill_policy,
        can_subset=True,
        required_resource_keys={group.engine_key},
        pool=group.pool,
    )
    def convert(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        if not make:
            yield from _checked_in_force(group, context, keys)
            return
        days = days_of(context)
        with permanent_errors():
            commits, books = pipeline.finished(days if resumes(context) else [], make)
            finished = set(next(iter(commits.values())))
            rest = [day for day in days if day.isoformat() not in finished]
            if finished:
                context.log.info(f"{len(finished)} of {len(days)} days are finished and left as they are")
            run: dict[str, Any] = {}
            if rest:
                spec = pipeline.convert_spec(rest, make)
                report = group.engine(context).run(context, spec)
                run = run_metadata(report, pipeline.config.engine)
                for name, made in pipeline.commit_convert(rest, spec, report).items():
                    commits[name].update(made)
                    books[name].update(pipeline.books(name, made, report))
            facts = {name: _facts(pipeline, name, commits[name], books[name]) for name in make}
        for name in make:
            for day, commit in commits[name].items():
                uri = pipeline.destination.uri_of(f"{DAILY[name]}/day={day}")
                of_run = None if day in finished else run
                shown = day_metadata(commit, uri, books[name][day], of_run, charts=is_seen(context))
                context.add_asset_metadata(shown, asset_key=keys[name], partition_key=day)
            checks = group.asked_for(context, _checks(keys[name], facts[name]))
            yield dg.MaterializeResult(asset_key=keys[name], check_results=checks)

    return convert


def _checks(key: dg.AssetKey, facts: DayFacts) -> list[dg.AssetCheckResult]:
    return [
        accounted(key, facts.books, facts.commits),
        *(result_of(rule, rule.judge(facts), key, strict=False) for rule in DAILY_RULES),
    ]


def _checked_in_force(
    group: Group, context: dg.AssetExecutionContext, keys: Mapping[str, dg.AssetKey]
) -> Iterator[dg.AssetCheckResult]:
    """The checks alone, when somebody asks for them: over all days that are converted."""
    pipeline = group.pipeline
    for name, key in keys.items():
        if any(check.asset_key == key for check in context.selected_asset_check_keys):
            with permanent_errors():
                books = pipeline.destination.daily_books(pipeline.source_ids[name])
                # A dataset that was given a source of its own has days whose books are another source's.
                commits = {
                    day: commit for day, commit in pipeline.destination.daily_commits(name).items() if day in books
                }
                books = {day: books[day] for day in commits}
                checks = _checks(key, _facts(pipeline, name, commits, books))
            yield from group.asked_for(context, checks)


def _facts(pipeline: Pipeline, name: str, commits: Commits, books: Commits) -> DayFacts:
    before = {day for of_run in commits for day in days_before(of_run)} - commits.keys()
    known = {**pipeline.destination.commits_of(name, before), **commits}
    return DayFacts(
        pipeline.datasets[name],
        commits,
        books,
        {day: commit["kept"] for day, commit in known.items()},
        lambda day: pipeline.first_rejects(name, day, 5),
    )
