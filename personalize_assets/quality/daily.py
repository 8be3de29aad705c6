"""Rules for arrival days, judged from their commits and their accounting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.dataset_types import ENTITY_DATASETS
from personalize_assets.quality.rule import MAX_ROWS, OURS, Finding, Rule
from personalize_assets.storage.manifests import DayAccounting, DayCommit

_MAX_REJECTED = 0.25
_MAX_MALFORMED = 0.01
_MAX_DROPPED = 0.01
_MIN_OF_USUAL = 0.5
_WEEK = 7
# With fewer days of the week before, there is nothing to compare with.
_MIN_DAYS_BEFORE = 3


@dataclass(frozen=True)
class DayFacts:
    """What is known of a daily dataset after a run. Days are arrival days (ISO, UTC).

    Attributes:
        commits: Of the days to judge.
        accounting: Of the dataset's source, by the same days.
        kept: Kept rows by day, of the days to judge and of the week before each.
        rejects: Reads the first few rejects of a day; called only for a finding that carries them.
        causes: Looks for the likely causes of missing rows; called only for a finding that carries them.
    """

    dataset: Dataset
    commits: Mapping[str, DayCommit]
    accounting: Mapping[str, DayAccounting]
    kept: Mapping[str, int]
    rejects: Callable[[str], Sequence[Mapping[str, Any]]]
    causes: Callable[[], Sequence[str]] = tuple


def days_before(day: str) -> list[str]:
    """The seven days before a day (ISO), latest first."""
    return [(date.fromisoformat(day) - timedelta(days=back)).isoformat() for back in range(1, _WEEK + 1)]


def _few_rejected(facts: DayFacts) -> Finding:
    """At most a quarter of the rows of all days together; the rejects shown are those of the worst days."""
    rows = sum(commit.rows for commit in facts.commits.values())
    rejected = {day: sum(commit.rejected.values()) for day, commit in facts.commits.items()}
    share = sum(rejected.values()) / rows if rows else 0.0
    examples: list[dict[str, Any]] = []
    if share > _MAX_REJECTED:
        worst = sorted(rejected, key=lambda day: -rejected[day])[:MAX_ROWS]
        examples = [{"day": day, **row} for day in worst for row in facts.rejects(day)]
    allowed = f"at most {_MAX_REJECTED:.0%} of the rows"
    passed = share <= _MAX_REJECTED
    return Finding(passed, round(share, 4), allowed, examples[:MAX_ROWS], () if passed else facts.causes())


def _few_malformed(facts: DayFacts) -> Finding:
    """At most 1 % of what was read on all days together."""
    read = sum(counts.read for counts in facts.accounting.values())
    malformed = {day: sum(counts.malformed.values()) for day, counts in facts.accounting.items()}
    share = sum(malformed.values()) / read if read else 0.0
    shares = {day: malformed[day] / counts.read for day, counts in facts.accounting.items() if counts.read}
    worst = sorted(shares.items(), key=lambda entry: -entry[1])[:MAX_ROWS]
    rows = [{"day": day, "malformed": f"{of_day:.1%}"} for day, of_day in worst if of_day]
    passed = share <= _MAX_MALFORMED
    return Finding(passed, round(share, 4), f"at most {_MAX_MALFORMED:.0%} of the events", () if passed else rows)


def _files_can_be_read(facts: DayFacts) -> Finding:
    """No file of a format that is not supported."""
    rows = [
        {"day": day, "unreadable files": counts.unreadable, "files": counts.raw_files}
        for day, counts in facts.accounting.items()
        if counts.unreadable
    ]
    count = sum(counts.unreadable for counts in facts.accounting.values())
    return Finding(not count, count, "no unreadable file", rows[:MAX_ROWS])


def _few_dropped(facts: DayFacts) -> Finding:
    """At most 1 % of the values that a column had, on all days together; each reason counts by itself."""
    dropped: Counter[str] = Counter()
    nulls: Counter[str] = Counter()
    for commit in facts.commits.values():
        dropped.update(commit.dropped)
        nulls.update(commit.profile.nulls if commit.profile else {})
    kept = sum(commit.kept for commit in facts.commits.values())
    lost: Counter[str] = Counter()
    for reason, count in dropped.items():
        lost[reason.partition(":")[2]] += count
    shares = {}
    for reason, count in dropped.most_common():
        column = reason.partition(":")[2]
        empty_before = max(nulls[column] - lost[column], 0)
        shares[reason] = min(count / max(kept - empty_before, 1), 1.0)
    rows = [
        {
            "column": reason.partition(":")[2],
            "reason": reason.partition(":")[0],
            "values": dropped[reason],
            "share": f"{share:.1%}",
        }
        for reason, share in shares.items()
        if share > _MAX_DROPPED
    ]
    allowed = f"at most {_MAX_DROPPED:.0%} of a column's values"
    return Finding(not rows, round(max(shares.values(), default=0.0), 4), allowed, rows[:MAX_ROWS])


def _event_time(facts: DayFacts) -> Finding:
    """Any row of any day has a readable event time; without one, the arrival day decides which value is the latest."""
    kept = sum(commit.kept for commit in facts.commits.values())
    timed = kept - sum(commit.untimed for commit in facts.commits.values())
    return Finding(
        timed > 0 or not kept, f"{timed:,} of {kept:,} rows", f"a time at `{facts.dataset.event_time}` in any row"
    )


def _no_drop(facts: DayFacts) -> Finding:
    """No day with less than half of the mean of the week before it; a day with no such week is not compared."""
    low = []
    ratios = []
    for day, commit in facts.commits.items():
        before = [facts.kept[other] for other in days_before(day) if other in facts.kept]
        usual = sum(before) / len(before) if len(before) >= _MIN_DAYS_BEFORE else 0.0
        if usual:
            ratios.append(commit.kept / usual)
            if ratios[-1] < _MIN_OF_USUAL:
                low.append({"day": day, "rows": commit.kept, "usual rows": round(usual)})
    allowed = f"at least {_MIN_OF_USUAL:.0%} of the mean of the seven days before"
    if not ratios:
        return Finding(True, "not compared", f"{allowed}; fewer than {_MIN_DAYS_BEFORE} of them are converted")
    return Finding(not low, round(min(ratios), 4), allowed, low[:MAX_ROWS])


def daily_rules(dataset: Dataset) -> tuple[Rule[DayFacts], ...]:
    """The rules about a dataset, in any domain."""
    return tuple(rule for rule in DAILY_RULES if rule.applies(dataset, "custom"))


DAILY_RULES: tuple[Rule[DayFacts], ...] = (
    Rule(
        "few_rows_are_rejected",
        _few_rejected,
        "At most a quarter of the wanted rows are rejects.",
        "look at the reasons: `missing:` often means a wrong path or events before login, `bad_` another format.",
        OURS,
        False,
    ),
    Rule(
        "few_events_are_malformed",
        _few_malformed,
        "At most 1 % of what was read is not a JSON object.",
        "look into `rejects/`: a producer writes broken lines, or there are other files among the events.",
        OURS,
        False,
    ),
    Rule(
        "every_file_can_be_read",
        _files_can_be_read,
        "Every file is of a format that is read.",
        "`rejects/` names each file that is not, what it seems to be and what to do (reason `unreadable_file`).",
        OURS,
        False,
    ),
    Rule(
        "few_values_are_dropped",
        _few_dropped,
        "At most 1 % of an optional column's values could not be used; such a cell is empty, and its row stays.",
        "look at the column: `bad_value` is a value of another form, as `$3.50`, `3,50` or `N/A` for a number, "
        "`too_long` a text over 1,000 characters, `out_of_range` a VALUE or REPEAT_FREQUENCY that Personalize does not "
        "take. Map another field, or correct what is sent.",
        OURS,
        False,
    ),
    Rule(
        "event_time_is_in_some_row",
        _event_time,
        "Any row of users, items or actions has a readable time at `event_time`, which decides which value is the "
        "latest.",
        "write the path of the event's time as `event_time`. Dumps need none: the newest arrival day then decides.",
        OURS,
        False,
        ENTITY_DATASETS,
        lambda dataset, domain: dataset.event_time is not None,
    ),
    Rule(
        "no_day_drops_against_the_week_before",
        _no_drop,
        "No day has less than half of the rows that the seven days before it had on average.",
        "make sure that all files of the day have arrived, and that no event or field was renamed.",
        OURS,
        False,
    ),
)  # fmt: skip
