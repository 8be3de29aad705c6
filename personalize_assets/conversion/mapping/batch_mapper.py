"""Many events at once, column by column: what ``mapping`` says of one event, at a fraction of the price."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.batch_columns import ColumnOfRows, are_in_range, seconds_of
from personalize_assets.conversion.mapping.batch_rows import Rows, Selection
from personalize_assets.conversion.mapping.event_mapper import schema
from personalize_assets.conversion.mapping.fields import Field
from personalize_assets.conversion.reading.struct_decoder import StructDecoder


class Converted(NamedTuple):
    """One dataset's part of some events. ``rejected`` holds the place of the event and the reason, row by row."""

    kept: pa.RecordBatch
    rejected: list[tuple[int, str]]


class Columns:
    """The rows of one dataset."""

    def __init__(self, dataset: Dataset, shape: StructDecoder) -> None:
        self.selection = Selection(dataset, shape)
        self._schema = schema(dataset)
        self._columns = [ColumnOfRows(column, dataset, shape) for column in dataset.columns]
        self._is_interactions = dataset.name == "interactions"
        self._event_time = _optional(dataset.event_time, shape)
        self._id = _optional(dataset.dedupe_by if self._is_interactions else dataset.message_id, shape)

    def convert(self, rows: Rows, latest: int) -> Converted:
        """``latest`` is the last second (UTC since the epoch) that a timestamp may carry."""
        reasons: dict[int, str] = {}
        arrays = []
        for column in self._columns:
            array, own_reasons = rows.once(column.key, partial(column.read, rows, latest))
            arrays.append(array)
            for row, reason in own_reasons.items():
                reasons.setdefault(row, reason)
        if self._is_interactions:
            arrays.append(self._ids(rows))
            arrays.append(pa.array(rows.positions or np.zeros(len(rows.events)), pa.int32()))
        else:
            arrays.append(self._times(rows, latest))
            arrays.append(self._ids(rows))
        kept = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        if reasons:
            is_kept = np.ones(len(rows.events), bool)
            is_kept[list(reasons)] = False
            kept = kept.filter(pa.array(is_kept))
        return Converted(kept, [(rows.numbers[row], reasons[row]) for row in sorted(reasons)])

    def _ids(self, rows: Rows) -> pa.Array:
        """What tells events apart: ``dedupe_by`` of interactions, the message's id of others."""
        return self._id.texts_or_null(rows) if self._id else pa.nulls(len(rows.events), pa.string())

    def _times(self, rows: Rows, latest: int) -> pa.Array:
        """When events happened, in nanoseconds since the epoch; null (the oldest) where that cannot be told."""
        if self._event_time is None:
            return pa.nulls(len(rows.events), pa.int64())
        nanos = self._event_time.nanos(rows)
        return pc.if_else(are_in_range(seconds_of(nanos), latest), nanos, None)


def _optional(path: str | None, shape: StructDecoder) -> Field | None:
    """A field of events, whatever ``each`` is."""
    return Field(path, shape) if path else None
