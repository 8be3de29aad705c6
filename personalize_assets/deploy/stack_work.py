"""What CloudFormation does to a stack: the wait for its end, how many resources are done, and why it failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from personalize_assets.conversion.progress import UNTIMED, OnProgress, Progress, report
from personalize_assets.errors import PersonalizeAssetsError

_POLL_SECONDS = 5.0
_MOST_SECONDS = 1200.0
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_STACK = "AWS::CloudFormation::Stack"


class StackWork:
    """One creation or update of a stack; made before it begins."""

    def __init__(self, cloudformation: Any, stack: str, resources: int, bound: str = UNTIMED) -> None:
        """Make no call.

        Args:
            cloudformation: Boto3's client.
            stack: The stack's name.
            resources: How many it makes or changes; ``bound`` as in ``Progress``.
        """
        self._cloudformation = cloudformation
        self._stack = stack
        self._resources = resources
        self._bound = bound
        self._known: str | None = None

    @classmethod
    def on_existing(cls, cloudformation: Any, stack: str, resources: int) -> StackWork:
        """Work on a stack that exists: its newest event and those before are of earlier work."""
        work = cls(cloudformation, stack, resources)
        work._known = next((event["EventId"] for event in work._events()), None)
        return work

    def wait(
        self,
        on_progress: OnProgress,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look every five seconds until the work is done.

        Raises:
            PersonalizeAssetsError: It failed, with CloudFormation's reasons; or it goes on after twenty minutes.
        """
        started = clock()
        while True:
            events = list(self._events())
            status = _status(events)
            if status in _DONE:
                return
            if status and not status.endswith("_IN_PROGRESS"):
                raise PersonalizeAssetsError(f"Stack {self._stack!r} failed: {_reasons(events)}")
            seconds = clock() - started
            if seconds > _MOST_SECONDS:
                raise PersonalizeAssetsError(
                    f"Stack {self._stack!r} is {status or 'unchanged'} after {_MOST_SECONDS / 60:.0f} minutes; "
                    "CloudFormation goes on with it: its console shows how, and `personalize-assets deploy` can be run "
                    "again after its end"
                )
            report(
                on_progress,
                Progress(
                    job="deploy",
                    done=len(_finished(events)),
                    total=self._resources,
                    unit="resources",
                    bound=self._bound,
                    seconds=seconds,
                ),
            )
            sleep(_POLL_SECONDS)

    def _events(self) -> Iterator[Mapping[str, Any]]:
        """The events of this work (API ``StackEvent``), the newest first, as CloudFormation gives them."""
        for page in self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack):
            for event in page["StackEvents"]:
                if event["EventId"] == self._known:
                    return
                yield event


def _status(events: Sequence[Mapping[str, Any]]) -> str:
    """The stack's, empty before the work begins: ``DescribeStacks`` would have that of earlier work then."""
    own = (event["ResourceStatus"] for event in events if event["ResourceType"] == _STACK)
    return next(own, "")


def _finished(events: Sequence[Mapping[str, Any]]) -> set[str]:
    """The logical names of resources, without the stack itself, whose last event is that they are done."""
    last: dict[str, str] = {}
    for event in events:
        if event["ResourceType"] != _STACK:
            last.setdefault(event["LogicalResourceId"], event.get("ResourceStatus", ""))
    return {name for name, status in last.items() if status.endswith("_COMPLETE")}


def _reasons(events: Sequence[Mapping[str, Any]]) -> str:
    """The first three failures."""
    found = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("_FAILED")
    ]
    return "; ".join(found[:3]) or "CloudFormation names no reason; see its console"
