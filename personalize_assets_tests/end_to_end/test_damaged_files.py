"""Many damaged files on every path of reading; `make faults` reads ten thousand."""

from __future__ import annotations

import pytest

from personalize_assets_tests.helpers.format_faults import WRITERS, check_mutated_formats
from personalize_assets_tests.helpers.reading_faults import check_mutated


def test_a_thousand_damaged_files_give_the_same_on_every_path_and_the_accounting_balances() -> None:
    assert check_mutated(1_000, seed=2)["files"] == 1_000


@pytest.mark.parametrize("format", WRITERS)
def test_many_damaged_files_of_a_format_give_counted_rejects_and_nothing_else(format: str) -> None:
    found = check_mutated_formats(60, 3, format)

    assert found["files"] == 60
    assert found["unreadable"] or found["malformed_row"]
