"""Checks that read the exported CSVs as they lie there. They can be run alone, from the page of an export."""

from collections.abc import Iterator

import dagster as dg

from personalize_assets.orchestration.check_results import result_of, spec_of
from personalize_assets.orchestration.group import Group, permanent_errors
from personalize_assets.quality.evaluate import file_rules, judge_file


def file_checks(group: Group) -> list[dg.AssetChecksDefinition]:
    return [_of(group, name) for name in group.pipeline.datasets]


def _of(group: Group, name: str) -> dg.AssetChecksDefinition:
    pipeline = group.pipeline
    strict = pipeline.config.is_strict
    key = group.key(f"{name}_csv")
    rules = file_rules(pipeline.datasets[name], pipeline.config.dataset_group.domain)

    @dg.multi_asset_check(
        name=group.name(f"read_{name}_csv"),
        specs=[spec_of(rule, key, strict) for rule in rules],
        can_subset=True,
        description=f"Reads the CSV of {name} to its end, as Personalize would, whoever wrote it.",
    )
    def read_csv(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        asked_for = {check.name for check in context.selected_asset_check_keys}
        with permanent_errors():
            findings = judge_file(pipeline, name)
        for rule, finding in findings:
            if rule.name in asked_for:
                yield result_of(rule, finding, key, strict)

    return read_csv
