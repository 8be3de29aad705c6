"""The exports: users and items over all days, and the CSV files that Personalize imports."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.assets.group import Group, permanent_errors
from personalize_assets.automation import condition, freshness
from personalize_assets.checks import exported, exported_spec
from personalize_assets.metadata import csv_metadata, engine_metadata, table_metadata
from personalize_assets.storage import DAILY

_ONE_ROW = "One row a {one} over all days: for each column the latest value that is not null."
_CSV = (
    "The file (or folder of files, with `single_file: false`) to import into the {name} dataset, over all days; "
    "`exports/` holds its manifest."
)


def export(group: Group) -> dg.AssetsDefinition:
    """The tables and CSVs, as one Spark job over the daily files."""
    pipeline = group.pipeline
    specs = list(_specs(group))
    keys = {spec.key.path[-1]: spec.key for spec in specs}

    @dg.multi_asset(
        name=group.name("export_all"),
        specs=specs,
        check_specs=[exported_spec(key) for key in keys.values()],
        can_subset=True,
        required_resource_keys={group.engine_key},
        pool=group.pool,
    )
    def export(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        with permanent_errors():
            spec, inputs = pipeline.export_spec(make)
            report = group.engine(context).run(context, spec)
            done = pipeline.commit_export(spec, inputs, report)
        destination = pipeline.destination
        for name in make:
            if name in pipeline.datasets:
                metadata = table_metadata(done[name], destination.uri_of(name))
            else:
                metadata = csv_metadata(done[name], destination.uri_of(done[name]["path"]))
            checks = [exported(keys[name], done[name])] if group.is_checked(context, keys[name]) else []
            metadata |= engine_metadata(report)
            yield dg.MaterializeResult(asset_key=keys[name], metadata=metadata, check_results=checks)

    return export


def _specs(group: Group) -> Iterator[dg.AssetSpec]:
    follows = condition(group)
    for name in group.pipeline.datasets:
        # All days are read, so no partition of the daily asset is closer than another.
        daily = dg.AssetDep(group.key(DAILY[name]), partition_mapping=dg.AllPartitionMapping())
        above: dg.AssetDep | dg.AssetKey = daily
        if name != "interactions":
            above = group.key(name)
            yield dg.AssetSpec(
                above,
                deps=[daily],
                group_name="datasets",
                kinds={"pyspark", "parquet"},
                description=_ONE_ROW.format(one=name.removesuffix("s")),
                automation_condition=follows,
            )
        yield dg.AssetSpec(
            group.key(f"{name}_csv"),
            deps=[above],
            group_name="exports",
            kinds={"pyspark", "csv"},
            description=_CSV.format(name=name.capitalize()),
            automation_condition=follows,
            freshness_policy=freshness(group),
        )
