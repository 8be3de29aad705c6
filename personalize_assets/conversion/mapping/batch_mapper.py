"""The fast path: the rows of one dataset from many events, column by column, equal to those of ``EventMapper``."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.batch_columns import BatchColumn, Reasons
from personalize_assets.conversion.mapping.batch_fields import BatchField
from personalize_assets.conversion.mapping.batch_rows import BatchRows
from personalize_assets.conversion.mapping.daily_schema import daily_schema
from personalize_assets.conversion.mapping.null_words import NullWords
from personalize_assets.conversion.mapping.paths import is_relative_to_each
from personalize_assets.conversion.mapping.timestamps import are_in_range, many_seconds


class MappedBatch(NamedTuple):
    """What rows became.

    Attributes:
        kept: The rows to write, with ``daily_schema``.
        rejected: For each rejected row, in order: the index of its event (``BatchRows.numbers``), and the reason.
        dropped: How many values of the kept rows could not be used, by reason.
    """

    kept: pa.RecordBatch
    rejected: list[tuple[int, str]]
    dropped: Counter[str]


class BatchMapper:
    """Makes the rows of one dataset from many events, which a ``RowSelection`` of that dataset selected."""

    def __init__(self, dataset: Dataset) -> None:
        """Take the dataset whose rows to make."""
        self._schema = daily_schema(dataset)
        words = NullWords(dataset.nulls)
        self._columns = [BatchColumn(column, words) for column in dataset.columns]
        self._is_events = dataset.is_events
        self._event_time = _optional_field(dataset.event_time, words)
        self._dedupes_elements = bool(dataset.dedupe_by) and is_relative_to_each(dataset.dedupe_by or "")
        self._id = _optional_field(dataset.dedupe_by if dataset.is_events else dataset.message_id, words)

    def map_rows(self, rows: BatchRows, max_epoch_seconds: int) -> MappedBatch:
        """Make the rows. ``max_epoch_seconds`` is the last second (UTC) that a time may have."""
        reasons: Reasons = {}
        all_dropped: list[Reasons] = []
        arrays = []
        for column in self._columns:
            cells, rejected, dropped = rows.cached(column.key, partial(column.read, rows, max_epoch_seconds))
            arrays.append(cells)
            all_dropped.append(dropped)
            for row, reason in rejected.items():
                reasons.setdefault(row, reason)
        if self._is_events:
            arrays.append(self._ids(rows))
            places = None if self._dedupes_elements else rows.positions
            arrays.append(pa.array(places or np.zeros(len(rows)), pa.int32()))
        else:
            arrays.append(self._event_nanos(rows, max_epoch_seconds))
            arrays.append(self._ids(rows))
        kept = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        if reasons:
            is_kept = np.ones(len(rows), bool)
            is_kept[list(reasons)] = False
            kept = kept.filter(pa.array(is_kept))
        counts = Counter(reason for found in all_dropped for row, reason in found.items() if row not in reasons)
        return MappedBatch(kept, [(rows.numbers[row], reasons[row]) for row in sorted(reasons)], counts)

    def _ids(self, rows: BatchRows) -> pa.Array:
        """What identifies the event: ``dedupe_by`` for datasets of events, ``message_id`` for those of entities."""
        return self._id.texts_or_null(rows) if self._id and self._id.is_in(rows) else pa.nulls(len(rows), pa.string())

    def _event_nanos(self, rows: BatchRows, max_epoch_seconds: int) -> pa.Array:
        """Nanoseconds since the epoch; null, which counts as the oldest, without a readable time in range."""
        if self._event_time is None:
            return pa.nulls(len(rows), pa.int64())
        nanos = self._event_time.nanos(rows)
        return pc.if_else(are_in_range(many_seconds(nanos), max_epoch_seconds), nanos, None)


def _optional_field(path: str | None, words: NullWords) -> BatchField | None:
    return BatchField.of_column(path, words) if path else None
