"""The window of an export: only interactions of the last days before the newest one.

Repeats are found over all days before the window is applied, so what is exported with a window is what would be
exported without one, less the rows that are older.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from personalize_assets.conversion.export.segments import DailyMonths
from personalize_assets.conversion.months import first_second

_DAY = 24 * 60 * 60


class Window:
    """The rows with a TIMESTAMP of at least ``since`` (seconds since the epoch); all rows if it is None."""

    def __init__(self, since: int | None = None) -> None:
        """``since`` itself is in the window."""
        self.since = since

    @classmethod
    def before_newest(cls, daily: DailyMonths, days: int | None) -> Window:
        """The last ``days`` times 24 hours before the newest TIMESTAMP; everything if it is None."""
        newest = daily.newest() if days is not None else None
        return cls(None if days is None or newest is None else newest - days * _DAY)

    def cut(self, month: int) -> int | None:
        """The first second of a month that is in the window: None if all are, that of the next month if none is."""
        if self.since is None or self.since <= first_second(month):
            return None
        return min(self.since, first_second(month + 1))


def rows_before(cut: int | None, rows: pa.Table) -> int:
    """How many of the first rows are older than ``cut``, of rows in the order of TIMESTAMP."""
    if cut is None:
        return 0
    return int(np.searchsorted(rows.column("TIMESTAMP").to_numpy(), cut, side="left"))
