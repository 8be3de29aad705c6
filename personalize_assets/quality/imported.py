"""Rules for what was imported into Personalize. They only warn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from personalize_assets.quality.rule import MAX_ROWS, Finding, Rule, guide


@dataclass(frozen=True)
class ImportFacts:
    """What is known after an import of a dataset.

    Attributes:
        pending: Rows of the current export that Personalize lacks.
        untrained: Columns that were added to the dataset, by name, with the day (ISO, UTC) on which that was done.
        solutions: Solutions that are older than the newest of these columns.
        compared: Rows of the export, and those that Personalize exported; None if they were not compared.
        why_not: Why they were not.
    """

    pending: int = 0
    untrained: Mapping[str, str] = field(default_factory=dict)
    solutions: tuple[str, ...] = ()
    compared: tuple[int, int] | None = None
    why_not: str = "`import.compare: on` compares them"


def _every_row_is_imported(facts: ImportFacts) -> Finding:
    return Finding(not facts.pending, facts.pending, "0 rows that Personalize lacks")


def _every_column_is_trained_on(facts: ImportFacts) -> Finding:
    rows = tuple({"column": name, "imported since": day} for name, day in facts.untrained.items())
    observed = f"{len(rows)} columns that {', '.join(facts.solutions)} do not train on" if rows else "none"
    return Finding(not rows, observed, "no column that is newer than a solution", rows[:MAX_ROWS])


def _personalize_holds_the_rows(facts: ImportFacts) -> Finding:
    if facts.compared is None:
        return Finding(True, "not compared", facts.why_not, is_checked=False)
    exported, held = facts.compared
    return Finding(exported == held, held, f"{exported:,} rows, as exported")


IMPORT_RULES: tuple[Rule[ImportFacts], ...] = (
    Rule(
        "every_row_is_imported",
        _every_row_is_imported,
        "Personalize holds all rows of the current export.",
        "nothing, if new rows are still fewer than 1,000: they are imported with the next ones. "
        "`personalize-assets import --mode full` imports them now.",
        guide("limits"),
        False,
        (),
    ),
    Rule(
        "every_column_is_trained_on",
        _every_column_is_trained_on,
        "No solution is older than a column that was added to the dataset.",
        "make a new solution, or call UpdateRecommender: an older one does not train on new columns.",
        guide("updating-dataset-schema"),
        False,
        (),
    ),
    Rule(
        "personalize_holds_the_rows",
        _personalize_holds_the_rows,
        "Personalize exports as many rows as were imported, without what applications sent to it.",
        "look whether something else imports into this dataset; `personalize-assets import --again` replaces its "
        "rows by the export.",
        guide("exporting-data"),
        False,
        (),
    ),
)  # fmt: skip
