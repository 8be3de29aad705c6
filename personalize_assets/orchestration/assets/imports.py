"""interactions_import, users_import, items_import: what Personalize holds of the exports."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from personalize_assets.conversion.dataset_types import DATASET_TYPES
from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.asset_checks import rule_result, rule_spec
from personalize_assets.orchestration.assets.descriptions import IMPORT
from personalize_assets.orchestration.automation import import_condition
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.orchestration.import_metadata import import_metadata
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.importing.access import imported_datasets, open_personalize
from personalize_assets.pipeline.importing.compared_import import ComparedImport, import_and_compare
from personalize_assets.pipeline.importing.polling import Polling
from personalize_assets.quality.imported import IMPORT_RULES, ImportFacts

POOL = "personalize"
"""Of all imports: Personalize runs five at once in a region and account."""


def imports(defs: GroupDefs) -> list[dg.AssetsDefinition]:
    """``<dataset>_import`` for each dataset that is imported; none where imports are off."""
    if not defs.dataset_group.config.import_.on:
        return []
    return [_import(defs, name) for name in imported_datasets(defs.dataset_group)]


def _import(defs: GroupDefs, name: str) -> dg.AssetsDefinition:
    group = defs.dataset_group
    key = defs.key(f"{name}_import")

    # A multi-asset of one, for the reason given in `raw_event_catalog`.
    @dg.multi_asset(
        name=defs.name(f"{name}_import"),
        specs=[
            dg.AssetSpec(
                key,
                deps=[defs.key(f"{name}_csv"), defs.key(f"{name}_schema")],
                group_name=defs.group("imports"),
                kinds={"aws", "personalize"},
                description=IMPORT.format(name=name, title=DATASET_TYPES[name].title),
                automation_condition=import_condition(),
                **defs.owners_and_tags(name),
            )
        ],
        check_specs=[rule_spec(rule, key, strict=False) for rule in IMPORT_RULES],
        op_tags=defs.op_tags,
        pool=POOL,
    )
    def import_(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with user_errors():
            api, polling = open_personalize(group), Polling(context.log.info)
            done = import_and_compare(group, name, api, polling, again=run_tags.imports_again(context))
        outcome = done.outcome
        facts = import_facts(done)
        results = [rule_result(rule, rule.judge(facts), key, strict=False) for rule in IMPORT_RULES]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=import_metadata(outcome, done.comparison, charts=run_tags.has_ui(context)),
            check_results=results,
            data_version=dg.DataVersion(outcome.held.sha256) if outcome.held else None,
        )

    return import_


def import_facts(done: ComparedImport) -> ImportFacts:
    """What the rules judge of an import."""
    outcome, compared = done.outcome, done.comparison
    days = {name: datetime.fromtimestamp(at, UTC).date().isoformat() for name, at in outcome.untrained.items()}
    return ImportFacts(
        outcome.pending,
        days,
        outcome.solutions,
        (compared.exported, compared.held) if compared else None,
        done.why_not,
    )
