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
    about = {"EventId": f"{name} {status}", "LogicalResourceId": name, "ResourceStatus": status}
    return {**about, **({"ResourceStatusReason": reason} if reason else {})}


class CloudFormation:
    """Answers with a status and events (oldest first) a look; the last look is repeated."""

    def __init__(self, *looks: tuple[str, list[Event]]) -> None:
        self._looks = list(looks)

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        status, self._events = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return {"Stacks": [{"StackStatus": status}]}

    def get_paginator(self, operation: str) -> CloudFormation:
        assert operation == "describe_stack_events"
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        newest_first = self._events[::-1]
        yield {"StackEvents": newest_first[:1]}
        yield {"StackEvents": newest_first[1:]}


def wait(work: StackWork) -> list[Progress]:
    found: list[Progress] = []
    work.wait(found.append, sleep=lambda seconds: None, clock=count(0, 100).__next__)
    return found


BEGUN = [event("shop", "CREATE_IN_PROGRESS"), event("Role", "CREATE_IN_PROGRESS")]


def test_resources_count_as_they_are_made_and_the_stack_itself_does_not() -> None:
    made = [*BEGUN, event("Role", "CREATE_COMPLETE"), event("Job", "CREATE_IN_PROGRESS")]
    looks = [("CREATE_IN_PROGRESS", BEGUN), ("CREATE_IN_PROGRESS", made), ("CREATE_COMPLETE", made)]

    found = wait(StackWork(CloudFormation(*looks), "shop", 9, AT_MOST))

    assert [one.line() for one in found] == [
        "deploy: 0 of at most 9 resources after 1 min 40 s",
        "deploy: 1 of at most 9 resources after 3 min 20 s",
    ]


def test_an_update_counts_from_its_own_beginning() -> None:
    before = [event("Role", "CREATE_COMPLETE"), event("Job", "CREATE_FAILED", "of long ago")]
    cloudformation = CloudFormation(
        ("CREATE_COMPLETE", before),
        ("UPDATE_IN_PROGRESS", [*before, event("Job", "UPDATE_COMPLETE")]),
        ("UPDATE_ROLLBACK_COMPLETE", [*before, event("Job", "UPDATE_FAILED", "no right")]),
    )
    cloudformation.describe_stacks()
    work = StackWork.on_existing(cloudformation, "shop", 2)
    found: list[Progress] = []

    with pytest.raises(PersonalizeAssetsError, match=r"^Stack 'shop' failed: Job: no right$"):
        work.wait(found.append, sleep=lambda seconds: None)

    assert [(one.done, one.total, one.share) for one in found] == [(1, 2, None)]


def test_a_failed_stack_gives_the_first_three_reasons() -> None:
    events = [event("shop", "CREATE_IN_PROGRESS"), event("A", "CREATE_FAILED", "a"), event("B", "CREATE_FAILED")]
    events += [event("C", "CREATE_FAILED", "c"), event("shop", "ROLLBACK_FAILED", "d")]

    with pytest.raises(PersonalizeAssetsError, match=r"failed: A: a; B: no reason given; C: c$"):
        wait(StackWork(CloudFormation(("ROLLBACK_FAILED", events)), "shop", 3))


def test_a_failure_without_a_reason_names_the_console() -> None:
    with pytest.raises(PersonalizeAssetsError, match="CloudFormation names no reason; see its console"):
        wait(StackWork(CloudFormation(("ROLLBACK_COMPLETE", [])), "shop", 3))


def test_after_twenty_minutes_the_wait_is_over_and_the_work_is_not() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        wait(StackWork(CloudFormation(("CREATE_IN_PROGRESS", BEGUN)), "shop", 3))

    assert str(error.value) == (
        "Stack 'shop' is CREATE_IN_PROGRESS after 20 minutes; CloudFormation goes on with it: its console shows how, "
        "and `personalize-assets deploy` can be run again after its end"
    )
