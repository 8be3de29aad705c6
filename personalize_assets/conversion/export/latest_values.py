"""Users and items over all days: one row per id, with the latest value of each column that is not null."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.contract import Column
from personalize_assets.conversion.mapping.daily_schema import COPIES, EVENT_TIME, MESSAGE_ID
from personalize_assets.conversion.spark import is_remote

_ID = "_id"
# Bound on the ids held in memory, at some 100 bytes each; with more, all rows are sorted, on disk if necessary.
_MAX_IDS = 1_000_000
# Less than any known event time; those begin in 1990.
_UNKNOWN = 0


def latest_by_id(rows: DataFrame, columns: Sequence[Column], id_column: str) -> DataFrame:
    """One row per id: in each column the latest value that is not null, or the earliest for ``keep: first``.

    Rows of equal event time are ordered by message id, then by value; a null time is the earliest. So the result does
    not depend on the order of reading. ``COPIES``, beside the columns, is the number of rows of the id.
    """
    others = [column for column in columns if column.name != id_column]
    copies = F.count(F.lit(1)).alias(COPIES)
    if is_remote(rows.sparkSession):
        if others and _are_few(rows, id_column):
            rows = _candidates(rows, others, id_column, copies)
            copies = F.max(COPIES).alias(COPIES)
        rows = rows.select("*", *(_place(column, id_column) for column in others))
        kept = [F.max(F.when(F.col(_place_of(column)) == 1, F.col(column.name))) for column in others]
    else:
        kept = [_best(column) for column in others]
    named = [value.alias(column.name) for value, column in zip(kept, others, strict=True)]
    return rows.groupBy(id_column).agg(*named, copies).select(*(column.name for column in columns), COPIES)


def _are_few(rows: DataFrame, id_column: str) -> bool:
    found = rows.agg(F.approx_count_distinct(id_column).alias(_ID)).toArrow()
    return bool(found.column(_ID)[0].as_py() <= _MAX_IDS)


def _candidates(rows: DataFrame, others: Sequence[Column], id_column: str, copies: SparkColumn) -> DataFrame:
    """The few rows that may have a value to keep, with ``COPIES``: those at the best time of any column.

    Sorting all rows, once per column, would take most of an export; sorting these takes next to nothing. Ids without
    any value keep all their rows.
    """
    known = {column.name: F.col(column.name).isNotNull() for column in others}
    at = F.coalesce(F.col(EVENT_TIME), F.lit(_UNKNOWN))
    best = [
        (F.min if column.keep == "first" else F.max)(F.when(known[column.name], at)).alias(_best_of(column))
        for column in others
    ]
    ids = rows.groupBy(F.col(id_column).alias(_ID)).agg(copies, *best)
    may_be_kept = [known[column.name] & (at == F.col(_best_of(column))) for column in others]
    has_none = [F.col(_best_of(column)).isNull() for column in others]
    wanted = reduce(or_, [*may_be_kept, reduce(and_, has_none)])
    # The small side is the left one, because Sail keeps that in memory.
    return ids.join(rows, F.col(_ID).eqNullSafe(F.col(id_column)), "inner").filter(wanted)


def _best(column: Column) -> SparkColumn:
    """The value to keep, as an aggregate for Spark. Sail's keeps all values in memory, and orders nulls differently."""
    value = F.col(column.name)
    by_age = (F.col(EVENT_TIME), F.col(MESSAGE_ID), value)  # null is less than any value
    if column.keep == "first":
        return F.min_by(value, F.struct(value.isNull(), *by_age))
    return F.max_by(value, F.struct(value.isNotNull(), *by_age))


def _best_of(column: Column) -> str:
    return f"_best_{column.name}"


def _place_of(column: Column) -> str:
    return f"_place_{column.name}"


def _place(column: Column, id_column: str) -> SparkColumn:
    """The rank of a row among those of its id; the first has the value to keep, or null if there is none."""
    value, time, message = F.col(column.name), F.col(EVENT_TIME), F.col(MESSAGE_ID)
    if column.keep == "first":
        by_age = [time.asc_nulls_first(), message.asc_nulls_first(), value.asc()]
    else:
        by_age = [time.desc_nulls_last(), message.desc_nulls_last(), value.desc()]
    rows_of_id = Window.partitionBy(id_column).orderBy(value.isNull(), *by_age)
    return F.row_number().over(rows_of_id).alias(_place_of(column))
