"""All checks of what is current, without Dagster: the same rules as its checks, passed and failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from personalize_assets.judging.check_facts import facts_of_all_days, judge_current_export, judge_file
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.daily import DayFacts, daily_rules
from personalize_assets.quality.evaluate import judge, refusals, with_causes
from personalize_assets.quality.rule import Finding, Rule
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.manifests import DayState


class CurrentCheck(NamedTuple):
    """A check of an asset, and what it found.

    Attributes:
        asset: Name of the asset, without a prefix.
        rule: Of days, of an export or of a file.
        finding: With the likely causes, where they were looked for.
    """

    asset: str
    rule: Rule[Any]
    finding: Finding

    @property
    def is_red(self) -> bool:
        """Whether it was checked, and failed."""
        return self.finding.is_checked and not self.finding.passed


def current_checks(
    group: DatasetGroup, states: Mapping[str, DayState], *, only_recorded: bool = False
) -> list[CurrentCheck]:
    """The checks of the daily datasets over all converted days, and of the current CSVs.

    Nothing is changed. A CSV is read only where it is not the one whose parts the export has read.

    Args:
        states: All converted days, by day (ISO).
        only_recorded: Judge by records alone: no CSV is read, and neither are rejects and raw files for rows at fault
            and likely causes.
    """
    found: list[CurrentCheck] = []
    for name in group.datasets:
        facts = facts_of_all_days(group, name, states)
        if only_recorded:
            facts = replace(facts, rejects=lambda day: (), causes=tuple)
        found += (CurrentCheck(DAILY[name], *judged) for judged in judge(daily_rules(facts.dataset), facts))
        found += _of_csv(group, name, facts, states, only_recorded)
    return found


def _of_csv(
    group: DatasetGroup, name: str, of_days: DayFacts, states: Mapping[str, DayState], only_recorded: bool
) -> Iterator[CurrentCheck]:
    if group.destination.exports.manifest(name) is None:
        return
    judged = judge_current_export(group, name, states)
    if refusals(judged):
        judged = with_causes(judged, of_days.causes())
    yield from (CurrentCheck(f"{name}_csv", *one) for one in judged)
    yield from (CurrentCheck(f"{name}_csv", *one) for one in judge_file(group, name, only_recorded=only_recorded))
