"""What a service is for a sender: its limits, and its answer to a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from personalize_assets.generate.senders.messages import Message


class SendError(Exception):
    """Sending stopped, for a cause that another try does not change. The text is for the user."""


@dataclass(frozen=True)
class Limits:
    """What one request may hold.

    Attributes:
        events: Messages in a request.
        bytes: Bytes of all messages, with what separates them.
        event_bytes: Bytes of one message.
    """

    events: int
    bytes: int
    event_bytes: int


class Answer(NamedTuple):
    """A service's answer to a batch.

    Attributes:
        retry: Positions in the batch of the messages that were not accepted, and may be if they are sent again.
        wait: Seconds that the service asks to wait before; None if it does not ask.
        why: What it answered, for people.
    """

    retry: Sequence[int] = ()
    wait: float | None = None
    why: str = ""


class Target(Protocol):
    """A service.

    Attributes:
        address: Its URL or stream, for people.
    """

    address: str
    limits: Limits

    def body(self, messages: Sequence[Message]) -> bytes:
        """What is sent of a batch, in one piece; it never holds a key."""
        ...

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        """Send a batch of one source once. Raises ``SendError`` for a refusal that another try does not change."""
        ...
