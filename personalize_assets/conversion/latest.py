"""Users and items over all days: one row an id, each column from the latest event that says anything about it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.mapping import COPIES, EVENT_TIME, MESSAGE_ID


def latest_by_id(rows: DataFrame, columns: Sequence[Column], id_column: str) -> DataFrame:
    """For each column the value that is not null of the latest event, or with ``keep: first`` of the earliest.

    Equal times are told apart by the message id, then by the value; an unknown time counts as the oldest. So the
    result does not depend on the order of reading. ``COPIES`` beside the columns counts the rows of an id.
    """
    # By places in windows, and not by max_by: Sail's holds on to all that it has seen.
    others = [column for column in columns if column.name != id_column]
    placed = rows.select("*", *(_place(column, id_column) for column in others))
    kept = [F.max(F.when(F.col(_place_of(column)) == 1, F.col(column.name))).alias(column.name) for column in others]
    copies = F.count(F.lit(1)).alias(COPIES)
    return placed.groupBy(id_column).agg(*kept, copies).select(*(column.name for column in columns), COPIES)


def _place_of(column: Column) -> str:
    return f"_place_{column.name}"


def _place(column: Column, id_column: str) -> SparkColumn:
    """The row's place among those of its id; the first has the value to keep, or null if there is none."""
    value, time, message = F.col(column.name), F.col(EVENT_TIME), F.col(MESSAGE_ID)
    if column.keep == "first":
        by_age = [time.asc_nulls_first(), message.asc_nulls_first(), value.asc()]
    else:
        by_age = [time.desc_nulls_last(), message.desc_nulls_last(), value.desc()]
    rows_of_id = Window.partitionBy(id_column).orderBy(value.isNull(), *by_age)
    return F.row_number().over(rows_of_id).alias(_place_of(column))
