"""Interactions over all days: repeats out, the export's order in."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.mapping import COPIES, DEDUPE, IS_FIRST, POSITION


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
    same = Window.partitionBy(DEDUPE, POSITION).orderBy(*export_order(columns))
    by_message = rows.filter(is_known).select(
        *columns, (F.row_number().over(same) == 1).alias(IS_FIRST), F.lit(1).cast("bigint").alias(COPIES)
    )
    by_columns = (
        rows.filter(~is_known)
        .groupBy(*columns)
        .agg(F.lit(True).alias(IS_FIRST), F.count(F.lit(1)).alias(COPIES))
        .select(*columns, IS_FIRST, COPIES)
    )
    return by_message.unionByName(by_columns)
