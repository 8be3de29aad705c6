"""The tables of entities (users, items, actions) and the CSVs: over all arrival days."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.check_facts import judge_current_export
from personalize_assets.judging.judged_export import JudgedExport, make_export
from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import accounting_spec, exported, rule_result, rule_spec
from personalize_assets.orchestration.assets import descriptions
from personalize_assets.orchestration.automation import csv_freshness, export_condition
from personalize_assets.orchestration.group import GroupDefs, selected
from personalize_assets.orchestration.metadata import (
    Metadata,
    column_lineage,
    column_schema,
    csv_metadata,
    report_link,
    run_metadata,
    storage,
    table_metadata,
)
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.quality.accounting import EXPORTED
from personalize_assets.quality.evaluate import Judged, export_rules
from personalize_assets.quality.rule import ExportFacts
from personalize_assets.report.writing import try_report
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.destination import fingerprint


def exports(defs: GroupDefs) -> dg.AssetsDefinition:
    """The tables and CSVs, as one job of the engine over the daily files.

    A CSV is judged before it becomes the current one: see ``make_export``. If one is refused, the run fails after
    everything else was yielded, and the checks show why.
    """
    group = defs.dataset_group
    specs = list(_specs(defs))
    keys = {spec.key.path[-1]: spec.key for spec in specs}

    @dg.multi_asset(
        name=defs.name("export_all"),
        specs=specs,
        check_specs=[*(accounting_spec(EXPORTED, key) for key in keys.values()), *_rule_specs(defs)],
        can_subset=True,
        required_resource_keys={defs.engine_key},
        pool=defs.pool,
        op_tags=defs.op_tags,
    )
    def export(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        make = [name for name, key in keys.items() if key in context.selected_asset_keys]
        checked = {check.asset_key for check in context.selected_asset_check_keys}
        for name, key in keys.items():
            if name not in make and key in checked:
                with user_errors():
                    current = _check_current(defs, name, key)
                yield from selected(context, current)
        if not make:
            return
        with user_errors():
            made = make_export(group, make, lambda spec: defs.run_export(context, spec))
        report = try_report(group, made.states, warn=context.log.warning)
        charts = run_tags.has_ui(context)
        for name in make:
            checks = selected(context, _check_results(defs, name, keys[name], made))
            metadata = _metadata(defs, name, made, defs.engine_name(context), charts, report)
            if metadata is None:
                yield from checks
            else:
                version = _version(name, made)
                yield dg.MaterializeResult(
                    asset_key=keys[name], metadata=metadata, check_results=checks, data_version=version
                )
        if made.refused:
            with user_errors():
                raise PersonalizeAssetsError("\n".join(made.refused.values()))

    return export


def _version(name: str, made: JudgedExport) -> dg.DataVersion | None:
    """The digest of a CSV, or that of the days that went into a table: the same if nothing has changed."""
    table = made.outcome.tables.get(name)
    if table is not None:
        return dg.DataVersion(f"{table.inputs} {table.mapping}") if table.inputs else None
    manifest = made.outcome.manifests.get(name.removesuffix("_csv"))
    return dg.DataVersion(manifest.sha256) if manifest else None


def _metadata(
    defs: GroupDefs, name: str, made: JudgedExport, engine: str, charts: bool, report: str | None
) -> Metadata | None:
    """The metadata of a table or CSV; None if it was refused."""
    destination = defs.dataset_group.destination
    dataset = name.removesuffix("_csv")
    if name in made.outcome.tables:
        metadata = table_metadata(made.outcome.tables[name], destination.uri_of(name), charts=charts)
    elif name != dataset and dataset in made.outcome.manifests:
        manifest = made.outcome.manifests[dataset]
        exported_now = made.report.datasets[dataset]
        metadata = {
            **csv_metadata(manifest, destination.uri_of(manifest.path), charts=charts),
            "parts": len(exported_now.parts),
            "parts_of_former_exports": exported_now.reused,
            **report_link(report),
        }
    else:
        return None
    return {**metadata, **run_metadata(made.report, engine)}


def _check_results(defs: GroupDefs, name: str, key: dg.AssetKey, made: JudgedExport) -> list[dg.AssetCheckResult]:
    dataset = name.removesuffix("_csv")
    judged = [] if name == dataset else made.judged[dataset]
    return [exported(key, made.outcome.counts[dataset]), *_rule_results(defs, judged, key)]


def _check_current(defs: GroupDefs, name: str, key: dg.AssetKey) -> list[dg.AssetCheckResult]:
    """The checks of a table or CSV that the run does not make: of the current one."""
    group = defs.dataset_group
    dataset = name.removesuffix("_csv")
    is_table = name == dataset
    destination = group.destination
    found = destination.tables.current(name) if is_table else destination.exports.manifest(dataset)
    if found is None:
        raise PersonalizeAssetsError(f"{name} does not exist, so there is nothing to check; materialize it first")
    judged = [] if is_table else judge_current_export(group, dataset)
    return [*_rule_results(defs, judged, key), exported(key, found)]


def _rule_results(defs: GroupDefs, judged: Judged[ExportFacts], key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    strict = defs.dataset_group.config.is_strict
    return (rule_result(rule, finding, key, strict=strict) for rule, finding in judged)


def _rule_specs(defs: GroupDefs) -> Iterator[dg.AssetCheckSpec]:
    config = defs.dataset_group.config
    for name, dataset in defs.dataset_group.datasets.items():
        for rule in export_rules(dataset, config.dataset_group.domain):
            yield rule_spec(rule, defs.key(f"{name}_csv"), strict=config.is_strict)


def _specs(defs: GroupDefs) -> Iterator[dg.AssetSpec]:
    condition = export_condition(defs)
    for name, dataset in defs.dataset_group.datasets.items():
        # All days are read, so all partitions of the daily asset are upstream alike.
        daily = dg.AssetDep(defs.key(DAILY[name]), partition_mapping=dg.AllPartitionMapping())
        columns = {"dagster/column_schema": column_schema(dataset)}
        has_table = not dataset.is_events
        above = defs.key(name if has_table else DAILY[name])
        uri_of = defs.dataset_group.destination.uri_of
        if has_table:
            yield dg.AssetSpec(
                defs.key(name),
                deps=[daily],
                group_name=defs.group("datasets"),
                kinds=defs.kinds("parquet"),
                description=descriptions.TABLE.format(name=name, one=descriptions.singular(name), id=dataset.ids[0]),
                metadata={
                    **columns,
                    **storage("parquet", uri_of(name)),
                    **column_lineage(dataset, defs.key(DAILY[name])),
                },
                code_version=fingerprint(dataset),
                automation_condition=condition,
                **defs.owners_and_tags(name),
            )
        yield dg.AssetSpec(
            defs.key(f"{name}_csv"),
            deps=[defs.key(name) if has_table else daily],
            group_name=defs.group("exports"),
            kinds=defs.kinds("csv"),
            description=descriptions.CSV.format(
                name=name,
                title=DATASET_TYPES[name].title,
                one=descriptions.singular(name),
                key=descriptions.csv_key(dataset),
            ),
            metadata={**columns, **storage("csv", uri_of("exports/latest.json")), **column_lineage(dataset, above)},
            code_version=fingerprint(dataset),
            automation_condition=condition,
            freshness_policy=csv_freshness(defs),
            **defs.owners_and_tags(name),
        )
