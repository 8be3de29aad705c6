"""Which checks are red on what is current, for the command line: the same rules as the checks in Dagster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from personalize_assets.judging.check_facts import facts_of_all_days, judge_current_export, judge_file
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.daily import DayFacts, daily_rules
from personalize_assets.quality.evaluate import Judged, format_finding, judge, refusals, with_causes
from personalize_assets.quality.rule import FactsT, Finding
from personalize_assets.storage.days import DAILY
from personalize_assets.storage.manifests import DayState


class RedCheck(NamedTuple):
    """A check that is not passed.

    Attributes:
        asset: Name of its asset, without a prefix.
        name: Its own.
        finding: With the likely causes.
        is_error: Whether Personalize would refuse the data.
    """

    asset: str
    name: str
    finding: Finding
    is_error: bool

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.asset}: {format_finding(self.name, self.finding)}"


def red_checks(group: DatasetGroup, states: Mapping[str, DayState]) -> list[RedCheck]:
    """The red checks of the daily datasets over all converted days, and of the current CSVs; errors first.

    ``states`` are all converted days, by day (ISO). Nothing is changed. A CSV is read only where it is not the one
    whose parts the export has read.
    """
    found: list[RedCheck] = []
    for name in group.datasets:
        facts = facts_of_all_days(group, name, states)
        found += _red(DAILY[name], judge(daily_rules(facts.dataset), facts))
        found += _of_csv(group, name, facts, states)
    return sorted(found, key=lambda check: not check.is_error)


def _of_csv(group: DatasetGroup, name: str, of_days: DayFacts, states: Mapping[str, DayState]) -> Iterator[RedCheck]:
    if group.destination.exports.manifest(name) is None:
        return
    judged = judge_current_export(group, name, states)
    if refusals(judged):
        judged = with_causes(judged, of_days.causes())
    yield from _red(f"{name}_csv", judged)
    yield from _red(f"{name}_csv", judge_file(group, name))


def _red(asset: str, judged: Judged[FactsT]) -> Iterator[RedCheck]:
    return (
        RedCheck(asset, rule.name, finding, rule.is_error)
        for rule, finding in judged
        if finding.is_checked and not finding.passed
    )
