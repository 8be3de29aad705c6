"""Which part of a month is in the window of an export."""

from __future__ import annotations

import pyarrow as pa
import pytest

from personalize_assets.conversion.export.window import Window, rows_before
from personalize_assets.conversion.months import first_second, month_number

OCTOBER = month_number("2026-10")
FIRST, NEXT = first_second(OCTOBER), first_second(OCTOBER + 1)


@pytest.mark.parametrize(
    ("since", "cut"),
    [(None, None), (FIRST - 1, None), (FIRST, None), (FIRST + 1, FIRST + 1), (NEXT - 1, NEXT - 1), (NEXT, NEXT),
     (NEXT + 1, NEXT)],
)  # fmt: skip
def test_a_month_is_cut_where_the_window_begins(since: int | None, cut: int | None) -> None:
    assert Window(since).cut(OCTOBER) == cut


@pytest.mark.parametrize(("cut", "rows"), [(None, 0), (3, 0), (4, 1), (5, 1), (6, 3), (7, 3)])
def test_rows_before_the_first_second_of_the_window_are_counted(cut: int | None, rows: int) -> None:
    times = pa.table({"TIMESTAMP": pa.array([3, 5, 5], pa.int64())})

    assert rows_before(cut, times) == rows
