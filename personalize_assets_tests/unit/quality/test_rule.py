"""Rules, and the facts of an export."""

from __future__ import annotations

import pytest

from personalize_assets.conversion.spec import Blamed
from personalize_assets.quality.rule import (
    OURS,
    Finding,
    Rule,
    format_counts,
    guide,
    has_column,
    metadata_columns,
    rows_at_fault,
)
from personalize_assets_tests.helpers.check_facts import INTERACTIONS, ITEMS, USERS, export_facts


def rule(**changes: object) -> Rule[None]:
    return Rule(
        "a_rule",
        lambda facts: Finding(True, 1, "1"),
        "Holds.",
        "do it.",
        OURS,
        False,
        **changes,  # type: ignore[arg-type]
    )


def test_a_rule_without_datasets_is_about_all_of_them() -> None:
    assert [rule().applies(dataset, "custom") for dataset in (INTERACTIONS, USERS, ITEMS)] == [True] * 3


def test_a_rule_is_about_its_datasets_if_its_condition_holds() -> None:
    one = rule(datasets=("interactions", "users"), is_for=has_column("TIER"))

    assert [one.applies(dataset, "custom") for dataset in (INTERACTIONS, USERS, ITEMS)] == [False, True, False]


def test_the_description_has_the_rule_what_to_do_and_the_source() -> None:
    assert rule().description == "Holds. When red: do it. Source: our own experience."
    assert guide("limits") == "Personalize guide, page limits"


@pytest.mark.parametrize(
    ("name", "columns"),
    [("interactions", ["COLOUR"]), ("users", ["TIER"]), ("items", ["PRICE", "TEXT"]), ("actions", ["GROUP"])],
)
def test_metadata_are_the_columns_that_personalize_does_not_reserve(name: str, columns: list[str]) -> None:
    facts = export_facts(name)

    assert facts.metadata_columns() == metadata_columns(facts.dataset, facts.domain) == columns


def test_rows_at_fault_are_counted_by_column_and_five_are_shown() -> None:
    blamed = {
        "null:USER_ID": Blamed(rows=7, shown=tuple({"row": n} for n in range(4))),
        "null:ITEM_ID": Blamed(rows=2, shown=({"row": 4}, {"row": 5})),
        "long:USER_ID": Blamed(rows=1, shown=({"row": 6},)),
    }

    counts, rows = rows_at_fault(export_facts(blamed=blamed), "null", ["USER_ID", "ITEM_ID", "TIMESTAMP"])

    assert counts == {"USER_ID": 7, "ITEM_ID": 2}
    assert rows == [{"row": n} for n in range(5)]


def test_users_and_items_have_no_events_or_days() -> None:
    facts = export_facts("users")

    assert (facts.unique, facts.events, facts.days, facts.rows) == (0, {}, {}, 60_000)


def test_counts_are_text() -> None:
    assert format_counts({"USER_ID": 7, "ITEM_ID": 2000}) == "USER_ID: 7, ITEM_ID: 2,000"
    assert format_counts({}) == "none"
