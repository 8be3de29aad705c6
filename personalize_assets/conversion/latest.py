"""Users and items over all days: one row an id, each column from the latest event that says anything about it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.mapping import COPIES, EVENT_TIME, MESSAGE_ID

_OLDEST = -(2**63)


def latest_by_id(rows: DataFrame, columns: Sequence[Column], id_column: str) -> DataFrame:
    """For each column the value that is not null of the latest event, or with ``keep: first`` of the earliest.

    Equal times are told apart by the message id, then by the value; an unknown time counts as the oldest. So the
    result does not depend on the order of reading. ``COPIES`` beside the columns counts the rows of an id.
    """
    kept = [_kept(column) for column in columns if column.name != id_column]
    copies = F.count(F.lit(1)).alias(COPIES)
    return rows.groupBy(id_column).agg(*kept, copies).select(*(column.name for column in columns), COPIES)


def _kept(column: Column) -> SparkColumn:
    value = F.col(column.name)
    # The oldest and the smallest there is instead of null, which Sail orders in a way of its own inside a struct.
    time, message = F.coalesce(F.col(EVENT_TIME), F.lit(_OLDEST)), F.coalesce(F.col(MESSAGE_ID), F.lit(""))
    # A null order takes a row out of the choice.
    order = F.when(value.isNotNull(), F.struct(time, message, value))
    choose = F.min_by if column.keep == "first" else F.max_by
    return choose(value, order).alias(column.name)
