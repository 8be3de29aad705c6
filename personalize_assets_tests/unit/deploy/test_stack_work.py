"""The wait for CloudFormation: what counts as done, and how it ends. A stub has the answers of one look each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from personalize_assets.conversion.progress import AT_MOST, Progress
from personalize_assets.deploy.stack_work import StackWork
from personalize_assets.errors import PersonalizeAssetsError

Event = dict[str, str]


def event(name: str, status: str, reason: str | None = None) -> Event:
    type = "AWS::CloudFormation::Stack" if name == "shop" else "AWS::Glue::Job"
    about = {"EventId": f"{name} {status}", "LogicalResourceId": name, "ResourceStatus": status, "ResourceType": type}
    return {**about, **({"ResourceStatusReason": reason} if reason else {})}


class CloudFormation:
    """Answers with events (oldest first) a look, one a page; the last look is repeated.

    Attributes:
        pages: How many were read.
    """

    def __init__(self, *looks: list[Event]) -> None:
        self._looks = list(looks)
        self.pages = 0

    def get_paginator(self, operation: str) -> CloudFormation:
        assert operation == "describe_stack_events"
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        events = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        for event in reversed(events):
            self.pages += 1
            yield {"StackEvents": [event]}


def wait(work: StackWork) -> list[Progress]:
    found: list[Progress] = []
    work.wait(found.append, sleep=lambda seconds: None, clock=count(0, 100).__next__)
    return found


BEGUN = [event("shop", "CREATE_IN_PROGRESS"), event("Role", "CREATE_IN_PROGRESS")]


def test_resources_count_as_they_are_made_and_the_stack_itself_does_not() -> None:
    made = [*BEGUN, event("Role", "CREATE_COMPLETE"), event("Job", "CREATE_IN_PROGRESS")]
    cloudformation = CloudFormation(BEGUN, made, [*made, event("shop", "CREATE_COMPLETE")])

    found = wait(StackWork(cloudformation, "shop", 9, AT_MOST))

    assert [one.line() for one in found] == [
        "deploy: 0 of at most 9 resources after 1 min 40 s",
        "deploy: 1 of at most 9 resources after 3 min 20 s",
    ]


def test_an_update_counts_from_its_own_beginning() -> None:
    before = [event("Role", "CREATE_COMPLETE"), event("Job", "CREATE_FAILED", "of long ago")]
    begun = [*before, event("shop", "UPDATE_IN_PROGRESS"), event("Job", "UPDATE_COMPLETE")]
    failed = [*begun, event("Job", "UPDATE_FAILED", "no right"), event("shop", "UPDATE_ROLLBACK_COMPLETE")]
    cloudformation = CloudFormation(before, begun, failed)
    work = StackWork.on_existing(cloudformation, "shop", 2)
    found: list[Progress] = []

    with pytest.raises(PersonalizeAssetsError, match=r"^Stack 'shop' failed: Job: no right$"):
        work.wait(found.append, sleep=lambda seconds: None)

    assert [(one.done, one.total, one.share) for one in found] == [(1, 2, None)]


def test_the_end_of_earlier_work_does_not_end_the_wait_for_an_update() -> None:
    before = [event("Job", "CREATE_COMPLETE"), event("shop", "CREATE_COMPLETE")]
    begun = [*before, event("shop", "UPDATE_IN_PROGRESS")]
    cloudformation = CloudFormation(before, before, begun, [*begun, event("shop", "UPDATE_COMPLETE")])

    found = wait(StackWork.on_existing(cloudformation, "shop", 2))

    assert [one.done for one in found] == [0, 0]


def test_events_of_earlier_work_are_not_read_with_each_look() -> None:
    before = [event(f"Job{number}", "CREATE_COMPLETE") for number in range(100)]
    cloudformation = CloudFormation(before, [*before, event("shop", "UPDATE_COMPLETE")])

    wait(StackWork.on_existing(cloudformation, "shop", 2))

    assert cloudformation.pages == 3


def test_a_failed_stack_gives_the_first_three_reasons() -> None:
    events = [event("shop", "CREATE_IN_PROGRESS"), event("A", "CREATE_FAILED", "a"), event("B", "CREATE_FAILED")]
    events += [event("C", "CREATE_FAILED", "c"), event("shop", "ROLLBACK_FAILED", "d")]

    with pytest.raises(PersonalizeAssetsError, match=r"failed: A: a; B: no reason given; C: c$"):
        wait(StackWork(CloudFormation(events), "shop", 3))


def test_a_failure_without_a_reason_names_the_console() -> None:
    with pytest.raises(PersonalizeAssetsError, match="CloudFormation names no reason; see its console"):
        wait(StackWork(CloudFormation([event("shop", "ROLLBACK_COMPLETE")]), "shop", 3))


def test_after_twenty_minutes_the_wait_is_over_and_the_work_is_not() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        wait(StackWork(CloudFormation(BEGUN), "shop", 3))

    assert str(error.value) == (
        "Stack 'shop' is CREATE_IN_PROGRESS after 20 minutes; CloudFormation goes on with it: its console shows how, "
        "and `personalize-assets deploy` can be run again after its end"
    )
