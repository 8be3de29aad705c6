"""A target for senders that keeps what it gets, and fails as planned."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.target import Answer, Limits

_LIMITS = Limits(500, 475_000, 32_000)


class RecordedTarget:
    """A target.

    Attributes:
        accepted: The messages that it accepted, in their order.
        sizes: The number of messages of each batch.
        planned: What happens to the next batches, first to last; without one, and for None, all is accepted.
    """

    address = "https://service.example"

    def __init__(self, limits: Limits) -> None:
        """Nothing is planned yet."""
        self.limits = limits
        self.accepted: list[Message] = []
        self.sizes: list[int] = []
        self.planned: list[Answer | BaseException | None] = []

    @property
    def ids(self) -> list[str]:
        """The message ids of what it accepted."""
        return [json.loads(message.content)["messageId"] for message in self.accepted]

    def body(self, messages: Sequence[Message]) -> bytes:
        """The messages, a line each."""
        return b"\n".join(message.content for message in messages)

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        """Accept a batch, or what is planned."""
        self.sizes.append(len(messages))
        planned = self.planned.pop(0) if self.planned else None
        if isinstance(planned, BaseException):
            raise planned
        answer = planned or Answer()
        self.accepted += [message for n, message in enumerate(messages) if n not in answer.retry]
        return answer


def recorded_target(patch: pytest.MonkeyPatch, limits: Limits = _LIMITS) -> RecordedTarget:
    """A target that all options mean."""
    target = RecordedTarget(limits)
    patch.setattr(Options, "target", lambda self, env, clock: target)
    return target
