"""Batches within limits: nothing lost, nothing twice, in order."""

from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.generate.senders.batching import Batch, batches
from personalize_assets.generate.senders.messages import Message
from personalize_assets.generate.senders.target import Limits


def made(*sizes: int, source: str = "web") -> list[Message]:
    return [Message(source, b"x" * size, "k") for size in sizes]


def sizes_of(found: list[Batch]) -> list[list[int]]:
    return [[len(message.content) for message in batch.messages] for batch in found]


def test_a_batch_ends_at_the_number_of_events() -> None:
    found = list(batches(made(1, 2, 3, 4, 5), Limits(2, 1000, 100), {}))

    assert sizes_of(found) == [[1, 2], [3, 4], [5]]
    assert [batch.end for batch in found] == [2, 4, 5]


def test_a_batch_ends_before_it_has_too_many_bytes() -> None:
    assert sizes_of(list(batches(made(9, 9, 9, 9, 20), Limits(500, 20, 100), {}))) == [[9, 9], [9, 9], [20]]


def test_sources_have_batches_of_their_own() -> None:
    messages = [*made(1, source="web"), *made(2, source="ios"), *made(3, source="web"), *made(4, source="ios")]

    found = list(batches(messages, Limits(2, 1000, 100), {}))

    assert [(batch.source, sizes) for batch, sizes in zip(found, sizes_of(found), strict=True)] == [
        ("web", [1, 3]),
        ("ios", [2, 4]),
    ]


def test_an_event_that_no_request_may_hold_is_left_out_and_counted() -> None:
    found = list(batches(made(1, 101, 2), Limits(500, 1000, 100), {}))

    assert sizes_of(found) == [[1, 2]]
    assert (found[0].too_large, found[0].end) == (1, 3)


def test_events_that_are_all_too_large_are_counted() -> None:
    (found,) = batches(made(101, 102), Limits(500, 1000, 100), {})

    assert (found.messages, found.too_large, found.end) == ([], 2, 2)


def test_messages_of_an_earlier_call_are_skipped() -> None:
    found = list(batches([*made(101, 2, 3), *made(4, source="ios")], Limits(500, 1000, 100), {"web": 2, "ios": 1}))

    assert sizes_of(found) == [[3]]
    assert (found[0].too_large, found[0].end) == (0, 3)


@given(
    st.lists(st.tuples(st.sampled_from(["web", "ios"]), st.integers(1, 12)), max_size=60),
    st.integers(1, 5),
    st.integers(11, 30),
    st.data(),
)
def test_batches_hold_each_message_once_wherever_a_call_stopped(
    given_messages: list[tuple[str, int]], events: int, size: int, data: st.DataObject
) -> None:
    messages = [Message(source, b"x" * length, str(n)) for n, (source, length) in enumerate(given_messages)]
    limits = Limits(events, size, 10)
    first = list(batches(messages, limits, {}))
    stopped = data.draw(st.integers(0, len(first)))
    done = {batch.source: batch.end for batch in first[:stopped]}

    found = [*first[:stopped], *batches(messages, limits, done)]

    assert all(len(batch.messages) <= events for batch in found)
    assert all(sum(len(message.content) + 1 for message in batch.messages) <= size for batch in found)
    for source in ("web", "ios"):
        sent = [message for batch in found if batch.source == source for message in batch.messages]
        assert sent == [m for m in messages if m.source == source and len(m.content) <= 10]
    assert sum(batch.too_large for batch in found) == sum(len(message.content) > 10 for message in messages)
