"""Messages in batches that a service's limits allow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import Limits

_SEPARATOR_BYTES = 1


@dataclass
class Batch:
    """Messages of one source, in the order of the story.

    Attributes:
        too_large: How many messages in between were left out because no request may hold them.
        end: The source's messages up to the end of this batch, those that were skipped included.
    """

    source: str
    messages: list[Message] = field(default_factory=list)
    too_large: int = 0
    end: int = 0


def batches(messages: Iterable[Message], limits: Limits, skip: Mapping[str, int]) -> Iterator[Batch]:
    """The messages in batches of one source each; the last ones of the sources are smaller.

    A batch without messages is given if all that is left of a source is too large.

    Args:
        skip: How many messages of a source are left out at the beginning.
    """
    open_batches: dict[str, Batch] = {}
    sizes: dict[str, int] = {}
    for message in messages:
        source = message.source
        size = len(message.content) + _SEPARATOR_BYTES
        batch = open_batches.setdefault(source, Batch(source))
        if batch.messages and sizes[source] + size > limits.bytes:
            yield batch
            batch = open_batches[source] = Batch(source, end=batch.end)
        batch.end += 1
        if batch.end <= skip.get(source, 0):
            continue
        if len(message.content) > limits.event_bytes:
            batch.too_large += 1
            continue
        sizes[source] = size + (sizes[source] if batch.messages else 0)
        batch.messages.append(message)
        if len(batch.messages) == limits.events:
            yield batch
            open_batches[source] = Batch(source, end=batch.end)
    for source in sorted(open_batches):
        if open_batches[source].messages or open_batches[source].too_large:
            yield open_batches[source]
