"""Applies the rules to facts, and says why an export is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from personalize_assets.conversion.contract import Dataset
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.csv_file import FILE_RULES, FileFacts
from personalize_assets.quality.refusals import REFUSED
from personalize_assets.quality.rule import ExportFacts, FactsT, Finding, Rule

Judged = list[tuple[Rule[FactsT], Finding]]
"""Each rule with its finding."""
EXPORT_RULES = (*REFUSED, *ADVISED)


def export_rules(dataset: Dataset, domain: str) -> list[Rule[ExportFacts]]:
    """The rules for the export of a dataset, before it becomes the current one."""
    return [rule for rule in EXPORT_RULES if rule.applies(dataset, domain)]


def file_rules(dataset: Dataset, domain: str) -> list[Rule[FileFacts]]:
    """The rules for the CSV of a dataset in the destination."""
    return [rule for rule in FILE_RULES if rule.applies(dataset, domain)]


def judge(rules: Sequence[Rule[FactsT]], facts: FactsT) -> Judged[FactsT]:
    """Apply each of these rules."""
    return [(rule, rule.judge(facts)) for rule in rules]


def none_checked(rules: Sequence[Rule[FactsT]], observed: str, allowed: str) -> Judged[FactsT]:
    """One failure where there are no facts to judge: that of the first of these rules; the others refer to it."""
    first, *others = rules
    see = Finding(False, "not checked", f"see {first.name}", is_checked=False)
    return [(first, Finding(False, observed, allowed)), *((rule, see) for rule in others)]


def refusals(judged: Judged[FactsT]) -> list[str]:
    """Why Personalize would refuse an export or a file, a sentence each; empty if it would accept it."""
    return [
        format_finding(rule.name, finding)
        for rule, finding in judged
        if rule.is_error and finding.is_checked and not finding.passed
    ]


def format_finding(name: str, finding: Finding) -> str:
    """What a check found, as one sentence."""
    observed = f"{finding.observed:,}" if type(finding.observed) is int else finding.observed
    return f"{name}: found {observed}, allowed is {finding.allowed}"


def with_causes(judged: Judged[FactsT], causes: Sequence[str]) -> Judged[FactsT]:
    """The same findings; those for which Personalize would refuse the data have their likely causes."""
    return [
        (rule, replace(finding, causes=causes) if rule.is_error and not finding.passed else finding)
        for rule, finding in judged
    ]


def format_causes(causes: Sequence[str]) -> str:
    """Likely causes as lines below a heading; empty without any."""
    return "\n  ".join(["Likely causes:", *causes]) if causes else ""


def why_refused(asset: str, reasons: Sequence[str], former: str, aside: str, causes: Sequence[str] = ()) -> str:
    """The error of a run that refuses an export.

    ``asset`` is ``<dataset>_csv``; ``former`` says which export stays the current one instead; ``aside`` is where the
    refused one is; ``causes`` are the likely ones, which get a line each.
    """
    text = (
        f"{asset} was not replaced, because Personalize would refuse the new export: {'; '.join(reasons)}. {former}. "
        f"The refused one is in {aside}. The checks of {asset} say what to do; `checks: warn` in the config exports it "
        "anyway, as for a trial"
    )
    return f"{text}\n{format_causes(causes)}" if causes else text
