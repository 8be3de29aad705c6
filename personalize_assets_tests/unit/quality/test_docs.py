"""The page of the checks: every rule is in it once."""

from __future__ import annotations

from typing import Any

from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED
from personalize_assets.quality.catalogued import CATALOG_RULES
from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.docs import document
from personalize_assets.quality.evaluate import EXPORT_RULES
from personalize_assets.quality.imported import IMPORT_RULES
from personalize_assets.quality.rule import Rule
from personalize_assets.quality.unloaded import UNLOAD_RULES


def test_every_check_has_one_line_in_a_table() -> None:
    rows = [line.split("`")[1] for line in document().splitlines() if line.startswith("| `")]

    rules: tuple[Rule[Any], ...] = (
        *EXPORT_RULES,
        *FILE_RULES,
        *DAILY_RULES,
        *CATALOG_RULES,
        *UNLOAD_RULES,
        *IMPORT_RULES,
    )
    assert sorted(rows) == sorted([*(rule.name for rule in rules), ACCOUNTED.name, EXPORTED.name])


def test_a_rule_about_some_datasets_names_their_assets() -> None:
    (line,) = [line for line in document().splitlines() if line.startswith("| `few_rows_are_duplicates`")]

    assert line.split(" | ")[1] == "`interactions_csv`, `action_interactions_csv`"


def test_every_use_case_of_a_domain_is_listed_with_its_event_type() -> None:
    assert "| ECOMMERCE | Most viewed | View |" in document().splitlines()
