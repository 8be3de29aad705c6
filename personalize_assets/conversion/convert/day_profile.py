"""Numbers about the rows that one task keeps for a day of a dataset, counted while the rows are written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.export_profile import count_events, preview_rows
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS
from personalize_assets.conversion.spec import PREVIEW_ROWS, DayProfile


class DayProfileBuilder:
    """Counts tables of rows into a ``DayProfile``."""

    def __init__(self, dataset: Dataset) -> None:
        """Count the columns of ``dataset``."""
        self._dataset = dataset
        self._nulls = dict.fromkeys((column.name for column in dataset.columns), 0)
        self._events: Counter[str] = Counter()
        self._hours = np.zeros(24, np.int64)
        self._times: list[int] = []
        self._preview: list[dict[str, Any]] = []

    def add(self, table: pa.Table) -> None:
        """Count rows; ``table`` has the dataset's columns and may have others."""
        for name in self._nulls:
            self._nulls[name] += table.column(name).null_count
        if len(self._preview) < PREVIEW_ROWS:
            self._preview += preview_rows(table.select(list(self._nulls)).slice(0, PREVIEW_ROWS - len(self._preview)))
        if self._dataset.is_events:
            seconds = table.column("TIMESTAMP").drop_null().to_numpy()
            self._hours += np.bincount(seconds % DAY_SECONDS // 3600, minlength=24)
            if len(seconds):
                times = [*self._times, int(seconds.min()), int(seconds.max())]
                self._times = [min(times), max(times)]
            if "EVENT_TYPE" in self._nulls:
                count_events(self._events, table.column("EVENT_TYPE"))

    def build(self) -> DayProfile:
        """The profile of all rows counted so far; its preview is not masked."""
        return DayProfile(
            nulls=dict(self._nulls),
            events=dict(self._events),
            hours={str(hour): int(rows) for hour, rows in enumerate(self._hours) if rows},
            times=tuple(self._times),
            preview=tuple(self._preview),
        )
