"""The page of the checks, and the sentences in the tables that it is made from."""

from __future__ import annotations

import re
from typing import Any

import pytest

from docs.reference_pages.checks import document
from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED
from personalize_assets.quality.catalogued import CATALOG_RULES
from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.evaluate import EXPORT_RULES
from personalize_assets.quality.imported import IMPORT_RULES
from personalize_assets.quality.rule import OURS, Rule
from personalize_assets.quality.unloaded import UNLOAD_RULES

RULES: tuple[Rule[Any], ...] = (*EXPORT_RULES, *FILE_RULES, *DAILY_RULES)


def test_every_check_has_one_line_in_a_table() -> None:
    rows = [line.split("`")[1] for line in document().splitlines() if line.startswith("| `")]

    rules: tuple[Rule[Any], ...] = (*RULES, *CATALOG_RULES, *UNLOAD_RULES, *IMPORT_RULES)
    assert sorted(rows) == sorted([*(rule.name for rule in rules), ACCOUNTED.name, EXPORTED.name])


def test_a_rule_about_some_datasets_names_their_assets() -> None:
    (line,) = [line for line in document().splitlines() if line.startswith("| `few_rows_are_duplicates`")]

    assert line.split(" | ")[1] == "`interactions_csv`, `action_interactions_csv`"


def test_every_use_case_of_a_domain_is_listed_with_its_event_type() -> None:
    assert "| ECOMMERCE | Most viewed | View |" in document().splitlines()


def test_no_two_checks_have_one_name() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_check_says_what_holds_what_to_do_and_where_its_limit_is_from(rule: Any) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", rule.name), "a name is a sentence"
    assert rule.holds.endswith(".")
    assert rule.when_red.endswith(".")
    assert rule.source == OURS or "Personalize guide, page " in rule.source
    assert rule.description == f"{rule.holds} When red: {rule.when_red} Source: {rule.source}."
