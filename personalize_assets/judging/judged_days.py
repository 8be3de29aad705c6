"""Days converted, from their plan to their commits: made by ``pipeline``, with the facts that ``quality`` judges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from personalize_assets.conversion.spec import ConvertReport, ConvertSpec
from personalize_assets.judging.check_facts import day_facts
from personalize_assets.judging.engine_run import discarding
from personalize_assets.pipeline.accounting import unbalanced_events, unbalanced_rows
from personalize_assets.pipeline.convert import (
    ConvertedDays,
    commit_convert,
    discard_convert,
    finished_days,
    plan_convert,
)
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.daily import DayFacts
from personalize_assets.storage.manifests import DayAccounting, DayCommit


@dataclass(frozen=True)
class JudgedDays:
    """What a conversion did.

    Attributes:
        facts: Of all its days, by dataset; those that were finished before are among them.
        converted: The days (ISO) that were converted now.
        report: What the engine reported; None if every day was finished.
    """

    facts: Mapping[str, DayFacts]
    converted: Collection[str]
    report: ConvertReport | None


def make_days(
    group: DatasetGroup,
    days: Sequence[date],
    dataset_names: Collection[str],
    run: Callable[[ConvertSpec], ConvertReport],
    *,
    resume: bool = False,
    log: Callable[[str], None] = lambda line: None,
) -> JudgedDays:
    """Convert days and commit them.

    Args:
        run: Runs a spec on the engine.
        resume: Leave finished days as they are, see ``finished_days``; ``log`` gets a line about it.

    Raises:
        PersonalizeAssetsError: See ``plan_convert`` and ``commit_convert``.
    """
    made = finished_days(group, days if resume else [], dataset_names)
    finished = made.days()
    rest = [day for day in days if day.isoformat() not in finished]
    if len(rest) < len(days):
        log(f"{len(days) - len(rest)} of {len(days)} days are finished and left as they are")
    report = None
    converted = ConvertedDays()
    if rest:
        spec = plan_convert(group, rest, dataset_names)
        with discarding(partial(discard_convert, group, rest, spec)):
            report = run(spec)
        converted = commit_convert(group, rest, spec, report)
        made += converted
    facts = {name: day_facts(group, name, made.commits[name], made.accounting[name]) for name in dataset_names}
    return JudgedDays(facts, converted.days(), report)


def unbalanced_days(accounting: Mapping[str, DayAccounting], commits: Mapping[str, DayCommit]) -> list[str]:
    """What does not balance on which day; empty if every event is accounted for.

    ``accounting`` is of the dataset's source; both by day (ISO).
    """
    return [
        f"{day}: {problem}"
        for day, commit in commits.items()
        for problem in (unbalanced_events(accounting[day]), unbalanced_rows(commit))
        if problem
    ]
