"""Months of event time."""

import numpy as np
import pytest

from personalize_assets.conversion.months import first_second, month_name, month_number, month_of, starts_within


@pytest.mark.parametrize(
    ("name", "first"),
    [("1970-01", 0), ("1990-01", 631_152_000), ("2024-03", 1_709_251_200), ("2026-10", 1_790_812_800)],
)
def test_a_month_has_a_name_and_a_first_second(name: str, first: int) -> None:
    month = month_number(name)

    assert (month_name(month), first_second(month)) == (name, first)
    assert (month_of(first), month_of(first_second(month + 1) - 1), month_of(first - 1)) == (month, month, month - 1)


def test_a_date_is_in_its_month() -> None:
    assert month_number("2026-10-31") == month_number("2026-10")


def test_the_months_that_begin_in_a_range_of_time() -> None:
    september, october, november = (first_second(month_number(name)) for name in ("2026-09", "2026-10", "2026-11"))

    assert starts_within(september, november).tolist() == [october, november]
    assert starts_within(october, november - 1).tolist() == []
    assert starts_within(october - 1, october).dtype == np.int64
