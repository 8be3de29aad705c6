"""The texts of the checks of the accounting."""

from __future__ import annotations

from personalize_assets.quality.accounting import ACCOUNTED, EXPORTED


def test_their_names_are_stable() -> None:
    assert (ACCOUNTED.name, EXPORTED.name) == ("every_event_is_accounted_for", "every_row_is_exported_or_a_duplicate")


def test_a_description_begins_with_what_must_be_equal() -> None:
    assert EXPORTED.description.startswith(
        "Rows kept on all days = rows exported + duplicates + rows outside the window (`last_days`) + rows of "
        "suppressed users (`suppress`). When red: rows "
    )
