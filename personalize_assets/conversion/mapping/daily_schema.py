"""The Arrow schema of daily Parquet files, and the names of the bookkeeping columns, which never reach a CSV."""

from __future__ import annotations

import pyarrow as pa

from personalize_assets.conversion.column_types import COLUMN_TYPES
from personalize_assets.conversion.contract import Dataset

# In daily files of datasets of events.
DEDUPE = "_dedupe"
"""The value of ``dedupe_by`` as text; null without it."""
POSITION = "_position"
"""The index of the row's element in ``each``, from 0."""

# In daily files of datasets of entities.
EVENT_TIME = "_event_time"
"""Nanoseconds since the epoch; null, which counts as older than any time, where the event has no readable one."""
MESSAGE_ID = "_message_id"
"""Text that orders rows of equal time."""

# Within an export.
ARRIVAL_DAY = "_arrival_day"
"""The arrival day of a row's daily file, as its number in the proleptic Gregorian calendar (``date.toordinal``)."""
COPIES = "_copies"
"""How many daily rows a row stands for, so that the rows of an export can be reconciled with the daily rows."""


def daily_schema(dataset: Dataset) -> pa.Schema:
    """Return the schema of a dataset's daily files: its columns in their order, then the bookkeeping."""
    own = [pa.field(column.name, COLUMN_TYPES[column.type].arrow) for column in dataset.columns]
    if dataset.is_events:
        return pa.schema([*own, pa.field(DEDUPE, pa.string()), pa.field(POSITION, pa.int32())])
    return pa.schema([*own, pa.field(EVENT_TIME, pa.int64()), pa.field(MESSAGE_ID, pa.string())])
