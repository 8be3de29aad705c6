"""Counts what one task makes of an arrival day, beside the writers that hold it: the accounting of the job report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from personalize_assets.conversion.convert.writers import RejectWriter, RowWriter
from personalize_assets.conversion.mapping.event_mapper import Row
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.spec import DatasetCounts, SourceCounts


class DatasetDayCounts:
    """Rows of one dataset and day: ``rows = kept + rejected``. Passes them on to their writers."""

    def __init__(self, dataset: str, rows: RowWriter, rejects: RejectWriter) -> None:
        """Count for the dataset of this name."""
        self._dataset = dataset
        self._rows = rows
        self._rejects = rejects
        self._rejected: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._count = 0

    def add(self, row: Row, event: Event, file: str) -> None:
        """Add a row, kept or rejected, that was made of an event of a raw file."""
        if row.reason is None:
            self._count += 1
            self._rows.add(row.values)
            self._dropped.update(row.dropped)
        else:
            self.add_reject(row.reason, event.raw, file)

    def add_many(self, kept: pa.RecordBatch, dropped: Mapping[str, int]) -> None:
        """Add kept rows, and by reason how many of their values could not be used."""
        self._dropped.update(dropped)
        self._count += kept.num_rows
        if kept.num_rows:
            self._rows.add_many(kept)

    def add_reject(self, reason: str, raw: bytes, file: str) -> None:
        """Add a rejected row with the event that it was made of."""
        self._count += 1
        self._rejected[reason] += 1
        self._rejects.add(self._dataset, reason, file, raw)

    def close(self) -> DatasetCounts:
        """Close the files and return the counts, with the URIs of the files that were written."""
        self._rows.close()
        self._rejects.close()
        return DatasetCounts(
            rows=self._count,
            kept=self._rows.rows,
            rejected=dict(self._rejected),
            dropped=dict(self._dropped),
            files=(self._rows.uri,) if self._rows.rows else (),
            reject_files=(self._rejects.uri,) if self._rejects.rows else (),
            profile=self._rows.profile.build(),
            months=dict(sorted(self._rows.months.items())),
            untimed=self._rows.untimed,
        )


class SourceDayCounts:
    """Events of one source and day: ``read = wanted + not_wanted + malformed + unreadable``.

    Writes those that are malformed or unreadable.

    Attributes:
        read: The events so far.
    """

    def __init__(self, rejects: RejectWriter) -> None:
        """Write malformed events to ``rejects``."""
        self._rejects = rejects
        self._raw_files = 0
        self._bytes = 0
        self.read = 0
        self._wanted = 0
        self._not_wanted = 0
        self._malformed: Counter[str] = Counter()
        self._unreadable = 0

    def add_file(self, size: int) -> None:
        """Count a raw file of ``size`` stored bytes."""
        self._raw_files += 1
        self._bytes += size

    def add_read(self, events: int, wanted: int) -> None:
        """Count events, of which at least one dataset wants ``wanted``."""
        self.read += events
        self._wanted += wanted
        self._not_wanted += events - wanted

    def add_malformed(self, event: Event, file: str) -> None:
        """Count an event without fields, by its lines, or a file without events, and write it to the rejects."""
        assert event.reason is not None
        self.read += event.lines
        if event.reason == UNREADABLE_FILE:
            self._unreadable += 1
            self._rejects.add_description(event.reason, file, event.raw.decode())
            return
        self._malformed[event.reason] += event.lines
        self._rejects.add(None, event.reason, file, event.raw, event.lines)

    def close(self) -> SourceCounts:
        """Close the file of rejects and return the counts."""
        self._rejects.close()
        return SourceCounts(
            raw_files=self._raw_files,
            bytes=self._bytes,
            read=self.read,
            wanted=self._wanted,
            not_wanted=self._not_wanted,
            malformed=dict(self._malformed),
            unreadable=self._unreadable,
            reject_files=(self._rejects.uri,) if self._rejects.rows else (),
        )
