"""What an import is going to do, and what it did: structs for the command line, the UI and the checks."""

from __future__ import annotations

from dataclasses import dataclass, field

from personalize_assets.aws.personalize import Job
from personalize_assets.pipeline.importing.dataset_setup import Ready
from personalize_assets.storage.manifests import ExportManifest


@dataclass(frozen=True)
class Decision:
    """What is to be done about a dataset's rows.

    Attributes:
        mode: ``FULL`` or ``INCREMENTAL``; empty for nothing.
        why: In words.
        rows: To be sent, or if nothing is done, that Personalize lacks.
        bytes: Of the file to be sent.
        key: Of that file or, with a slash at its end, folder.
        vanished: Rows or ids that Personalize holds and the export lacks.
    """

    mode: str
    why: str
    rows: int = 0
    bytes: int = 0
    key: str = ""
    vanished: int = 0


@dataclass(frozen=True)
class ImportOutcome:
    """What an import did, and what Personalize holds after it.

    Attributes:
        export: That was to be imported.
        held: Of which Personalize holds the rows; None if it holds none, or they are unknown.
        job: The newest that is done; None without one.
        sent: What was sent by this run, in order; empty if nothing was.
        pending: Rows of the export that Personalize lacks.
        why: The last decision in words.
        seconds: Of the whole import, waits included.
        ready: The dataset.
        console: The page of its group in the console.
        untrained: Columns that were added, with the seconds since the epoch, and that some solution has not seen.
        solutions: The solutions that are older than these columns.
    """

    dataset: str
    export: ExportManifest
    held: ExportManifest | None
    job: Job | None
    sent: tuple[Decision, ...]
    pending: int
    why: str
    seconds: float
    ready: Ready
    console: str
    untrained: dict[str, float] = field(default_factory=dict)
    solutions: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do now.

    Attributes:
        group_steps: Of the set-up, for all datasets of the group.
        own_steps: Of the set-up, for this dataset.
        decision: About the rows.
        unfinished: Jobs that are waited for before.
    """

    dataset: str
    group_steps: tuple[str, ...]
    own_steps: tuple[str, ...]
    decision: Decision
    unfinished: tuple[Job, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """All of the set-up, in their order."""
        return (*self.group_steps, *self.own_steps)
