"""What a rule is: one statement that must hold, its limit, where the limit comes from, and what to do when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from personalize_assets.conversion import contract
from personalize_assets.conversion.contract import Dataset, reserved
from personalize_assets.conversion.dataset_types import DATASET_TYPES, DATASETS
from personalize_assets.conversion.spec import ExportProfile

FactsT = TypeVar("FactsT")

OURS = "our own experience"
"""The source of a limit that no page of Amazon's guide names."""
MAX_ROWS = 5
"""How many of the rows at fault a finding carries."""


def guide(page: str) -> str:
    """Name a page of the Personalize developer guide as the source of a limit."""
    return f"Personalize guide, page {page}"


@dataclass(frozen=True)
class Finding:
    """What a rule found: the value ``observed``, the one ``allowed``, and at most ``MAX_ROWS`` rows at fault.

    ``causes`` are the likely ones, a sentence each, where they were looked for. Without ``is_checked`` the rule could
    not be applied, for a reason that another rule's finding has: it is a warning at most.
    """

    passed: bool
    observed: str | int | float
    allowed: str
    rows: Sequence[Mapping[str, Any]] = ()
    causes: Sequence[str] = ()
    is_checked: bool = True


@dataclass(frozen=True)
class Rule(Generic[FactsT]):
    """One check.

    Attributes:
        name: A sentence in snake case, as Dagster requires names; stable, because Dagster keeps history by it.
        judge: Applies the rule to the facts of one dataset; its docstring has the details of the limit.
        holds: The rule in words, with its limit.
        when_red: What to do when it fails.
        source: Where the limit comes from.
        is_error: Whether Personalize would refuse the data; a warning otherwise.
        datasets: The datasets that the rule is about.
        is_for: Whether the rule applies to a dataset's columns and a domain.
    """

    name: str
    judge: Callable[[FactsT], Finding]
    holds: str
    when_red: str
    source: str
    is_error: bool
    datasets: tuple[str, ...] = DATASETS
    is_for: Callable[[Dataset, str], bool] = field(default=lambda dataset, domain: True)

    @property
    def description(self) -> str:
        """What the UI shows on the check."""
        return f"{self.holds} When red: {self.when_red} Source: {self.source}."

    def applies(self, dataset: Dataset, domain: str) -> bool:
        """Whether the rule is about this dataset, with its columns and in this domain."""
        return dataset.name in self.datasets and self.is_for(dataset, domain)


@dataclass(frozen=True)
class ExportFacts:
    """What is known of one export before it becomes the current one.

    Attributes:
        domain: ``custom``, ``ECOMMERCE`` or ``VIDEO_ON_DEMAND``.
        kept: Daily rows that went in.
        duplicates: How many of them were dropped or merged as repeats of others.
        bytes: Size of the CSV, or of all CSVs of a folder.
        use_cases: Those named in the config.
        train_on: Event types that are named there for a custom group.
        today: The day of the export (UTC).
        missing_days: Arrival days (ISO) that another dataset of the group is of, and this one is not.
    """

    dataset: Dataset
    domain: str
    profile: ExportProfile
    kept: int
    duplicates: int
    bytes: int
    use_cases: tuple[str, ...]
    train_on: tuple[str, ...]
    today: date
    missing_days: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the CSV, without the header."""
        return self.profile.rows

    @property
    def unique(self) -> int:
        """Rows of events that differ in any column; 0 for entities."""
        return self.profile.unique or 0

    @property
    def events(self) -> Mapping[str, int]:
        """Rows by EVENT_TYPE; empty for entities."""
        return self.profile.events or {}

    @property
    def days(self) -> Mapping[str, int]:
        """Rows by day of TIMESTAMP (ISO, UTC); empty for entities."""
        return self.profile.days or {}

    def metadata_columns(self) -> list[str]:
        """See the function ``metadata_columns``."""
        return metadata_columns(self.dataset, self.domain)


def metadata_columns(dataset: Dataset, domain: str) -> list[str]:
    """The columns that Personalize counts as metadata.

    Those that it does not reserve for itself; of users and items all but the id.
    """
    fixed = dataset.ids if DATASET_TYPES[dataset.name].counts_reserved else reserved(dataset.name, domain)
    return [column.name for column in dataset.columns if column.name not in fixed]


def has_column(name: str) -> Callable[[Dataset, str], bool]:
    """A condition for ``Rule.is_for``: the dataset has this column."""
    return lambda dataset, domain: any(column.name == name for column in dataset.columns)


def rows_at_fault(
    facts: ExportFacts, problem: str, columns: Sequence[str]
) -> tuple[dict[str, int], list[Mapping[str, Any]]]:
    """The rows with a problem in some of these columns: their number by column, and the first ``MAX_ROWS`` of them.

    ``problem`` is ``null``, ``long`` or ``time``, as in the keys of ``ExportProfile.blamed``.
    """
    found = {name: facts.profile.blamed.get(f"{problem}:{name}") for name in columns}
    counts = {name: blamed.rows for name, blamed in found.items() if blamed is not None}
    rows: list[Mapping[str, Any]] = [row for blamed in found.values() if blamed is not None for row in blamed.shown]
    return counts, rows[:MAX_ROWS]


def trained_types(facts: ExportFacts) -> list[str]:
    """The event types that the use cases named in the config train on, each once."""
    cases = contract.USE_CASES[facts.domain]
    return list(dict.fromkeys(case.event for case in cases if case.event and case.name in facts.use_cases))


def judge_spelling(facts: ExportFacts, names: Sequence[str], without_names: str) -> Finding:
    """No event type differs from one of these names only by case or by space around it.

    ``without_names`` is what is allowed if there are no names.
    """
    exact = {name.lower(): name for name in names}
    wrong = [
        {"EVENT_TYPE": found, "wanted": exact[found.strip().lower()], "rows": rows}
        for found, rows in facts.events.items()
        if found.strip().lower() in exact and found not in names
    ]
    observed = ", ".join(str(row["EVENT_TYPE"]) for row in wrong) or "none misspelt"
    allowed = f"exactly {' or '.join(names)}, where it is meant" if names else without_names
    return Finding(not wrong, observed, allowed, wrong[:MAX_ROWS])


def format_counts(counts: Mapping[str, int]) -> str:
    """Format counts as ``A: 1, B: 2,000``, or ``none``."""
    return ", ".join(f"{name}: {count:,}" for name, count in counts.items()) or "none"
