"""The two checks of the accounting: their names and what they say. ``pipeline.accounting`` has the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AccountingCheck:
    """A check that compares counts of one run. It is an error whatever ``checks`` in the config says.

    Attributes:
        name: Stable, because Dagster keeps history by it.
        assets: The assets it is on, in words.
        holds: What must be equal.
    """

    name: str
    assets: str
    holds: str

    @property
    def description(self) -> str:
        """What the UI shows on the check."""
        return (
            f"{self.holds[0].upper()}{self.holds[1:]}. When red: rows or events were lost or counted twice, which is "
            "a fault of the engine or of this package, not of your events. Do not import the files, convert the days "
            "named here again, and report it."
        )


ACCOUNTED = AccountingCheck(
    "every_event_is_accounted_for",
    "the daily datasets",
    "on every day, events read = wanted + not wanted + malformed + unreadable, and rows = kept + rejected",
)
EXPORTED = AccountingCheck(
    "every_row_is_exported_or_a_duplicate",
    "tables and CSVs",
    "rows kept on all days = rows exported + duplicates + rows outside the window (`last_days`) + rows of "
    "suppressed users (`suppress`)",
)
