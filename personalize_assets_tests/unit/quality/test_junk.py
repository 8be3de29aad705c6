"""Values that are no data: each rule at its limit and beyond it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from personalize_assets.conversion.spec import IdProfile
from personalize_assets.quality.advice import ADVISED
from personalize_assets.quality.junk import JUNK
from personalize_assets.quality.rule import Finding
from personalize_assets_tests.helpers.check_facts import INTERACTIONS, export_facts

RULES = {rule.name: rule for rule in JUNK}


def found(rule: str, name: str = "interactions", /, **changes: Any) -> Finding:
    return RULES[rule].judge(export_facts(name, **changes))


def test_the_rules_are_among_those_that_advise() -> None:
    assert set(JUNK) <= set(ADVISED)


@pytest.mark.parametrize(("empty", "passed"), [(9_000, True), (9_001, False)])
def test_a_textual_column_is_85_percent_filled(empty: int, passed: bool) -> None:
    finding = found(
        "textual_columns_are_85_percent_filled", "items", nulls={"ITEM_ID": 0, "PRICE": 50_000, "TEXT": empty}
    )

    assert (finding.passed, finding.observed) == (passed, 0.85)
    assert list(finding.rows) == ([] if passed else [{"column": "TEXT", "filled": "85.0%"}])


def test_ids_that_stand_for_missing_values_are_named_most_frequent_first() -> None:
    ids = {"USER_ID": {"undefined": 3, "null": 5}, "ITEM_ID": {"0": 4}}

    assert found("no_id_looks_like_a_missing_value", missing_ids=ids) == Finding(
        False,
        12,
        "none",
        [
            {"column": "USER_ID", "id": "null", "rows": 5},
            {"column": "ITEM_ID", "id": "0", "rows": 4},
            {"column": "USER_ID", "id": "undefined", "rows": 3},
        ],
    )


def test_names_that_differ_only_by_case_or_space_are_shown_together() -> None:
    alike = {"COLOUR": (("Red", "red "),), "EVENT_TYPE": (("View", "view"),)}

    assert found("no_names_differ_only_by_case_or_space", alike=alike) == Finding(
        False,
        "COLOUR, EVENT_TYPE",
        "no such column",
        [{"column": "COLOUR", "values": "'Red' / 'red '"}, {"column": "EVENT_TYPE", "values": "'View' / 'view'"}],
    )


def test_metadata_columns_of_one_value_or_of_a_new_one_in_each_row_are_named() -> None:
    finding = found(
        "no_metadata_column_is_all_equal_or_all_distinct",
        "items",
        all_equal=("PRICE",),
        all_distinct=("TEXT",),
    )

    assert (finding.passed, finding.observed) == (False, "PRICE, TEXT")
    assert finding.rows == [{"column": "PRICE", "values": "all equal"}, {"column": "TEXT", "values": "all distinct"}]


@pytest.mark.parametrize(
    ("changes", "passed"),
    [
        ({"all_equal": ("COLOUR",)}, False),
        ({"all_equal": ("EVENT_TYPE", "TIMESTAMP")}, True),
        ({"all_equal": ("COLOUR",), "rows": 19}, True),
        ({"all_equal": ("COLOUR",), "rows": 20}, False),
        ({"all_distinct": ("COLOUR",)}, False),
    ],
)
def test_only_metadata_of_20_values_or_more_must_vary(changes: dict[str, Any], passed: bool) -> None:
    assert found("no_metadata_column_is_all_equal_or_all_distinct", **changes).passed is passed


def test_a_constant_is_meant_to_be_all_equal() -> None:
    *others, colour = INTERACTIONS.columns
    columns = (*others, structs.replace(colour, constant="red"))
    dataset = structs.replace(INTERACTIONS, columns=columns)

    assert found("no_metadata_column_is_all_equal_or_all_distinct", dataset=dataset, all_equal=("COLOUR",)).passed


@pytest.mark.parametrize(
    ("last", "rows", "passed"), [(1790812800, 60_000, False), (1790812801, 60_000, True), (1790812800, 19, True)]
)
def test_not_all_timestamps_are_equal(last: int, rows: int, passed: bool) -> None:
    finding = found(
        "timestamps_are_not_all_equal", rows=rows, first={"TIMESTAMP": 1790812800}, last={"TIMESTAMP": last}
    )

    assert finding.passed is passed


@pytest.mark.parametrize(("types", "passed"), [(10, True), (11, False)])
def test_ten_event_types_are_enough(types: int, passed: bool) -> None:
    finding = found("event_types_are_at_most_10", events={f"type {n}": 1 for n in range(types)})

    assert (finding.passed, finding.observed, len(finding.rows)) == (passed, types, 0 if passed else 5)


@pytest.mark.parametrize(("with_two", "rows", "passed"), [(0, 60_000, False), (1, 60_000, True), (0, 19, True)])
def test_an_item_has_more_than_one_interaction(with_two: int, rows: int, passed: bool) -> None:
    ids = {"ITEM_ID": IdProfile(distinct=rows, estimated=False, with_two=with_two)}

    assert found("some_items_have_two_interactions", ids=ids, rows=rows).passed is passed
