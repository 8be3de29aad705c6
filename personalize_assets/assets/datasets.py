"""The datasets: what each day's events say (``convert``), and users and items over all days (in ``exports``)."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from personalize_assets.assets.group import Group, days_of, permanent_errors, resumes
from personalize_assets.checks import accounted, accounted_spec
from personalize_assets.metadata import day_metadata, engine_metadata
from personalize_assets.storage import DAILY

_DESCRIPTIONS = {
    "interactions": "One row for each wanted event (or each element of its `each` array) of an arrival day, in the "
    "columns of the config. Rows that cannot be used lie in `rejects/` with their reason.",
    "users": "What an arrival day's events say about users, one row an event; `users` takes the latest of all days.",
    "items": "What an arrival day's events say about items, one row an event or array element; `items` takes the "
    "latest of all days.",
}


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
                description=_DESCRIPTIONS[name],
            )
            for name, key in keys.items()
        ],
        check_specs=[accounted_spec(key) for key in keys.values()],
        partitions_def=group.partitions,
        backfill_policy=group.backfill_policy,
        can_subset=True,
        required_resource_keys={group.engine_key},
        pool=group.pool,
    )
    def convert(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        days = days_of(context)
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        with permanent_errors():
            commits, books = pipeline.finished(days if resumes(context) else [], make)
            finished = next(iter(commits.values()))
            rest = [day for day in days if day.isoformat() not in finished]
            if finished:
                context.log.info(f"{len(finished)} of {len(days)} days are finished and left as they are")
            report: dict[str, Any] = {}
            if rest:
                spec = pipeline.convert_spec(rest, make)
                report = group.engine(context).run(context, spec)
                for name, made in pipeline.commit_convert(rest, spec, report).items():
                    commits[name].update(made)
                    books[name].update(pipeline.books(name, made, report))
        for name in make:
            for day, commit in commits[name].items():
                uri = pipeline.destination.uri_of(f"{DAILY[name]}/day={day}")
                metadata = day_metadata(commit, uri)
                if day not in finished:
                    metadata = {**metadata, **engine_metadata(report)}
                context.add_asset_metadata(metadata, asset_key=keys[name], partition_key=day)
            checks = (
                [accounted(keys[name], books[name], commits[name])] if group.is_checked(context, keys[name]) else []
            )
            yield dg.MaterializeResult(asset_key=keys[name], check_results=checks)

    return convert
