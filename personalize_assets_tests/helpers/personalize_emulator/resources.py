"""The things that Personalize has: their kinds, names and states.

- ARNs: pages bulk-data-import-step (examples) and data-prep-creating-datasets; the solution's version and the tracker
  have a part that the service chooses (here a digest of the name, so that it is the same in every run).
- States and the member ``failureReason``: botocore's model, texts of the operations; a data deletion job has no prefix
  ``CREATE``. A status is an open string there, not an enumeration.
- Only those of a dataset group, a solution and jobs have a text of failure; a dataset has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from personalize_assets_tests.helpers.personalize_emulator.errors import JobFailure

GONE = ""
"""The last state of something that is deleted."""


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    Attributes:
        name: As in its ARN.
        noun: As in the names of its operations: Create…, Describe…, List…s.
        parent: Member with the ARN of what it belongs to, by which lists are filtered.
        states: First to last; empty if it is usable at once.
        failed: The state of a failure.
        is_ordered: Lists have the newest first. Others are in an order that means nothing.
    """

    name: str
    noun: str
    parent: str = ""
    states: tuple[str, ...] = ("CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE")
    failed: str = "CREATE FAILED"
    is_ordered: bool = False

    @property
    def arn_member(self) -> str:
        return f"{self.noun[0].lower()}{self.noun[1:]}Arn"

    @property
    def name_member(self) -> str:
        return "jobName" if self.noun.endswith("Job") else "name"


_DELETION_STATES = ("PENDING", "IN_PROGRESS", "COMPLETED")

KINDS = {
    kind.name: kind
    for kind in (
        Kind("schema", "Schema", states=()),
        Kind("dataset-group", "DatasetGroup"),
        Kind("dataset", "Dataset", "datasetGroupArn"),
        Kind("dataset-update", "DatasetUpdate"),
        Kind("dataset-import-job", "DatasetImportJob", "datasetArn"),
        Kind("dataset-export-job", "DatasetExportJob", "datasetArn"),
        # "ordered by creation time, with the most recent first": ListDataDeletionJobs in the model.
        Kind("data-deletion-job", "DataDeletionJob", "datasetGroupArn", _DELETION_STATES, "FAILED", is_ordered=True),
        Kind("event-tracker", "EventTracker", "datasetGroupArn"),
        Kind("solution", "Solution", "datasetGroupArn"),
        Kind("solution-version", "SolutionVersion", "solutionArn"),
        Kind("recommender", "Recommender", "datasetGroupArn"),
    )
}


@dataclass(frozen=True)
class Course:
    """What becomes of the next resource of a kind, if not the usual.

    Attributes:
        failure: Text with which it ends in its failed state.
        stuck_at: The state that it never leaves; if it is none of the usual ones it comes before the last one.
        via: States that come before the last one, for instance unknown ones.
    """

    failure: str | None = None
    stuck_at: str | None = None
    via: tuple[str, ...] = ()


@dataclass
class Resource:
    """A resource. A test may set ``status`` and ``failure``: the next answer has them.

    Attributes:
        members: As in the request and the model.
        ahead: The states that follow.
        at_end: Called before the last state; a ``JobFailure`` that it raises makes the state the failed one.
        rows_read: Import jobs: records read from the files.
        update: Datasets: the latest replacement of the schema.
    """

    kind: Kind
    arn: str
    members: dict[str, Any]
    created: float
    updated: float
    status: str = ""
    failure: str = ""
    ahead: deque[str] = field(default_factory=deque)
    planned_failure: str | None = None
    at_end: Callable[[], None] = lambda: None
    polls: int = 0
    stepped: float = 0.0
    rows_read: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    update: Resource | None = None

    @property
    def name(self) -> str:
        return str(self.members.get(self.kind.name_member, ""))

    @property
    def is_active(self) -> bool:
        return not self.kind.states or self.status == self.kind.states[-1]

    @property
    def is_running(self) -> bool:
        """Whether it is neither ready nor failed; an unknown state counts as running."""
        return bool(self.kind.states) and self.status not in (self.kind.states[-1], self.kind.failed)

    def start(self, course: Course) -> None:
        """Begin with the first state."""
        states = [*self.kind.states[:-1], *course.via, *self.kind.states[-1:]]
        if course.stuck_at is not None:
            if course.stuck_at not in states:
                states.insert(-1, course.stuck_at)
            states = states[: states.index(course.stuck_at) + 1]
        self.status, *ahead = states or [""]
        self.ahead = deque(ahead)
        self.planned_failure = course.failure
        self.stepped = self.created

    def delete(self, *states: str) -> None:
        """Begin to vanish."""
        self.status, *ahead = [*states, GONE]
        self.ahead = deque(ahead)

    def step(self, now: float) -> None:
        """Go on to the next state, if there is one."""
        if not self.ahead:
            return
        state = self.ahead.popleft()
        self.polls, self.stepped, self.updated = 0, now, now
        if self.kind.states and state == self.kind.states[-1]:
            try:
                if self.planned_failure is not None:
                    raise JobFailure(self.planned_failure)
                self.at_end()
            except JobFailure as failure:
                state, self.failure = self.kind.failed, str(failure)
        self.status = state

    def described(self) -> dict[str, Any]:
        """All that answers may have; the shape of an answer leaves out what it does not have."""
        return {
            **self.members,
            self.kind.arn_member: self.arn,
            "status": self.status or None,
            "failureReason": self.failure or None,
            "creationDateTime": self.created,
            "lastUpdatedDateTime": self.updated,
            "latestDatasetUpdate": self.update.described() if self.update else None,
        }
