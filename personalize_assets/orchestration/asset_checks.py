"""Rules and the accounting as asset checks of Dagster, and the checks that read the exported CSVs."""

from collections.abc import Iterator, Mapping

import dagster as dg

from personalize_assets.judging.check_facts import judge_file
from personalize_assets.judging.judged_days import unbalanced_days
from personalize_assets.orchestration.group import GroupDefs
from personalize_assets.orchestration.metadata import Metadata, rows_table
from personalize_assets.orchestration.retries import user_errors
from personalize_assets.pipeline.export import ExportCounts, is_whole
from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED, AccountingCheck
from personalize_assets.quality.evaluate import file_rules
from personalize_assets.quality.rule import FactsT, Finding, Rule
from personalize_assets.storage.manifests import DayAccounting, DayCommit, ExportManifest, TableCommit

_MAX_DAYS = 5


def rule_spec(rule: Rule[FactsT], key: dg.AssetKey, *, strict: bool) -> dg.AssetCheckSpec:
    """A rule as a check of an asset. It blocks if Personalize would refuse the data and the config is strict."""
    return dg.AssetCheckSpec(rule.name, asset=key, blocking=rule.is_error and strict, description=rule.description)


def rule_result(rule: Rule[FactsT], finding: Finding, key: dg.AssetKey, *, strict: bool) -> dg.AssetCheckResult:
    """What a rule found. Red is an ERROR where the check blocks, else a WARN."""
    metadata: Metadata = {"observed": finding.observed, "allowed": finding.allowed}
    if finding.rows:
        metadata["rows"] = rows_table(finding.rows)
    if finding.causes:
        metadata["likely causes"] = dg.MetadataValue.md("\n".join(f"- {cause}" for cause in finding.causes))
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=rule.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.ERROR
        if rule.is_error and strict and finding.is_checked
        else dg.AssetCheckSeverity.WARN,
        description=None if finding.is_checked else f"Not checked: {finding.allowed}",
        metadata=metadata,
    )


def accounting_spec(check: AccountingCheck, key: dg.AssetKey) -> dg.AssetCheckSpec:
    """``ACCOUNTED`` on a daily dataset, or ``EXPORTED`` on a table or CSV; both block always."""
    return dg.AssetCheckSpec(check.name, asset=key, blocking=True, description=check.description)


def accounted(
    key: dg.AssetKey, accounting: Mapping[str, DayAccounting], commits: Mapping[str, DayCommit]
) -> dg.AssetCheckResult:
    """Whether every event of some days is accounted for. ``accounting`` of the dataset's source, both by day."""
    wrong = unbalanced_days(accounting, commits)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ACCOUNTED.name,
        passed=not wrong,
        metadata={
            "days": len(commits),
            "events_read": sum(counts.read for counts in accounting.values()),
            "rows": sum(commit.rows for commit in commits.values()),
            "unbalanced": "; ".join(wrong[:_MAX_DAYS]) or "none",
        },
    )


def exported(key: dg.AssetKey, counts: ExportCounts | TableCommit | ExportManifest) -> dg.AssetCheckResult:
    """Whether the daily rows that went into a table or CSV are all accounted for (``pipeline.export.is_whole``)."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=EXPORTED.name,
        passed=is_whole(counts),
        metadata={
            "kept": counts.kept,
            "exported": counts.rows,
            "duplicates": counts.duplicates,
            "outside_window": counts.accounted - counts.rows - counts.duplicates - counts.suppressed,
            "suppressed": counts.suppressed,
        },
    )


def file_checks(defs: GroupDefs) -> list[dg.AssetChecksDefinition]:
    """The checks that read a CSV in the destination. The UI can run them alone, from the page of an export."""
    return [_file_checks(defs, name) for name in defs.dataset_group.datasets]


def _file_checks(defs: GroupDefs, name: str) -> dg.AssetChecksDefinition:
    group = defs.dataset_group
    strict = group.config.is_strict
    key = defs.key(f"{name}_csv")
    rules = file_rules(group.datasets[name], group.config.dataset_group.domain)

    @dg.multi_asset_check(
        name=defs.name(f"read_{name}_csv"),
        specs=[rule_spec(rule, key, strict=strict) for rule in rules],
        can_subset=True,
        op_tags=defs.op_tags,
        description=f"Reads the whole CSV of {name} as Personalize does; does not rely on what the export reported.",
    )
    def read_csv(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = {check.name for check in context.selected_asset_check_keys}
        with user_errors():
            findings = judge_file(group, name)
        for rule, finding in findings:
            if rule.name in selected:
                yield rule_result(rule, finding, key, strict=strict)

    return read_csv
