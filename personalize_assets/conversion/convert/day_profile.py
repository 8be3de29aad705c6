"""What a day of a dataset is like, in numbers that add up over tasks: counted while its rows are written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.export_profile import count_events, preview_rows
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS
from personalize_assets.conversion.spec import PREVIEW_ROWS


class DayProfile:
    """The numbers of the rows that one task keeps for a day: numbers to add up, lists to append."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._nulls = dict.fromkeys((column.name for column in dataset.columns), 0)
        self._events: Counter[str] = Counter()
        self._hours = np.zeros(24, np.int64)
        self._ends: list[int] = []
        self._preview: list[dict[str, Any]] = []

    def add(self, table: pa.Table) -> None:
        for name in self._nulls:
            self._nulls[name] += table.column(name).null_count
        if len(self._preview) < PREVIEW_ROWS:
            self._preview += preview_rows(table.select(list(self._nulls)).slice(0, PREVIEW_ROWS - len(self._preview)))
        if self._dataset.name == "interactions":
            seconds = table.column("TIMESTAMP").drop_null().to_numpy()
            self._hours += np.bincount(seconds % DAY_SECONDS // 3600, minlength=24)
            ends = [int(seconds.min()), int(seconds.max())] if len(seconds) else []
            self._ends = [*self._ends, *ends] and [min(*self._ends, *ends), max(*self._ends, *ends)]
            if "EVENT_TYPE" in self._nulls:
                count_events(self._events, table.column("EVENT_TYPE"))

    def report(self) -> dict[str, Any]:
        return {
            "nulls": self._nulls,
            "events": dict(self._events),
            "hours": {str(hour): int(rows) for hour, rows in enumerate(self._hours) if rows},
            "times": self._ends,
            "preview": self._preview,
        }
