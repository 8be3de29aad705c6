"""The exports: users and items over all days, and the CSV files that Personalize imports."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.conversion.contract import IDS
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration.accounting_checks import exported, exported_spec
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.automation import condition, freshness
from personalize_assets.orchestration.check_results import result_of, spec_of
from personalize_assets.orchestration.group import Group, is_seen, permanent_errors
from personalize_assets.orchestration.metadata import column_schema, csv_metadata, run_metadata, table_metadata
from personalize_assets.quality.evaluate import export_rules, judge_exports, judge_in_force, refusals, why_refused
from personalize_assets.storage.destination import DAILY


def export(group: Group) -> dg.AssetsDefinition:
    """The tables and CSVs, as one Spark job over the daily files.

    The checks of a CSV are judged before it comes into force. What Personalize would refuse does not replace the former
    CSV, unless the config says ``checks: warn``; the run fails, and the checks show why.
    """
    pipeline = group.pipeline
    strict = pipeline.config.is_strict
    specs = list(_specs(group))
    keys = {spec.key.path[-1]: spec.key for spec in specs}

    @dg.multi_asset(
        name=group.name("export_all"),
        specs=specs,
        check_specs=[*(exported_spec(key) for key in keys.values()), *_check_specs(group)],
        can_subset=True,
        required_resource_keys={group.engine_key},
        pool=group.pool,
    )
    def export(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        checked = {check.asset_key for check in context.selected_asset_check_keys}
        for name, key in keys.items():
            if name not in make and key in checked:
                with permanent_errors():
                    in_force = list(_checked_in_force(group, name, key))
                yield from group.asked_for(context, in_force)
        if not make:
            return
        with permanent_errors():
            spec, inputs = pipeline.export_spec(make)
            report = group.engine(context).run(context, spec)
            judged = judge_exports(pipeline, spec, inputs, report)
            refused = {name: reasons for name in judged if strict and (reasons := refusals(judged[name]))}
            done = pipeline.commit_export(spec, inputs, report, refused)
        destination, seen = pipeline.destination, is_seen(context)
        for name in make:
            dataset = name.removesuffix("_csv")
            checks = [exported(keys[name], pipeline.export_counts(dataset, inputs, report))]
            if name != dataset:
                checks += [result_of(rule, finding, keys[name], strict) for rule, finding in judged[dataset]]
            checks = group.asked_for(context, checks)
            if name not in done:
                yield from checks
                continue
            if name in pipeline.datasets:
                metadata = table_metadata(done[name], destination.uri_of(name), charts=seen)
            else:
                metadata = csv_metadata(done[name], destination.uri_of(done[name]["path"]), charts=seen)
            metadata.update(run_metadata(report, pipeline.config.engine))
            yield dg.MaterializeResult(asset_key=keys[name], metadata=metadata, check_results=checks)
        if refused:
            with permanent_errors():
                raise PersonalizeAssetsError("\n".join(_told(group, name, why) for name, why in refused.items()))

    return export


def _checked_in_force(group: Group, name: str, key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """The checks of a table or CSV that is not made in this run: somebody asked for them alone."""
    pipeline = group.pipeline
    dataset = name.removesuffix("_csv")
    if name == dataset:
        counts = pipeline.destination.table_commit(name)
    else:
        counts = pipeline.destination.manifest(dataset)
        for rule, finding in judge_in_force(pipeline, dataset):
            yield result_of(rule, finding, key, pipeline.config.is_strict)
    if counts is None:
        raise PersonalizeAssetsError(f"{name} is not there, so there is nothing to check; materialize it first")
    yield exported(key, counts)


def _told(group: Group, name: str, reasons: list[str]) -> str:
    manifest = group.pipeline.destination.manifest(name)
    there = "No former export is there"
    if manifest is not None:
        there = f"The former export of run {manifest['run']}, with {manifest['rows']:,} rows, stays in force"
    return why_refused(name, reasons, there)


def _check_specs(group: Group) -> Iterator[dg.AssetCheckSpec]:
    config = group.pipeline.config
    for name, dataset in group.pipeline.datasets.items():
        for rule in export_rules(dataset, config.dataset_group.domain):
            yield spec_of(rule, group.key(f"{name}_csv"), config.is_strict)


def _specs(group: Group) -> Iterator[dg.AssetSpec]:
    follows = condition(group)
    for name in group.pipeline.datasets:
        # All days are read, so no partition of the daily asset is closer than another.
        daily = dg.AssetDep(group.key(DAILY[name]), partition_mapping=dg.AllPartitionMapping())
        columns = {"dagster/column_schema": column_schema(group.pipeline.datasets[name])}
        above: dg.AssetDep | dg.AssetKey = daily
        if name != "interactions":
            above = group.key(name)
            yield dg.AssetSpec(
                above,
                deps=[daily],
                group_name="datasets",
                kinds={"pyspark", "parquet"},
                description=descriptions.TABLE.format(name=name, one=descriptions.one_of(name), id=IDS[name][0]),
                metadata=columns,
                automation_condition=follows,
                **group.about(name),
            )
        yield dg.AssetSpec(
            group.key(f"{name}_csv"),
            deps=[above],
            group_name="exports",
            kinds={"pyspark", "csv"},
            description=descriptions.CSV.format(
                name=name, title=name.capitalize(), one=descriptions.one_of(name), key=descriptions.CSV_KEYS[name]
            ),
            metadata=columns,
            automation_condition=follows,
            freshness_policy=freshness(group),
            **group.about(name),
        )
