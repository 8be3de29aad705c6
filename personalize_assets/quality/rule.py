"""A rule: one sentence that must hold, its limit, where the limit comes from, and what to do when it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from personalize_assets.conversion.contract import DATASETS, IDS, Dataset, reserved

FactsT = TypeVar("FactsT")

OURS = "our own experience"
"""The source of a limit that no page of Amazon's names."""
MAX_ROWS = 5
"""How many rows to blame a result shows."""


def guide(page: str) -> str:
    return f"Personalize guide, page {page}"


@dataclass(frozen=True)
class Finding:
    """What a rule found: ``observed`` against ``allowed``, and up to five rows that are to blame."""

    passed: bool
    observed: str | int | float
    allowed: str
    rows: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Rule(Generic[FactsT]):
    """One check, by its name a sentence in snake case, as Dagster wants names.

    Attributes:
        judge: Looks at the facts of one dataset; its docstring says more where the limit needs it.
        holds: The rule in words, with its limit.
        when_red: What to do.
        source: Of the limit.
        is_error: Whether Personalize would refuse the data; else it is a warning.
        datasets: Which datasets it is about.
        is_for: Whether it makes sense for a dataset's columns and a domain.
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
        return f"{self.holds} When red: {self.when_red} Source: {self.source}."

    def applies(self, dataset: Dataset, domain: str) -> bool:
        return dataset.name in self.datasets and self.is_for(dataset, domain)


@dataclass(frozen=True)
class ExportFacts:
    """What is known of one export before it comes into force.

    Attributes:
        profile: See ``conversion.profile.merged``.
        counts: ``kept``, ``duplicates`` and ``bytes`` of the export.
        use_cases: Those that the config names.
        today: The day of the export (UTC).
    """

    dataset: Dataset
    domain: str
    profile: Mapping[str, Any]
    counts: Mapping[str, Any]
    use_cases: tuple[str, ...]
    today: date

    @property
    def rows(self) -> int:
        return int(self.profile["rows"])

    def metadata_columns(self) -> list[str]:
        """See ``metadata_columns``."""
        return metadata_columns(self.dataset, self.domain)


def metadata_columns(dataset: Dataset, domain: str) -> list[str]:
    """What counts as metadata: of interactions the own columns, of users and items all but the id."""
    fixed = reserved(dataset.name, domain) if dataset.name == "interactions" else IDS[dataset.name]
    return [column.name for column in dataset.columns if column.name not in fixed]


def has_column(name: str) -> Callable[[Dataset, str], bool]:
    return lambda dataset, domain: any(column.name == name for column in dataset.columns)


def blamed(facts: ExportFacts, kind: str, columns: Sequence[str]) -> tuple[dict[str, int], list[Mapping[str, Any]]]:
    """Rows with a kind of problem in some columns, counted by column, and up to five of them."""
    found = {name: facts.profile["blamed"].get(f"{kind}:{name}") for name in columns}
    counts = {name: about["rows"] for name, about in found.items() if about}
    rows = [row for about in found.values() if about for row in about["shown"]]
    return counts, rows[:MAX_ROWS]


def told(counts: Mapping[str, int | float | str]) -> str:
    """``A: 1, B: 2``, or ``none``."""
    return (
        ", ".join(
            f"{name}: {count:,}" if isinstance(count, int) else f"{name}: {count}" for name, count in counts.items()
        )
        or "none"
    )
