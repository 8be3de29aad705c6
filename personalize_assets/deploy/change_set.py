"""What an update would do to each resource of a stack, as CloudFormation computes it before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from personalize_assets.errors import PersonalizeAssetsError

# CloudFormation has no code for it, only these texts.
_NOTHING_CHANGES = ("didn't contain changes", "No updates are to be performed")
_SAFE_ACTIONS = ("Add", "Import", "Modify")


@dataclass
class ChangeSet:
    """An update that was proposed.

    Attributes:
        id: Its ARN.
        resources: How many it changes.
        losses: Lines about the resources that it replaces or deletes.
        is_executed: Whether it was begun.
    """

    id: str
    resources: int
    losses: tuple[str, ...]
    is_executed: bool = False


def propose(cloudformation: Any, request: Mapping[str, Any]) -> ChangeSet | None:
    """Let CloudFormation compute an update; None if it would change nothing.

    ``request`` has the arguments of ``UpdateStack``. Raises ``PersonalizeAssetsError`` if CloudFormation cannot compute
    it. The change set stays until it is executed or discarded.
    """
    from botocore.exceptions import WaiterError

    name = f"personalize-assets-{uuid4().hex[:12]}"
    id = cloudformation.create_change_set(**request, ChangeSetName=name, ChangeSetType="UPDATE")["Id"]
    try:
        waiter = cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(ChangeSetName=id, WaiterConfig={"Delay": 2, "MaxAttempts": 300})
    except WaiterError as error:
        reason = cloudformation.describe_change_set(ChangeSetName=id).get("StatusReason", "no reason given")
        discard(cloudformation, id)
        if any(text in reason for text in _NOTHING_CHANGES):
            return None
        raise PersonalizeAssetsError(
            f"Stack {request['StackName']!r} was not changed: CloudFormation cannot compute the update: {reason}"
        ) from error
    changes = list(_changes(cloudformation, id))
    return ChangeSet(id, len(changes), tuple(loss for change in changes if (loss := loss_of(change))))


def _changes(cloudformation: Any, id: str) -> Iterator[Mapping[str, Any]]:
    """What changes of each resource (API ``ResourceChange``)."""
    for page in cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=id):
        for change in page["Changes"]:
            yield change.get("ResourceChange", {})


def loss_of(change: Mapping[str, Any]) -> str | None:
    """A line about a resource that is replaced or deleted; None for a harmless change (API ``ResourceChange``)."""
    resource = f"{change.get('LogicalResourceId', 'a resource')}: {change.get('ResourceType', 'unknown type')}"
    if name := change.get("PhysicalResourceId"):
        resource += f" {name}"
    action = change.get("Action", "unknown")
    if action == "Remove":
        kept = change.get("PolicyAction") == "Retain"
        return f"Delete     {resource}{'  (leaves the stack and stays)' if kept else ''}"
    replacement = change.get("Replacement", "False")
    if action == "Modify" and replacement != "False":
        return f"Replace    {resource}{'  (perhaps)' if replacement == 'Conditional' else ''}"
    return None if action in _SAFE_ACTIONS else f"{action:<10} {resource}"


def execute(cloudformation: Any, update: ChangeSet) -> None:
    """Start the update."""
    update.is_executed = True  # even if the answer does not arrive
    cloudformation.execute_change_set(ChangeSetName=update.id)


@contextmanager
def executed_or_discarded(cloudformation: Any, update: ChangeSet) -> Iterator[None]:
    """Discard an update if the block fails, or is stopped, before it is executed."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except BaseException:
        if not update.is_executed:
            with suppress(BotoCoreError, ClientError):  # what failed before says more
                discard(cloudformation, update.id)
        raise


def discard(cloudformation: Any, id: str) -> None:
    """Delete a change set; the stack stays as it is."""
    cloudformation.delete_change_set(ChangeSetName=id)
