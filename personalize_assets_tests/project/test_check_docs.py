"""The page of the checks, and the sentences in the tables that it is made from."""

from __future__ import annotations

import re
from typing import Any

import pytest

from personalize_assets.quality.csv_file import FILE_RULES
from personalize_assets.quality.daily import DAILY_RULES
from personalize_assets.quality.docs import document
from personalize_assets.quality.evaluate import EXPORT_RULES
from personalize_assets.quality.rule import OURS, Rule
from personalize_assets_tests.helpers.samples import REPO

RULES: tuple[Rule[Any], ...] = (*EXPORT_RULES, *FILE_RULES, *DAILY_RULES)


def test_the_page_is_up_to_date() -> None:
    page = REPO / "docs" / "checks.md"

    assert page.read_text() == document(), "run make docs"


def test_no_two_checks_have_one_name() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_check_says_what_holds_what_to_do_and_where_its_limit_is_from(rule: Any) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", rule.name), "a name is a sentence"
    assert rule.holds.endswith(".")
    assert rule.when_red.endswith(".")
    assert rule.source == OURS or "Personalize guide, page " in rule.source
    assert rule.description == f"{rule.holds} When red: {rule.when_red} Source: {rule.source}."
