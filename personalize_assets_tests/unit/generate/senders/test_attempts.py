"""What is put again, when, and when no more."""

from collections.abc import Sequence

import pytest

from personalize_assets.generate.senders.attempts import MOST_FAILURES, Counts, put_all
from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import Answer, Limits, SendError
from personalize_assets_tests.helpers.sender_clock import SenderClock

MESSAGES = [Message("web", b"%d" % number, "k") for number in range(4)]


class Answering:
    """A target with planned answers; after them it accepts."""

    address = "https://service.example"
    limits = Limits(500, 1000, 100)

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.put_contents: list[list[bytes]] = []

    def body(self, messages: Sequence[Message]) -> bytes:
        return b""

    def put(self, source: str, messages: Sequence[Message]) -> Answer:
        self.put_contents.append([message.content for message in messages])
        answer = self.answers.pop(0) if self.answers else Answer()
        if isinstance(answer, Exception):
            raise answer
        return answer


def put(target: Answering, clock: SenderClock | None = None) -> tuple[Counts, list[str]]:
    counts, lines = Counts(), list[str]()
    put_all(target, "web", MESSAGES, counts, clock or SenderClock(), lines.append)
    return counts, lines


def refused(target: Answering, clock: SenderClock | None = None) -> tuple[str, Counts]:
    counts = Counts()
    with pytest.raises(SendError) as raised:
        put_all(target, "web", MESSAGES, counts, clock or SenderClock(), lambda line: None)
    return str(raised.value), counts


def test_a_batch_that_is_accepted_is_put_once() -> None:
    target = Answering()

    assert put(target) == (Counts(sent=4, accepted=4), [])
    assert len(target.put_contents) == 1


def test_only_what_was_not_accepted_is_put_again() -> None:
    target = Answering(Answer([1, 3], None, "slow"), Answer([1], None, "slow"))

    assert put(target)[0] == Counts(sent=4, accepted=4, retried=3)
    assert target.put_contents == [[b"0", b"1", b"2", b"3"], [b"1", b"3"], [b"3"]]


def test_waits_double_from_half_a_second_to_a_minute() -> None:
    clock = SenderClock()

    put(Answering(*[Answer(range(4), None, "HTTP 503")] * (MOST_FAILURES - 1)), clock)

    assert clock.waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_service_that_fails_too_often_is_given_up() -> None:
    target = Answering(*[Answer(range(4), None, "HTTP 503: busy")] * MOST_FAILURES)

    text, counts = refused(target)

    assert text == "https://service.example failed 10 times, and did not accept 4 events of web: HTTP 503: busy"
    assert counts == Counts(sent=4, refused=4, retried=4 * (MOST_FAILURES - 1))


def test_what_is_accepted_in_between_begins_the_count_anew() -> None:
    failures = [Answer(range(4), None, "busy")] * 9
    target = Answering(*failures, Answer([2, 3], None, "busy"), *[Answer([0, 1], None, "busy")] * 8)

    assert put(target)[0].accepted == 4


def test_a_wait_that_the_service_asks_for_is_kept_and_reported() -> None:
    clock = SenderClock()

    counts, lines = put(Answering(*[Answer(range(4), 20, "HTTP 429: slow down")] * 15), clock)

    assert clock.waits == [20] * 15
    assert counts == Counts(sent=4, accepted=4, retried=60)
    assert lines[0] == "HTTP 429: slow down; sending again in 20 s"


def test_waits_of_half_an_hour_in_all_are_too_long() -> None:
    clock = SenderClock()

    text, counts = refused(Answering(*[Answer(range(4), 700, "HTTP 429")] * 3), clock)

    assert text == "https://service.example asks to wait 2,100 s, and did not accept 4 events of web: HTTP 429"
    assert (clock.waits, counts.refused) == ([700, 700], 4)


def test_a_service_that_asks_for_no_wait_is_not_tried_for_ever() -> None:
    clock = SenderClock()

    refused(Answering(*[Answer(range(4), 0, "HTTP 429")] * 2000), clock)

    assert (len(clock.waits), set(clock.waits)) == (1800, {1.0})


def test_a_refusal_is_not_put_again() -> None:
    target = Answering(Answer([2, 3], None, "slow"), SendError("no"))

    assert refused(target) == ("no", Counts(sent=4, accepted=2, refused=2, retried=2))
    assert len(target.put_contents) == 2
