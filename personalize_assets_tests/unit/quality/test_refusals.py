"""What Personalize refuses: each rule at its limit and beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.conversion.spec import Blamed, IdProfile
from personalize_assets.quality.refusals import REFUSED
from personalize_assets.quality.rule import Finding
from personalize_assets_tests.helpers.check_facts import DATASETS, export_facts

RULES = {rule.name: rule for rule in REFUSED}


def found(rule: str, name: str = "interactions", **changes: Any) -> Finding:
    return RULES[rule].judge(export_facts(name, **changes))


def users(distinct: int, with_two: int) -> dict[str, IdProfile]:
    return {"USER_ID": IdProfile(distinct=distinct, estimated=False, with_two=with_two)}


@pytest.mark.parametrize("name", DATASETS)
def test_good_data_pass_every_rule(name: str) -> None:
    facts = export_facts(name)

    assert [
        rule.name for rule in REFUSED if rule.applies(facts.dataset, facts.domain) and not rule.judge(facts).passed
    ] == []


@pytest.mark.parametrize(("unique", "passed"), [(1000, True), (999, False)])
def test_a_thousand_interactions_are_unique(unique: int, passed: bool) -> None:
    assert found("at_least_1000_interactions_are_unique", unique=unique) == Finding(passed, unique, "at least 1,000")


@pytest.mark.parametrize(("distinct", "with_two", "passed"), [(100, 25, True), (100, 24, False), (10_000, 99, False)])
def test_25_users_and_one_percent_have_two_interactions(distinct: int, with_two: int, passed: bool) -> None:
    finding = found("at_least_25_users_have_two_interactions", ids=users(distinct, with_two))

    assert finding == Finding(passed, with_two, f"at least 25 and 1 % of {distinct:,} users")


@pytest.mark.parametrize(
    ("rule", "name", "problem", "column"),
    [
        ("required_columns_are_never_null", "interactions", "null", "USER_ID"),
        ("ids_have_at_most_256_characters", "items", "long", "ITEM_ID"),
        ("categories_have_at_most_1000_characters", "users", "long", "TIER"),
        ("texts_have_at_most_20000_characters", "items", "long", "TEXT"),
        ("timestamps_are_epoch_seconds", "interactions", "time", "TIMESTAMP"),
        ("timestamps_are_epoch_seconds", "action_interactions", "time", "TIMESTAMP"),
        ("ids_have_at_most_256_characters", "actions", "long", "ACTION_ID"),
    ],
)
def test_a_row_with_a_problem_fails_the_rule_about_it_and_no_other(
    rule: str, name: str, problem: str, column: str
) -> None:
    facts = export_facts(name, blamed={f"{problem}:{column}": Blamed(rows=3, shown=({column: "x"},))})

    red = {
        one.name: one.judge(facts)
        for one in REFUSED
        if one.applies(facts.dataset, facts.domain) and not one.judge(facts).passed
    }

    assert list(red) == [rule]
    assert (red[rule].observed, red[rule].rows) == (f"{column}: 3", [{column: "x"}])


@pytest.mark.parametrize(("types", "passed"), [(9, True), (10, False)])
def test_event_types_and_metadata_columns_are_ten_together(types: int, passed: bool) -> None:
    finding = found("event_types_and_metadata_columns_are_at_most_10", events={f"type {n}": 1 for n in range(types)})

    assert (finding.passed, finding.observed) == (passed, types + 1)
    assert len(finding.rows) == (0 if passed else 5)


def test_a_misspelt_event_type_of_a_named_use_case_is_named_with_what_was_meant() -> None:
    finding = found(
        "event_types_are_spelt_as_the_domain_wants",
        events={"view": 3, "VIEW ": 2, "purchase": 2, "other": 1},
        use_cases=("Most viewed", "Recommended for you"),
    )

    assert (finding.passed, finding.observed, finding.allowed) == (
        False, "view, VIEW ", "exactly View, where it is meant",
    )  # fmt: skip
    assert finding.rows == [
        {"EVENT_TYPE": "view", "wanted": "View", "rows": 3},
        {"EVENT_TYPE": "VIEW ", "wanted": "View", "rows": 2},
    ]


def test_event_types_of_action_interactions_are_taken_not_taken_and_viewed() -> None:
    rule, name = "event_types_are_taken_not_taken_or_viewed", "action_interactions"

    assert found(rule, name, events={"Taken": 1, "Not Taken": 1, "Viewed": 1}).passed
    assert found(rule, name, events={"Not taken": 1}).passed
    assert found(rule, name, events={"Viewed": 9, "NOT_TAKEN": 3, "viewed ": 2, "click": 1}) == Finding(
        False,
        "NOT_TAKEN, viewed , click",
        "Taken, Not Taken (or Not taken), Viewed",
        [
            {"EVENT_TYPE": "NOT_TAKEN", "meant": "Not Taken", "rows": 3},
            {"EVENT_TYPE": "viewed ", "meant": "Viewed", "rows": 2},
            {"EVENT_TYPE": "click", "meant": "", "rows": 1},
        ],
    )


def test_a_reserved_column_of_actions_is_no_metadata() -> None:
    nulls = {"ACTION_ID": 0, "VALUE": 0, "GROUP": 1_000}

    assert found("at_least_one_metadata_column_is_filled", "actions", nulls=nulls) == Finding(
        False, 0, "at least 1 with a value in any row"
    )


@pytest.mark.parametrize(
    ("use_cases", "passed"),
    [((), True), (("Trending now", "Top picks for you"), True), (("Trending now", "Most popular"), False)],
)
def test_watch_may_be_spelt_in_any_way_unless_a_named_use_case_trains_on_it(
    use_cases: tuple[str, ...], passed: bool
) -> None:
    finding = found(
        "event_types_are_spelt_as_the_domain_wants",
        domain="VIDEO_ON_DEMAND",
        events={"watch": 5000},
        use_cases=use_cases,
    )

    assert finding.passed is passed


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ({"buy": 600, "view": 400, "x": 9}, (True, 1000)),
        ({"buy": 600, "view": 399, "x": 9000}, (False, 999)),
        ({"Buy": 5000}, (False, 0)),
    ],
)
def test_the_event_types_to_train_on_have_a_thousand_interactions_together(
    events: dict[str, int], finding: tuple[bool, int]
) -> None:
    judged = found(
        "events_suffice_for_the_event_types_to_train_on", domain="custom", events=events, train_on=("buy", "view")
    )

    assert (judged.passed, judged.observed) == finding
    of_types = [{"EVENT_TYPE": name, "rows": events.get(name, 0)} for name in ("buy", "view")]
    assert list(judged.rows) == ([] if judged.passed else of_types)


def test_without_event_types_to_train_on_none_are_counted() -> None:
    judged = found("events_suffice_for_the_event_types_to_train_on", domain="custom", events={"x": 1})

    assert judged == Finding(True, "not compared", "at least 1,000 of the types named in dataset_group.train_on")


def test_a_named_use_case_needs_a_thousand_events_of_its_type() -> None:
    finding = found(
        "events_suffice_for_the_named_use_cases", events={"View": 5000, "Purchase": 999}, use_cases=("Best sellers",)
    )

    assert not finding.passed
    assert finding.rows == [{"use case": "Best sellers", "event type": "Purchase", "rows": 999}]


def test_a_metadata_column_that_is_always_null_is_none() -> None:
    finding = found("at_least_one_metadata_column_is_filled", "users", nulls={"USER_ID": 0, "TIER": 60_000})

    assert finding == Finding(False, 0, "at least 1 with a value in any row")


@pytest.mark.parametrize(("size", "passed"), [(100 * 1024**3, True), (100 * 1024**3 + 1, False)])
def test_a_file_has_at_most_100_gigabytes(size: int, passed: bool) -> None:
    assert found("the_file_is_at_most_100_gigabytes", bytes=size).passed is passed
