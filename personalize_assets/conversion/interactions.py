"""Interactions over all days: repeats out, the export's order in."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.mapping import COPIES, DEDUPE, POSITION

_PLACE = "_place"


def export_order(columns: Sequence[str]) -> list[str]:
    """By time, then by every column from left to right: a total order, so that equal events give equal bytes."""
    return ["TIMESTAMP", *(column for column in columns if column != "TIMESTAMP")]


def without_repeats(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """One row of those with the same message (and the same place in ``each``): the first in the export's order.

    ``COPIES`` beside the columns counts the rows that it stands for. A row without a message to tell it by is a repeat
    of those that equal it in every column.
    """
    is_known = F.col(DEDUPE).isNotNull()
    same = Window.partitionBy(DEDUPE, POSITION)
    by_message = (
        rows.filter(is_known)
        .withColumn(_PLACE, F.row_number().over(same.orderBy(*export_order(columns))))
        .withColumn(COPIES, F.count(F.lit(1)).over(same))
        .filter(F.col(_PLACE) == 1)
        .select(*columns, COPIES)
    )
    by_columns = rows.filter(~is_known).groupBy(*columns).agg(F.count(F.lit(1)).alias(COPIES))
    return by_message.unionByName(by_columns)
