"""Marks repeats among the interactions of all days, and defines the order of their export."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.mapping.event_mapper import COPIES, DEDUPE, IS_FIRST, POSITION
from personalize_assets.conversion.spark import is_remote

_MESSAGE, _AT = "_message", "_at"
# Bound on the messages held in memory, at some 100 bytes each.
_MAX_REPEATED = 1_000_000


def export_order(columns: Sequence[str]) -> list[str]:
    """The columns to sort by: TIMESTAMP, then all from left to right, so that the same events give the same bytes."""
    return ["TIMESTAMP", *(column for column in columns if column != "TIMESTAMP")]


def with_repeats_marked(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """The given columns, and beside them ``IS_FIRST`` and ``COPIES``.

    ``IS_FIRST`` is true for a row to export and false for one that repeats it. Of rows with the same message id and
    position in ``each``, the first in the export's order is true. Rows without a message id are merged if they are
    equal in every column; ``COPIES`` is the number of rows that were merged, and 1 otherwise.

    Repeats stay in the result, to be counted and left out when the rows are written: a count over a window would hold
    all rows of a partition in memory.
    """
    is_known = F.col(DEDUPE).isNotNull()
    by_columns = (
        rows.filter(~is_known)
        .groupBy(*columns)
        .agg(F.lit(True).alias(IS_FIRST), F.count(F.lit(1)).alias(COPIES))
        .select(*columns, IS_FIRST, COPIES)
    )
    return _by_message(rows.filter(is_known), columns).unionByName(by_columns)


def _by_message(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    everything, one = F.lit(True).alias(IS_FIRST), F.lit(1).cast("bigint").alias(COPIES)
    same = Window.partitionBy(DEDUPE, POSITION).orderBy(*export_order(columns))
    is_first = (F.row_number().over(same) == 1).alias(IS_FIRST)
    messages = _repeated_messages(rows)
    if messages is None:
        return rows.select(*columns, is_first, one)
    if not messages.num_rows:
        return rows.select(*columns, everything, one)
    # Sent as a table: Sail runs a query twice if it is used twice.
    repeated = rows.sparkSession.createDataFrame(messages)
    # The small side is the left one, because Sail keeps that in memory.
    is_same = (F.col(DEDUPE) == F.col(_MESSAGE)) & (F.col(POSITION) == F.col(_AT))
    alone = repeated.join(rows, is_same, "right").filter(F.col(_MESSAGE).isNull())
    several = repeated.join(rows, is_same, "inner")
    return alone.select(*columns, everything, one).unionByName(several.select(*columns, is_first, one))


def _repeated_messages(rows: DataFrame) -> pa.Table | None:
    """The message ids and positions that occur more than once; usually few, so that all other rows need no window.

    None if there are more than ``_MAX_REPEATED``, and on the JVM, where counting them costs more than it saves.
    """
    if not is_remote(rows.sparkSession):
        return None
    messages = rows.groupBy(F.col(DEDUPE).alias(_MESSAGE), F.col(POSITION).alias(_AT))
    found = messages.agg(F.count(F.lit(1)).alias(COPIES)).filter(F.col(COPIES) > 1).select(_MESSAGE, _AT)
    table = found.limit(_MAX_REPEATED + 1).toArrow()
    return table if table.num_rows <= _MAX_REPEATED else None
