"""Interactions over all days: repeats out, the export's order in."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.mapping.daily_schema import COPIES, DEDUPE, IS_FIRST, POSITION
from personalize_assets.conversion.spark import is_remote

_MESSAGE, _AT = "_message", "_at"
# Messages that may be held in memory, some 100 bytes each.
_MOST_REPEATED = 1_000_000


def export_order(columns: Sequence[str]) -> list[str]:
    """By time, then by every column from left to right: a total order, so that equal events give equal bytes."""
    return ["TIMESTAMP", *(column for column in columns if column != "TIMESTAMP")]


def with_repeats_marked(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """The columns, and beside them ``IS_FIRST``: whether a row is to be exported, or repeats one that is.

    Of rows with the same message (and the same place in ``each``) the first in the export's order is. Rows without a
    message to tell them by become one if they are equal in every column. ``COPIES`` counts the rows a row stands for.

    Repeats stay in as they are, to be counted and left out by who writes the rows: so nothing here has to hold all rows
    of a partition at once, as a count over a window would.
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
    # As a table of its own: where a query is used twice, Sail runs it twice.
    repeated = rows.sparkSession.createDataFrame(messages)
    # This way around, for Sail keeps the left side of a join in memory.
    is_same = (F.col(DEDUPE) == F.col(_MESSAGE)) & (F.col(POSITION) == F.col(_AT))
    alone = repeated.join(rows, is_same, "right").filter(F.col(_MESSAGE).isNull())
    several = repeated.join(rows, is_same, "inner")
    return alone.select(*columns, everything, one).unionByName(several.select(*columns, is_first, one))


def _repeated_messages(rows: DataFrame) -> pa.Table | None:
    """The messages that come more than once: few, so that the others need no order to find that out.

    None if they are many after all, and on the JVM, where counting them costs more than it spares.
    """
    if not is_remote(rows.sparkSession):
        return None
    messages = rows.groupBy(F.col(DEDUPE).alias(_MESSAGE), F.col(POSITION).alias(_AT))
    found = messages.agg(F.count(F.lit(1)).alias(COPIES)).filter(F.col(COPIES) > 1).select(_MESSAGE, _AT)
    table = found.limit(_MOST_REPEATED + 1).toArrow()
    return table if table.num_rows <= _MOST_REPEATED else None
