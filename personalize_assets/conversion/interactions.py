"""Interactions over all days: repeats out, the export's order in."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from personalize_assets.conversion.mapping import COPIES, DEDUPE, POSITION


def export_order(columns: Sequence[str]) -> list[str]:
    """By time, then by every column from left to right: a total order, so that equal events give equal bytes."""
    return ["TIMESTAMP", *(column for column in columns if column != "TIMESTAMP")]


def without_repeats(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """One row of those with the same message (and the same place in ``each``): the first in the export's order.

    ``COPIES`` beside the columns counts the rows that it stands for. A row without a message to tell it by is a repeat
    of those that equal it in every column.
    """
    is_known = F.col(DEDUPE).isNotNull()
    sameness = [
        F.col(DEDUPE),
        F.when(is_known, F.col(POSITION)),
        *(F.when(~is_known, F.col(column)) for column in columns),
    ]
    same = Window.partitionBy(*sameness)
    in_order = same.orderBy(*export_order(columns))
    return (
        rows.withColumn("_place", F.row_number().over(in_order))
        .withColumn(COPIES, F.count(F.lit(1)).over(same))
        .filter(F.col("_place") == 1)
        .select(*columns, COPIES)
    )
