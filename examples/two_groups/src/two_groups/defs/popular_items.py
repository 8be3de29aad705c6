"""An asset of this project, below the CSV of the shop."""

import csv
from collections import Counter
from pathlib import Path

import dagster as dg

PROJECT = Path(__file__).parents[3]
CSV = PROJECT / "data" / "shop" / "exports" / "latest" / "interactions.csv"


@dg.asset(
    deps=[dg.AssetKey(["shop", "interactions_csv"])],
    automation_condition=dg.AutomationCondition.eager(),
    group_name="reports",
)
def popular_items() -> dg.MaterializeResult:
    """The ten items with the most interactions, for those who have no recommendations yet."""
    with CSV.open(newline="", encoding="utf-8") as file:
        counts = Counter(row["ITEM_ID"] for row in csv.DictReader(file))
    first = dict(counts.most_common(10))
    return dg.MaterializeResult(metadata={"items": len(counts), "first": first})
