"""Interactions by month of event time: which months changed since the export before, and what is left of the others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.export.daily_rows import read_groups, row_groups
from personalize_assets.conversion.export.pieces import Range, RowGroup
from personalize_assets.conversion.kept import InteractionSegments, MonthSegment
from personalize_assets.conversion.months import first_second, month_number, months_of
from personalize_assets.conversion.spec import DailyFiles

# Raised when the same daily files would give other parts, hashes or profiles: nothing that was kept is used then.
_FORMAT = 3


def made_by(dataset: Dataset, header: bytes) -> str:
    """Identifies the mapping and the version of the code; only what has the same can be used again."""
    return hashlib.sha256(bytes([_FORMAT]) + msgspec.json.encode(dataset) + b"\n" + header).hexdigest()[:16]


def inputs_digest(files: Iterable[tuple[str, int]]) -> str:
    """Identifies daily files (URIs) and how many of their day's rows are used."""
    text = "\n".join(f"{uri} {rows}" for uri, rows in sorted(files))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class DailyMonths:
    """The daily files by month of event time, from the counts of their days; row groups are read when they are needed.

    Days of older versions do not count their months: the times in their files are read at once.
    """

    def __init__(self, daily: Sequence[DailyFiles], s3: dict[str, Any]) -> None:
        """Raises ``UnreadableDailyFile`` for a file that must be opened and cannot be."""
        self._s3 = s3
        self._groups: dict[str, list[RowGroup]] = {}
        self._files: dict[int, dict[str, int]] = {}
        for day in daily:
            counts: Mapping[int, int] = {month_number(name): rows for name, rows in day.months.items() if rows}
            for uri in day.files:
                for month, rows in (counts or self._counts(uri)).items():
                    self._files.setdefault(month, {})[uri] = rows
        self.months: list[int] = sorted(self._files)

    def _open(self, uris: Sequence[str]) -> None:
        # A file with rows of several months comes several times.
        missing = list(dict.fromkeys(uri for uri in uris if uri not in self._groups))
        self._groups.update({uri: [] for uri in missing})
        for group in row_groups(missing, self._s3, "TIMESTAMP"):
            self._groups[group.uri].append(group)

    def _counts(self, uri: str) -> dict[int, int]:
        """The rows of a file by month, from its times."""
        self._open([uri])
        found: Counter[int] = Counter()
        for batch in read_groups(self._groups[uri], ["TIMESTAMP"], self._s3):
            months, rows = np.unique(months_of(batch.column("TIMESTAMP").to_numpy()), return_counts=True)
            found.update(dict(zip(months.tolist(), rows.tolist(), strict=True)))
        return found

    def inputs(self, month: int) -> str:
        """Identifies what a month is made of."""
        return inputs_digest(self._files[month].items())

    def newest(self) -> int | None:
        """The newest TIMESTAMP (seconds since the epoch); None without rows. Opens the files of the newest month."""
        if not self.months:
            return None
        newest = self._files[self.months[-1]]
        self._open([*newest])
        return max(group.last for uri in newest for group in self._groups[uri])

    def ranges(self, months: Sequence[int]) -> list[Range]:
        """The row groups of months, each a range of its own."""
        self._open([uri for month in months for uri in self._files[month]])
        found = []
        for month in months:
            at, until = first_second(month), first_second(month + 1)
            inside = (group for uri in self._files[month] for group in self._groups[uri])
            groups = tuple(group for group in inside if group.first < until and group.last >= at)
            found.append(Range((at,), (until,), groups))
        return found


def usable(kept: Any, made: str) -> dict[int, MonthSegment]:
    """The segments of the export before by month; none if they were made with another mapping or version."""
    if not isinstance(kept, InteractionSegments) or kept.made != made:
        return {}
    return {month_number(segment.month): segment for segment in kept.months}


def changed_months(daily: DailyMonths, former: Mapping[int, MonthSegment]) -> list[int]:
    """Months whose daily files are not those of their segment, and months that have rows no more; oldest first."""
    changed = {month for month in daily.months if month not in former or former[month].inputs != daily.inputs(month)}
    return sorted(changed | (former.keys() - set(daily.months)))
