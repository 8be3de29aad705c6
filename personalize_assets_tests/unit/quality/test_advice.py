"""What is advised against: each rule at its limit and beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.conversion.spec import Crossed, IdProfile
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.rule import Finding
from personalize_assets_tests.helpers.check_facts import DATASETS, export_facts

RULES = {rule.name: rule for rule in ADVISED}


def found(rule: str, name: str = "interactions", **changes: Any) -> Finding:
    return RULES[rule].judge(export_facts(name, **changes))


@pytest.mark.parametrize("name", DATASETS)
def test_good_data_pass_every_rule(name: str) -> None:
    facts = export_facts(name)

    assert [
        rule.name for rule in ADVISED if rule.applies(facts.dataset, facts.domain) and not rule.judge(facts).passed
    ] == []


def test_advice_never_stops_an_export() -> None:
    assert [rule.name for rule in ADVISED if rule.is_error] == []


@pytest.mark.parametrize(("unique", "passed"), [(50_000, True), (49_999, False)])
def test_50000_interactions_are_advised(unique: int, passed: bool) -> None:
    assert found("at_least_50000_interactions_are_there", unique=unique).passed is passed


@pytest.mark.parametrize(("with_two", "passed"), [(1000, True), (999, False)])
def test_1000_users_with_two_interactions_are_advised(with_two: int, passed: bool) -> None:
    ids = {"USER_ID": IdProfile(distinct=2000, estimated=False, with_two=with_two)}

    assert found("at_least_1000_users_have_two_interactions", ids=ids).passed is passed


def test_a_column_that_is_less_than_70_percent_filled_is_named() -> None:
    finding = found(
        "metadata_columns_are_70_percent_filled", "items", nulls={"ITEM_ID": 0, "PRICE": 18_000, "TEXT": 18_001}
    )

    assert (finding.passed, finding.observed) == (False, 0.7)
    assert finding.rows == [{"column": "TEXT", "filled": "70.0%"}]


def test_more_than_a_thousand_categories_are_too_many() -> None:
    finding = found("categories_have_at_most_1000_distinct_values", categories={"COLOUR": 1001, "SIZE": 1000})

    assert (finding.passed, finding.observed) == (False, 1001)
    assert finding.rows == [{"column": "COLOUR", "distinct values": "more than 1,000"}]


@pytest.mark.parametrize(
    ("rule", "crossed", "finding"),
    [
        ("users_in_interactions_are_known", Crossed(unknown=100, used=1000, unused=0), (True, 0.1)),
        ("users_in_interactions_are_known", Crossed(unknown=101, used=1000, unused=0), (False, 0.101)),
        ("users_have_interactions", Crossed(unknown=0, used=1000, unused=1000), (True, 0.5)),
        ("users_have_interactions", Crossed(unknown=0, used=999, unused=1001), (False, 0.5005)),
    ],
)
def test_users_and_interactions_have_the_same_ids(rule: str, crossed: Crossed, finding: tuple[bool, float]) -> None:
    judged = found(rule, "users", crossed=crossed)

    assert (judged.passed, judged.observed) == finding


@pytest.mark.parametrize("rule", ["users_in_interactions_are_known", "users_have_interactions"])
def test_users_exported_without_interactions_are_not_compared(rule: str) -> None:
    judged = found(rule, "users")

    assert (judged.passed, judged.observed) == (True, "not compared")


def test_a_misspelt_event_type_that_no_named_use_case_trains_on_is_named() -> None:
    finding = found(
        "event_types_are_spelt_as_other_use_cases_want",
        events={"view": 3, "purchase": 2, "other": 1},
        use_cases=("Most viewed",),
    )

    assert finding == Finding(
        False,
        "purchase",
        "exactly Purchase, where it is meant",
        [{"EVENT_TYPE": "purchase", "wanted": "Purchase", "rows": 2}],
    )


@pytest.mark.parametrize(("rows", "passed"), [(1000, True), (1001, False)])
def test_personalize_considers_a_thousand_actions(rows: int, passed: bool) -> None:
    assert found("actions_are_at_most_1000", "actions", rows=rows) == Finding(passed, rows, "at most 1,000")


@pytest.mark.parametrize(
    ("events", "passed"),
    [
        ({"Taken": 50, "Viewed": 25, "Not Taken": 20, "Not taken": 5}, True),
        ({"Taken": 49, "Viewed": 900}, False),
        ({"Taken": 900, "Viewed": 49}, False),
    ],
)
def test_a_score_needs_fifty_of_each_kind(events: dict[str, int], passed: bool) -> None:
    assert found("action_interactions_suffice_for_scores", "action_interactions", events=events).passed is passed


def test_actions_exported_without_their_interactions_name_what_to_make() -> None:
    finding = found("actions_have_interactions", "actions")

    assert finding == Finding(
        True, "not compared", "at most 50%; make it together with action_interactions_csv to compare them"
    )


@pytest.mark.parametrize(("duplicates", "passed"), [(20, True), (21, False)])
def test_a_fifth_of_the_rows_may_be_duplicates(duplicates: int, passed: bool) -> None:
    assert found("few_rows_are_duplicates", kept=100, duplicates=duplicates).passed is passed


def test_a_row_of_tomorrow_is_from_the_future() -> None:
    finding = found("no_interaction_is_from_the_future", days={"2026-10-02": 59_999, "2026-10-03": 1})

    assert finding == Finding(False, 1, "none", [{"day": "2026-10-03", "rows": 1}])


@pytest.mark.parametrize(("old", "passed"), [(600, True), (601, False)])
def test_one_percent_of_the_rows_may_be_older_than_five_years(old: int, passed: bool) -> None:
    finding = found("few_interactions_are_older_than_five_years", days={"2000-01-01": old, "2026-10-01": 60_000 - old})

    assert finding.passed is passed
    assert list(finding.rows) == ([] if passed else [{"day": "2000-01-01", "rows": old}])


@pytest.mark.parametrize(
    ("rows", "frequent", "passed"), [(1000, {"u1": 50}, True), (1000, {"u1": 51}, False), (999, {"u1": 900}, True)]
)
def test_a_user_with_more_than_five_percent_of_many_rows_is_a_robot(
    rows: int, frequent: dict[str, int], passed: bool
) -> None:
    ids = {"USER_ID": IdProfile(distinct=9, estimated=False, with_two=9, frequent=frequent)}

    finding = found("no_user_has_an_outlandish_share", rows=rows, ids=ids)

    assert finding.passed is passed
    assert list(finding.rows) == ([] if passed else [{"USER_ID": "u1", "share": "5.1%"}])
