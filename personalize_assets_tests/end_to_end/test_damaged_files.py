"""Many damaged files on every path of reading; `make faults` reads ten thousand."""

from __future__ import annotations

from personalize_assets_tests.helpers.reading_faults import check_mutated


def test_thousands_of_damaged_files_give_the_same_on_every_path_and_the_accounting_balances() -> None:
    assert check_mutated(4_000, seed=2)["files"] == 4_000
