"""The fast path: what is taken in batches, what falls back to the exact path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest

from personalize_assets.conversion.reading.batches import Batch, Batches, Lines, WholeEvents, whole_events
from personalize_assets.conversion.reading.framer import Framer, everything
from personalize_assets.conversion.reading.json_value import MALFORMED, Event
from personalize_assets_tests.helpers import hostile


class Numbers:
    """A reader that takes objects with a whole number ``n`` and nothing else."""

    class _Number(msgspec.Struct, forbid_unknown_fields=True):
        n: int

    def decode_lines(self, text: bytes) -> list[Any] | None:
        found = self.decode_many(lines := text.split(b"\n"), True)
        return found if len(found) == len(lines) else None

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        found = []
        for raw in raws:
            try:
                found.append(msgspec.json.decode(raw, type=self._Number).n)
            except msgspec.DecodeError:
                break
        return found


def read(*blocks: bytes) -> list[list[int] | Event]:
    """Batches as the numbers in them; events as they are."""
    found: list[list[int] | Event] = []
    for one in Batches(Framer(blocks), Numbers()):
        if isinstance(one, Batch):
            assert [Numbers().decode_many([raw], True)[0] for raw in one.raws] == one.values
            found.append(one.values)
        else:
            found.append(one)
    return found


def test_lines_are_one_batch() -> None:
    assert read(b'{"n":1}\n{"n":2}\n{"n":3}\n') == [[1, 2, 3]]


@pytest.mark.parametrize("between", [b"", b" ", b",", b", ", b",\n", b"\\n", b"\n\n"])
def test_events_between_equal_separators_are_one_batch_but_for_the_first_and_the_last(between: bytes) -> None:
    data = between.join(b'{"n":%d}' % number for number in range(9))
    found = read(data)
    assert [number for one in found if isinstance(one, list) for number in one] == list(range(9))
    assert max(len(one) for one in found if isinstance(one, list)) >= 4
    assert read(b"[" + data + b"]")[-1] == [8]


def test_wrapped_events_that_begin_alike_are_one_batch_of_their_own_bytes() -> None:
    text = "\n".join(json.dumps({"n": number}, indent=2) for number in range(9)).encode()
    found = read(text)
    assert max(len(one) for one in found if isinstance(one, list)) >= 6


def test_a_broken_event_among_glued_ones_comes_singly_between_batches() -> None:
    data = b"".join(b'{"n":%d}' % number for number in range(100)).replace(b'{"n":50}', b'{"n":5x}')
    found = read(data)
    assert [one for one in found if isinstance(one, Event)] == [Event(b'{"n":5x}', None, MALFORMED)]
    assert [number for one in found if isinstance(one, list) for number in one] == [*range(50), *range(51, 100)]
    assert len(found) < 10


def test_events_between_other_separators_are_one_batch() -> None:
    assert read(b'{"n":1} {"n":2},\t{"n":\n3}') == [[1, 2, 3]]


def test_an_event_that_the_reader_does_not_take_comes_singly_between_batches() -> None:
    other = Event(b'{"n":"x"}', {"n": "x"})
    assert read(b'{"n":1}\n{"n":2}\n{"n":"x"}\n{"n":3}\n{"n":4}\n') == [[1, 2], other, [3, 4]]


def test_a_broken_stretch_comes_singly_between_batches() -> None:
    broken = Event(b'{"n":2', None, MALFORMED)
    assert read(b'{"n":1}\n{"n":2\n{"n":3}\n') == [[1], broken, [3]]


def test_an_event_over_several_lines_is_a_batch_of_its_own() -> None:
    assert read(b'{"n":\n1}\n{"n":2}\n') == [[1], [2]]


def test_a_line_that_a_block_cuts_is_read_whole() -> None:
    assert read(b'{"n":1}\n{"n', b'":2}\n{"n":3}\n') == [[1], [2, 3]]


def test_a_file_without_events_has_no_batches() -> None:
    assert read(b"") == read(b"\n\n , \n") == []


def test_a_batch_knows_how_many_bytes_it_holds() -> None:
    (batch,) = Batches(Framer([b'{"n":1}\n{"n":2}\n']), Numbers())
    assert isinstance(batch, Batch)
    assert batch.size == len(b'{"n":1}\n{"n":2}')


def test_lines_are_cut_out_as_they_are_asked_for() -> None:
    lines = Lines(b'{"a":1},\r\n {"a":2}\n{"a":3}', 3)
    assert list(lines) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    assert (lines[-1], lines[:2]) == (b'{"a":3}', [b'{"a":1}', b'{"a":2}'])
    with pytest.raises(IndexError):
        lines[3]


def test_a_reader_of_whole_events_has_all_fields_and_none_for_what_cannot_be_wanted() -> None:
    reader = WholeEvents(lambda raw: b"yes" in raw)
    raws = [b'{"a":"yes","b":[1]}', b'{"a":"no"}', b'{"a":"yes"}']
    assert reader.decode_many(raws, True) == [{"a": "yes", "b": [1]}, None, {"a": "yes"}]


@pytest.mark.parametrize("raw", [b"12", b"[]", b'{"a":', b'{"a":"no"', b'{"a":"yes"'])
def test_a_reader_of_whole_events_stops_at_what_is_no_event(raw: bytes) -> None:
    reader = WholeEvents(lambda raw: b"yes" in raw)
    assert reader.decode_many([b'{"a":"yes"}', raw, b'{"a":"yes"}'], True) == [{"a": "yes"}]


def whole(blocks: Iterable[bytes]) -> tuple[list[Event], int]:
    framer = Framer(blocks, may_match := lambda raw: b"yes" in raw)
    return list(whole_events(framer, may_match)), framer.skipped


def test_whole_events_come_singly_and_those_that_cannot_be_wanted_are_skipped() -> None:
    found, skipped = whole([b'{"a":"yes"}\n{"a":"no"}\n{"a":"yes","b":1}\n'])
    assert found == [Event(b'{"a":"yes"}', {"a": "yes"}), Event(b'{"a":"yes","b":1}', {"a": "yes", "b": 1})]
    assert skipped == 1


def test_the_default_prefilter_lets_everything_through() -> None:
    assert everything(b"")
    assert everything(b"oops")


# -- what bounds the time ----------------------------------------------------------------------------------------------


class CountingReader(WholeEvents):
    """Counts the bytes that it is given to decode."""

    def __init__(self) -> None:
        super().__init__(everything)
        self.bytes = 0

    def decode_lines(self, text: bytes) -> list[Any] | None:
        self.bytes += len(text)
        return super().decode_lines(text)

    def decode_many(self, raws: Sequence[bytes], is_text: bool) -> list[Any]:
        found = super().decode_many(raws, is_text)
        self.bytes += sum(map(len, raws[: len(found) + 1]))
        return found


@pytest.mark.parametrize("name", hostile.INPUTS)
def test_guesses_take_no_more_than_the_bytes_a_few_times(name: str) -> None:
    data = b"".join(hostile.INPUTS[name](100 * 1024))
    reader = CountingReader()

    for _ in Batches(Framer([data]), reader):
        pass

    assert reader.bytes <= 6 * len(data)


def test_the_lines_of_a_text_with_as_many_events_as_lines_are_its_events_wherever_they_begin() -> None:
    text = b'{"n":1,\n"m":2}\n{"n":3}{"n":4}\n\n{"n":5} {"n":6}'

    assert list(Lines(text, 5)) == [b'{"n":1,\n"m":2}', b'{"n":3}', b'{"n":4}', b'{"n":5}', b'{"n":6}']
