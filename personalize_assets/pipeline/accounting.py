"""Whether the counts of a day balance: everything that was read is found again somewhere."""

from __future__ import annotations

from personalize_assets.conversion.spec import DatasetCounts, SourceCounts


def unbalanced_events(counts: SourceCounts) -> str | None:
    """What does not balance in the events read of a source on a day; None if they balance."""
    malformed = sum(counts.malformed.values())
    if counts.read == counts.wanted + counts.not_wanted + malformed + counts.unreadable:
        return None
    return (
        f"{counts.read} events read, but {counts.wanted} wanted + {counts.not_wanted} not wanted + "
        f"{malformed} malformed + {counts.unreadable} unreadable"
    )


def unbalanced_rows(counts: DatasetCounts) -> str | None:
    """What does not balance in the rows of a dataset's day; None if they balance."""
    rejected = sum(counts.rejected.values())
    if counts.rows == counts.kept + rejected:
        return None
    return f"{counts.rows} rows, but {counts.kept} kept + {rejected} rejected"


def balances(events: SourceCounts, rows: DatasetCounts) -> bool:
    """Whether the counts of a day's source and of a dataset both balance."""
    return not unbalanced_events(events) and not unbalanced_rows(rows)
