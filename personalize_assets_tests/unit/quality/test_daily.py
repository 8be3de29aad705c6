"""Rules for arrival days, at their limits and beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from personalize_assets.conversion.spec import DayProfile
from personalize_assets.quality.daily import DAILY_RULES, DayFacts, daily_rules, days_before
from personalize_assets.quality.rule import Finding
from personalize_assets.storage.manifests import DayAccounting, DayCommit
from personalize_assets_tests.helpers.check_facts import INTERACTIONS, USERS

RULES = {rule.name: rule for rule in DAILY_RULES}
DAY = "2026-10-08"


def facts(**changes: Any) -> DayFacts:
    def no_rejects(day: str) -> list[Mapping[str, Any]]:
        raise AssertionError("rejects are read only for a finding that shows them")

    fields: dict[str, Any] = {
        "dataset": INTERACTIONS, "commits": {}, "accounting": {}, "kept": {}, "rejects": no_rejects, **changes,
    }  # fmt: skip
    return DayFacts(**fields)


def commit(rows: int, rejected: int = 0) -> DayCommit:
    rejects = {"missing:USER_ID": rejected} if rejected else {}
    return DayCommit(run="r", mapping="m", rows=rows, kept=rows - rejected, rejected=rejects)


def test_a_quarter_of_the_rows_may_be_rejected() -> None:
    assert RULES["few_rows_are_rejected"].judge(facts(commits={DAY: commit(100, 25)})) == Finding(
        True, 0.25, "at most 25% of the rows", []
    )


def test_more_rejects_are_shown_from_the_worst_days_first() -> None:
    commits = {"2026-10-01": commit(100, 10), DAY: commit(100, 90)}

    finding = RULES["few_rows_are_rejected"].judge(
        facts(commits=commits, rejects=lambda day: [{"reason": f"of {day}"}] * 3)
    )

    assert (finding.passed, finding.observed) == (False, 0.5)
    assert [row["day"] for row in finding.rows] == [DAY] * 3 + ["2026-10-01"] * 2
    assert finding.rows[0] == {"day": DAY, "reason": f"of {DAY}"}


@pytest.mark.parametrize(("malformed", "passed"), [(1, True), (2, False)])
def test_one_percent_of_the_events_may_be_malformed(malformed: int, passed: bool) -> None:
    accounting = {DAY: DayAccounting(run="r", read=100, malformed={"malformed_json": malformed})}

    finding = RULES["few_events_are_malformed"].judge(facts(accounting=accounting))

    assert finding.passed is passed
    assert list(finding.rows) == ([] if passed else [{"day": DAY, "malformed": "2.0%"}])


@pytest.mark.parametrize(("unreadable", "passed"), [(0, True), (2, False)])
def test_every_file_is_of_a_format_that_is_read(unreadable: int, passed: bool) -> None:
    accounting = {DAY: DayAccounting(run="r", raw_files=9, read=100, unreadable=unreadable)}

    finding = RULES["every_file_can_be_read"].judge(facts(accounting=accounting))

    assert (finding.passed, finding.observed) == (passed, unreadable)
    assert list(finding.rows) == ([] if passed else [{"day": DAY, "unreadable files": 2, "files": 9}])


def lossy(kept: int, nulls: int, **dropped: int) -> DayCommit:
    """A day of rows whose prices are null so often, also because of those that were dropped."""
    profile = DayProfile(nulls={"PRICE": nulls, "TAG": 0})
    return DayCommit(
        run="r", mapping="m", rows=kept, kept=kept, profile=profile,
        dropped={f"{reason}:{'TAG' if reason == 'too_long' else 'PRICE'}": count for reason, count in dropped.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("commits", "passed", "observed"),
    [
        ([lossy(100, 1, bad_value=1)], True, 0.01),
        ([lossy(100, 2, bad_value=2)], False, 0.02),
        ([lossy(200, 101, bad_value=1)], True, 0.01),
        ([lossy(200, 102, bad_value=2)], False, 0.02),
        ([lossy(100, 0), lossy(100, 2, bad_value=2)], True, 0.01),
        ([lossy(100, 0, too_long=3)], False, 0.03),
        ([lossy(5, 5, bad_value=5)], False, 1.0),
        ([commit(10)], True, 0.0),
    ],
)
def test_one_percent_of_the_values_that_a_column_had_may_be_dropped(
    commits: list[DayCommit], passed: bool, observed: float
) -> None:
    finding = RULES["few_values_are_dropped"].judge(facts(commits=dict(enumerate(commits))))

    assert (finding.passed, finding.observed) == (passed, observed)


def test_a_column_that_loses_values_is_shown_with_reason_number_and_share() -> None:
    finding = RULES["few_values_are_dropped"].judge(facts(commits={DAY: lossy(6, 4, bad_value=4, too_long=1)}))

    assert list(finding.rows) == [
        {"column": "PRICE", "reason": "bad_value", "values": 4, "share": "66.7%"},
        {"column": "TAG", "reason": "too_long", "values": 1, "share": "16.7%"},
    ]
    assert finding.allowed == "at most 1% of a column's values"


@pytest.mark.parametrize(
    ("untimed", "passed", "observed"),
    [([0, 3], True, "5 of 8 rows"), ([4, 4], False, "0 of 8 rows"), ([], True, "0 of 0 rows")],
)
def test_a_row_of_users_has_a_time_on_any_day(untimed: list[int], passed: bool, observed: str) -> None:
    users = structs.replace(USERS, event_time="updated")
    commits = {
        str(n): DayCommit(run="r", mapping="m", rows=4, kept=4, untimed=count) for n, count in enumerate(untimed)
    }

    finding = RULES["event_time_is_in_some_row"].judge(facts(dataset=users, commits=commits))

    assert finding == Finding(passed, observed, "a time at `updated` in any row")


def test_rules_about_times_are_for_users_and_items_that_have_a_path_of_it() -> None:
    timed = structs.replace(USERS, event_time="updated")

    names = [{rule.name for rule in daily_rules(dataset)} for dataset in (INTERACTIONS, USERS, timed)]

    assert ["event_time_is_in_some_row" in of_dataset for of_dataset in names] == [False, False, True]
    assert names[2] == RULES.keys()


@pytest.mark.parametrize(("rows", "passed"), [(50, True), (49, False)])
def test_a_day_has_half_of_the_rows_of_the_week_before(rows: int, passed: bool) -> None:
    kept = {**dict.fromkeys(days_before(DAY), 100), DAY: rows}

    finding = RULES["no_day_drops_against_the_week_before"].judge(facts(commits={DAY: commit(rows)}, kept=kept))

    assert (finding.passed, finding.observed) == (passed, rows / 100)
    assert list(finding.rows) == ([] if passed else [{"day": DAY, "rows": 49, "usual rows": 100}])


def test_a_day_with_fewer_than_three_days_before_it_is_not_compared() -> None:
    kept = {"2026-10-06": 100, "2026-10-07": 100, DAY: 1}

    finding = RULES["no_day_drops_against_the_week_before"].judge(facts(commits={DAY: commit(1)}, kept=kept))

    assert (finding.passed, finding.observed) == (True, "not compared")


def test_the_week_before_a_day_has_seven_days_latest_first() -> None:
    assert days_before("2026-10-03") == [
        "2026-10-02", "2026-10-01", "2026-09-30", "2026-09-29", "2026-09-28", "2026-09-27", "2026-09-26",
    ]  # fmt: skip
