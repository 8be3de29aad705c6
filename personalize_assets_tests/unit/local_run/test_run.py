"""Ranges of days, and days that are no partitions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.run import day_ranges, run_all
from personalize_assets_tests.helpers.dagster_runs import small_config


@pytest.mark.parametrize(
    ("days", "max_days", "ranges"),
    [
        ([1, 2, 3, 4, 5], 2, [(1, 2), (3, 4), (5, 5)]),
        ([1, 2, 4, 5, 6, 7], 3, [(1, 2), (4, 6), (7, 7)]),
        ([1, 2, 3], 31, [(1, 3)]),
        ([1, 2], 1, [(1, 1), (2, 2)]),
    ],
)
def test_a_range_has_no_gap_and_no_more_days_than_allowed(
    days: list[int], max_days: int, ranges: list[tuple[int, int]]
) -> None:
    found = day_ranges([date(2026, 10, day) for day in days], max_days)

    assert [(of_range[0].day, of_range[-1].day) for of_range in found] == ranges


def test_days_before_the_source_and_after_today_are_refused(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    tomorrow = today + timedelta(days=1)

    with pytest.raises(PersonalizeAssetsError) as error:
        run_all(small_config(tmp_path), [date(2020, 1, 1), tomorrow])

    assert str(error.value) == (
        f"no day to convert: found 2020-01-01 to {tomorrow}, wanted days from source.start_date (2026-10-01) to today "
        f"({today}); correct --days or source.start_date"
    )
