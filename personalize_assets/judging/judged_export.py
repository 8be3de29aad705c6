"""One export, from its plan to what becomes current: made by ``pipeline``, judged by ``quality``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from personalize_assets.conversion.spec import ExportReport, ExportSpec
from personalize_assets.judging.check_facts import judge_exports
from personalize_assets.judging.engine_run import discarding
from personalize_assets.judging.likely_causes import likely_causes
from personalize_assets.pipeline.cleaning import clean
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import (
    ExportCounts,
    ExportOutcome,
    commit_export,
    discard_export,
    is_whole,
    plan_export,
)
from personalize_assets.quality.evaluate import Judged, refusals, why_refused, with_causes
from personalize_assets.quality.rule import ExportFacts
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.manifests import DayState


@dataclass(frozen=True)
class JudgedExport:
    """What an export did, and what the rules found.

    Attributes:
        outcome: What became current; ``outcome.counts`` also has the counts of what was refused.
        judged: The findings on each CSV, by dataset; for what Personalize would refuse with the likely causes.
        refused: Why a table or CSV did not become the current one, by dataset; each a text for the user.
        report: What the engine reported.
        states: All converted days as the export has read them, by day (ISO).
    """

    outcome: ExportOutcome
    judged: Mapping[str, Judged[ExportFacts]]
    refused: Mapping[str, str]
    report: ExportReport
    states: Mapping[str, DayState]


def make_export(
    group: DatasetGroup, asset_names: Collection[str], run: Callable[[ExportSpec], ExportReport]
) -> JudgedExport:
    """Make tables and CSVs, judge them, and make current what is not refused.

    A CSV is refused if Personalize would refuse it and the config says ``checks: strict``. A table or CSV is refused,
    whatever the config says, if other rows went into it than the commits of its days count. What is refused leaves the
    former one as the current one.

    Args:
        asset_names: Of ``users``, ``items`` and ``<dataset>_csv``.
        run: Runs a spec on the engine.

    Raises:
        PersonalizeAssetsError: There is nothing to export, see ``plan_export``; nothing was made then.
    """
    planned = plan_export(group, asset_names)
    with discarding(partial(discard_export, group, planned)):
        report = run(planned.spec)
    judged = judge_exports(group, planned, report)
    found = {name: reasons for name, findings in judged.items() if (reasons := refusals(findings))}
    causes = {name: likely_causes(group, name) for name in found}
    judged = {name: with_causes(findings, causes.get(name, ())) for name, findings in judged.items()}
    to_refuse = found if group.config.is_strict else {}
    outcome = commit_export(group, planned, report, to_refuse)
    clean(group)
    aside = group.destination.uri_of(group.destination.exports.refused_folder(planned.run))
    refused = {
        name: why_refused(f"{name}_csv", reasons, _former(group, name), aside, causes[name])
        for name, reasons in to_refuse.items()
    }
    for name, counts in outcome.counts.items():
        if not is_whole(counts):
            refused[name] = _why_not_whole(name, counts, _former(group, name))
    return JudgedExport(outcome, judged, refused, report, planned.states)


def _why_not_whole(name: str, counts: ExportCounts, former: str) -> str:
    return (
        f"{name} was not exported: the commits of its days count {counts.kept:,} rows, but the export read "
        f"{counts.accounted:,}. {former}. Run it again; if that gives the same, daily files were "
        f"changed by hand: materialize {DAILY[name]} for all days again, or use `personalize-assets run --force`"
    )


def _former(group: DatasetGroup, name: str) -> str:
    manifest = group.destination.exports.manifest(name)
    if manifest is None:
        return "There is no former export"
    return f"The former export of run {manifest.run}, with {manifest.rows:,} rows, stays the current one"
