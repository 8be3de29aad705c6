"""Rules for single days: told from the commits and the books, before anybody trains on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.quality.rule import OURS, Finding, Rule

_MAX_REJECTED = 0.25
_MAX_MALFORMED = 0.01
_MIN_OF_USUAL = 0.5
_WEEK = 7
# With fewer days before it there is no usual.
_MIN_DAYS_BEFORE = 3


@dataclass(frozen=True)
class DayFacts:
    """What is known of a daily dataset after a run.

    Attributes:
        commits: The run's own days; ``books`` of its source by the same days.
        kept: Kept rows of all days that are known, the run's and those of the week before.
        rejects: The first few rejects of a day, read only when there is something to blame.
    """

    dataset: Dataset
    commits: Mapping[str, Mapping[str, Any]]
    books: Mapping[str, Mapping[str, Any]]
    kept: Mapping[str, int]
    rejects: Callable[[str], list[dict[str, Any]]]


def days_before(day: str) -> list[str]:
    """The week before a day, the nearest first."""
    return [(date.fromisoformat(day) - timedelta(days=back)).isoformat() for back in range(1, _WEEK + 1)]


def _few_rejected(facts: DayFacts) -> Finding:
    rows = sum(commit["rows"] for commit in facts.commits.values())
    rejected = sum(sum(commit["rejected"].values()) for commit in facts.commits.values())
    share = rejected / rows if rows else 0.0
    blamed: list[dict[str, Any]] = []
    if share > _MAX_REJECTED:
        worst = sorted(facts.commits, key=lambda day: -sum(facts.commits[day]["rejected"].values()))
        blamed = [{"day": day, **row} for day in worst[:5] for row in facts.rejects(day)]
    return Finding(share <= _MAX_REJECTED, round(share, 4), f"at most {_MAX_REJECTED:.0%} of the rows", blamed[:5])


def _few_malformed(facts: DayFacts) -> Finding:
    read = sum(books["read"] for books in facts.books.values())
    shares = {
        day: sum(books["malformed"].values()) / books["read"] for day, books in facts.books.items() if books["read"]
    }
    malformed = sum(sum(books["malformed"].values()) for books in facts.books.values())
    share = malformed / read if read else 0.0
    worst = sorted(shares.items(), key=lambda entry: -entry[1])[:5]
    rows = [{"day": day, "malformed": f"{of_day:.1%}"} for day, of_day in worst if of_day]
    passed = share <= _MAX_MALFORMED
    return Finding(passed, round(share, 4), f"at most {_MAX_MALFORMED:.0%} of the events", () if passed else rows)


def _no_drop(facts: DayFacts) -> Finding:
    low = []
    ratios = []
    for day, commit in facts.commits.items():
        before = [facts.kept[other] for other in days_before(day) if other in facts.kept]
        usual = sum(before) / len(before) if len(before) >= _MIN_DAYS_BEFORE else 0.0
        if usual:
            ratios.append(commit["kept"] / usual)
            if ratios[-1] < _MIN_OF_USUAL:
                low.append({"day": day, "rows": commit["kept"], "usual rows": round(usual)})
    allowed = f"at least {_MIN_OF_USUAL:.0%} of the mean of the seven days before"
    if not ratios:
        return Finding(True, "not compared", f"{allowed}; fewer than {_MIN_DAYS_BEFORE} of them are there")
    return Finding(not low, round(min(ratios), 4), allowed, low[:5])


DAILY_RULES: tuple[Rule[DayFacts], ...] = (
    Rule(
        "few_rows_are_rejected",
        _few_rejected,
        "At most a quarter of the wanted rows are rejects.",
        "look at the reasons: `missing:` is mostly a wrong path or events before login, `bad_` another format.",
        OURS,
        False,
    ),
    Rule(
        "few_events_are_malformed",
        _few_malformed,
        "At most 1 % of what was read is no JSON object.",
        "look into `rejects/`: a producer writes broken lines, or other files lie among the events.",
        OURS,
        False,
    ),
    Rule(
        "no_day_drops_against_the_week_before",
        _no_drop,
        "No day has less than half of the rows that the seven days before it had on average.",
        "see whether all files of the day have arrived, and whether an event or a field got another name.",
        OURS,
        False,
    ),
)  # fmt: skip
