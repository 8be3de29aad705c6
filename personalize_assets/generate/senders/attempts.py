"""One batch, put again until all of it is accepted or the service has failed too often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from personalize_assets.generate.senders.clock import Clock
from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import SendError, Target

# As Segment's Python library 2.4.0 does, with fewer than its 12 hours of waiting in all.
MOST_FAILURES = 10
MOST_ASKED_WAIT = 1800.0
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
_LEAST_ASKED_WAIT = 1.0  # a service that asks for less, again and again, is not tried for ever


@dataclass
class Counts:
    """What became of the messages of a source.

    Attributes:
        sent: Messages that were put at least once.
        refused: Messages that the service did not accept in the end, or that are too large to send.
        retried: Messages put again; one that is put three times counts twice.
    """

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    retried: int = 0


def put_all(
    target: Target,
    source: str,
    messages: Sequence[Message],
    counts: Counts,
    clock: Clock,
    report: Callable[[str], None],
) -> None:
    """Put a batch until all of it is accepted.

    A wait that the service asks for is no failure, and what it accepts begins the count of failures anew. Between
    failures pass 0.5 s, doubling up to 60 s.

    Args:
        report: Takes a line about each wait.

    Raises:
        SendError: The service refused a part of it, failed ``MOST_FAILURES`` times, or asks to wait for more than
            ``MOST_ASKED_WAIT`` seconds in all. What was not accepted is counted as refused.
    """
    counts.sent += len(messages)
    failures, asked = 0, 0.0
    while True:
        try:
            answer = target.put(source, messages)
        except SendError:
            counts.refused += len(messages)
            raise
        accepted = len(messages) - len(answer.retry)
        counts.accepted += accepted
        if not answer.retry:
            return
        messages = [messages[position] for position in answer.retry]
        if accepted:
            failures, asked = 0, 0.0
        if answer.wait is not None:
            wait = max(answer.wait, _LEAST_ASKED_WAIT)
            asked += wait
        else:
            wait = min(_FIRST_WAIT * 2**failures, _LONGEST_WAIT)
            failures += 1
        if failures == MOST_FAILURES or asked > MOST_ASKED_WAIT:
            counts.refused += len(messages)
            cause = f"asks to wait {asked:,.0f} s" if asked > MOST_ASKED_WAIT else f"failed {failures} times"
            raise SendError(
                f"{target.address} {cause}, and did not accept {len(messages):,} events of {source}: {answer.why}"
            )
        if wait >= 1:
            report(f"{answer.why}; sending again in {wait:,.0f} s")
        clock.sleep(wait)
        counts.retried += len(messages)
