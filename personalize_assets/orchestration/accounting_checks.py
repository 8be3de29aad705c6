"""Asset checks: what must hold of what was made, told from reports and commits and never by reading data again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from personalize_assets.pipeline.accounting import unbalanced_books, unbalanced_rows

ACCOUNTED = "every_event_is_accounted_for"
EXPORTED = "every_row_is_exported_or_a_duplicate"

_WHEN_RED = (
    "Red means that something was lost or counted twice on the way, which is a fault of the engine or of this "
    "package and not of your events: do not import the files, convert the days that are named again, and report it."
)


def accounted_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Of a daily dataset, over the days of a run."""
    return dg.AssetCheckSpec(
        ACCOUNTED,
        asset=key,
        blocking=True,
        description="Events read = wanted + not wanted + malformed, and rows = kept + rejected, on every day. "
        + _WHEN_RED,
    )


def exported_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Of a table or a CSV, over all days."""
    return dg.AssetCheckSpec(
        EXPORTED,
        asset=key,
        blocking=True,
        description="Rows kept on all days = rows exported + duplicates. " + _WHEN_RED,
    )


def accounted(
    key: dg.AssetKey, books: Mapping[str, Mapping[str, Any]], commits: Mapping[str, Mapping[str, Any]]
) -> dg.AssetCheckResult:
    """The check of one dataset: ``books`` of its source and ``commits``, both by day."""
    wrong = [
        f"{day}: {said}"
        for day in commits
        for said in (unbalanced_books(books[day]), unbalanced_rows(commits[day]))
        if said
    ]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ACCOUNTED,
        passed=not wrong,
        metadata={
            "days": len(commits),
            "events_read": sum(of_day["read"] for of_day in books.values()),
            "rows": sum(commit["rows"] for commit in commits.values()),
            "unbalanced": "; ".join(wrong[:5]) or "none",
        },
    )


def exported(key: dg.AssetKey, counts: Mapping[str, Any]) -> dg.AssetCheckResult:
    """The check of one table or CSV, from its commit or manifest."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=EXPORTED,
        passed=counts["kept"] == counts["rows"] + counts["duplicates"],
        metadata={"kept": counts["kept"], "exported": counts["rows"], "duplicates": counts["duplicates"]},
    )
