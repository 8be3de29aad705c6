"""Days as bars of a time axis."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from personalize_assets.report.timeline import Timeline, timeline


def days(count: int) -> dict[str, int]:
    return {(date(2026, 10, 1) + timedelta(number)).isoformat(): 1 for number in range(count)}


def test_without_days_there_are_no_bars() -> None:
    assert timeline({}) == Timeline("day", {})


def test_a_day_without_rows_has_a_bar_of_zero() -> None:
    assert timeline({"2026-10-03": 2, "2026-10-01": 1}) == Timeline(
        "day", {"2026-10-01": 1, "2026-10-02": 0, "2026-10-03": 2}
    )


def test_weeks_begin_on_monday() -> None:
    found = timeline(days(101))

    assert found.unit == "week"
    assert list(found.bars.items())[:2] == [("2026-09-28", 4), ("2026-10-05", 7)]


@pytest.mark.parametrize(("count", "unit"), [(1, "day"), (100, "day"), (101, "week"), (697, "week"), (698, "month")])
def test_bars_are_as_wide_as_a_phone_needs_and_have_all_rows(count: int, unit: str) -> None:
    found = timeline(days(count))

    assert (found.unit, sum(found.bars.values())) == (unit, count)
    assert len(found.bars) <= 100


def test_months_go_on_over_the_end_of_a_year() -> None:
    found = timeline({"2024-11-30": 1, "2027-01-01": 2})

    assert list(found.bars)[:3] == ["2024-11", "2024-12", "2025-01"]
    assert (len(found.bars), found.bars["2027-01"]) == (27, 2)
