"""Rules for what was imported into Personalize."""

from __future__ import annotations

from personalize_assets.quality.imported import IMPORT_RULES, ImportFacts
from personalize_assets.quality.rule import Finding

RULES = {rule.name: rule for rule in IMPORT_RULES}


def test_an_import_without_pending_rows_passes() -> None:
    assert RULES["every_row_is_imported"].judge(ImportFacts()) == Finding(True, 0, "0 rows that Personalize lacks")


def test_rows_that_wait_are_counted() -> None:
    found = RULES["every_row_is_imported"].judge(ImportFacts(pending=700))

    assert (found.passed, found.observed) == (False, 700)


def test_columns_that_older_solutions_do_not_train_on_are_named() -> None:
    facts = ImportFacts(untrained={"GENRE": "2026-10-02"}, solutions=("ranking", "similar"))

    found = RULES["every_column_is_trained_on"].judge(facts)

    assert (found.passed, found.observed) == (False, "1 columns that ranking, similar do not train on")
    assert found.rows == ({"column": "GENRE", "imported since": "2026-10-02"},)


def test_rows_that_were_not_compared_are_not_checked() -> None:
    found = RULES["personalize_holds_the_rows"].judge(ImportFacts())

    assert (found.passed, found.is_checked, found.allowed) == (True, False, "`import.compare: on` compares them")


def test_fewer_rows_in_personalize_than_in_the_export_are_red() -> None:
    found = RULES["personalize_holds_the_rows"].judge(ImportFacts(compared=(1200, 1199)))

    assert (found.passed, found.observed, found.allowed) == (False, 1199, "1,200 rows, as exported")
