"""Rules for catalogs of days: is everything read that the source has?"""

from __future__ import annotations

from typing import Any

import pytest

from personalize_assets.quality.catalogued import CATALOG_RULES, CatalogFacts
from personalize_assets.quality.rule import Finding
from personalize_assets.storage.manifests import DayCatalog
from personalize_assets.storage.unread_keys import UnreadKeys

RULES = {rule.name: rule for rule in CATALOG_RULES}


def facts(elsewhere: UnreadKeys | None = None, **changes: Any) -> CatalogFacts:
    """Two days; ``changes`` are of the second one's catalog."""
    catalogs = {
        "2026-10-01": DayCatalog(day="2026-10-01", files=()),
        "2026-10-02": DayCatalog(day="2026-10-02", files=(), **changes),
    }
    return CatalogFacts(catalogs) if elsewhere is None else CatalogFacts(catalogs, elsewhere)


@pytest.mark.parametrize("rule", RULES)
def test_a_source_of_which_all_is_read_passes(rule: str) -> None:
    assert RULES[rule].judge(facts(foreign_files=5)) == Finding(True, 0, "none")


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("every_key_fits_the_layout", "unfit"),
        ("no_raw_file_is_archived", "archived"),
        ("no_raw_file_is_empty", "empty"),
    ],
)
def test_keys_that_are_not_read_are_named_with_their_day(rule: str, field: str) -> None:
    changed = facts(**{field: UnreadKeys(7, ("a/1", "b/1"))})

    rows = ({"day": "2026-10-02", "keys": 7, "examples": "a/1, b/1"},)
    assert {name: one.judge(changed) for name, one in RULES.items() if not one.judge(changed).passed} == {
        rule: Finding(False, 7, "none", rows)
    }


def test_keys_in_no_days_folder_are_named_too() -> None:
    finding = RULES["every_key_fits_the_layout"].judge(facts(UnreadKeys(2, ("web/x",)), unfit=UnreadKeys(1, ("y/z",))))

    assert finding == Finding(
        False,
        3,
        "none",
        (
            {"day": "2026-10-02", "keys": 1, "examples": "y/z"},
            {"day": "none", "keys": 2, "examples": "web/x"},
        ),
    )
