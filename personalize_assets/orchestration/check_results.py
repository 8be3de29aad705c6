"""Rules and findings as Dagster's checks and their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import dagster as dg

from personalize_assets.quality.rule import Finding, Rule

FactsT = TypeVar("FactsT")


def spec_of(rule: Rule[FactsT], key: dg.AssetKey, strict: bool) -> dg.AssetCheckSpec:
    """A rule as a check of an asset; it blocks if Personalize would refuse the data and the config is strict."""
    return dg.AssetCheckSpec(rule.name, asset=key, blocking=rule.is_error and strict, description=rule.description)


def result_of(rule: Rule[FactsT], finding: Finding, key: dg.AssetKey, strict: bool) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"observed": finding.observed, "allowed": finding.allowed}
    if finding.rows:
        metadata["rows"] = table_of(finding.rows)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=rule.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.ERROR if rule.is_error and strict else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def table_of(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table; a null is shown as nothing. Rows may differ in their keys."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    records = [dg.TableRecord({name: "" if row.get(name) is None else row[name] for name in names}) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in names]))
