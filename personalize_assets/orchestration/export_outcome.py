"""One export, from its plan to what becomes current: made by ``pipeline``, judged by ``quality``. Without Dagster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from personalize_assets.orchestration.check_facts import judge_exports
from personalize_assets.pipeline.pipeline import Pipeline
from personalize_assets.quality.evaluate import Judged, refusals, why_refused
from personalize_assets.quality.rule import ExportFacts
from personalize_assets.storage.manifests import ExportManifest, TableCommit


@dataclass(frozen=True)
class ExportCounts:
    """Rows of a table or CSV, the daily rows that went in (``kept``), and how many of those are ``duplicates``."""

    kept: int
    rows: int
    duplicates: int


@dataclass(frozen=True)
class ExportOutcome:
    """What came of an export; all but ``refused`` also has what was refused.

    Attributes:
        counts: By asset name, as ``users`` or ``users_csv``.
        judged: The findings on each CSV, by dataset.
        tables: The commits of the tables that became current, by dataset.
        manifests: The manifests of the CSVs that became current, by dataset.
        refused: Why a CSV did not become current, by dataset: a text for the user.
        seconds: Duration of the engine's job.
        engine: What the engine reports about its run.
    """

    counts: Mapping[str, ExportCounts]
    judged: Mapping[str, Judged[ExportFacts]]
    tables: Mapping[str, TableCommit]
    manifests: Mapping[str, ExportManifest]
    refused: Mapping[str, str]
    seconds: float | None
    engine: Mapping[str, str]


def run_export(
    group: Pipeline, make: Collection[str], run: Callable[[dict[str, Any]], dict[str, Any]]
) -> ExportOutcome:
    """Make tables and CSVs (``make`` has names of assets), judge them, and make current what is not refused.

    ``run`` hands a spec to the engine. A CSV is refused if Personalize would refuse it and the config is strict; the
    former one then stays the current one. Raises ``PersonalizeAssetsError`` if there is nothing to export.
    """
    spec, inputs = group.export_spec(make)
    report = run(spec)
    judged = judge_exports(group, spec, inputs, report)
    strict = group.config.is_strict
    reasons = {name: found for name in judged if strict and (found := refusals(judged[name]))}
    made = group.commit_export(spec, inputs, report, reasons)
    counts = {}
    for asset in make:
        numbers = group.export_counts(asset.removesuffix("_csv"), inputs, report)
        counts[asset] = ExportCounts(numbers["kept"], numbers["rows"], numbers["duplicates"])
    return ExportOutcome(
        counts=counts,
        judged=judged,
        tables={name: msgspec.convert(made[name], TableCommit) for name in group.datasets if name in made},
        manifests={
            name: msgspec.convert(made[f"{name}_csv"], ExportManifest)
            for name in group.datasets
            if f"{name}_csv" in made
        },
        refused={name: why_refused(f"{name}_csv", found, _former(group, name)) for name, found in reasons.items()},
        seconds=report["seconds"],
        engine=report.get("engine", {}),
    )


def _former(group: Pipeline, name: str) -> str:
    manifest = group.destination.manifest(name)
    if manifest is None:
        return "There is no former export"
    return f"The former export of run {manifest['run']}, with {manifest['rows']:,} rows, stays the current one"
