"""What holds for every file, well-formed or not: both paths agree, and so does every cut into blocks."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.reading import gzip_blocks
from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE
from personalize_assets.conversion.reading.framer import everything
from personalize_assets.conversion.reading.json_value import MALFORMED, NOT_AN_OBJECT, Event
from personalize_assets.conversion.reading.prefilter import prefilter
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets_tests.helpers.framing import framed
from personalize_assets_tests.helpers.strategies import (
    CUTS,
    FILES,
    NUMBERS,
    OBJECTS,
    SCRAPS,
    TEXTS,
    well_formed,
    written,
)

Result = tuple[list[Event], int]


WANTED = prefilter([Dataset("interactions", (), where={"event": ("Order Completed", "ü")})])


def cut(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    at = 0
    for place in sorted(places):
        yield data[at:place]
        at = max(at, min(place, len(data)))
    yield data[at:]


def in_batches(blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything) -> Result:
    return framed("in_batches", blocks, may_match)


def one_by_one(blocks: Iterable[bytes], may_match: Callable[[bytes], bool] = everything) -> Result:
    return framed("one_by_one", blocks, may_match)


@given(FILES, st.sampled_from([everything, WANTED]))
def test_both_paths_give_the_same_events_and_skip_as_many(data: bytes, may_match: Callable[[bytes], bool]) -> None:
    assert in_batches([data], may_match) == one_by_one([data], may_match)


@given(FILES, CUTS, st.sampled_from([everything, WANTED]))
def test_no_cut_into_blocks_changes_an_event(data: bytes, cuts: list[int], may_match: Callable[[bytes], bool]) -> None:
    whole = one_by_one([data], may_match)
    assert one_by_one(cut(data, cuts), may_match) == whole
    assert in_batches(cut(data, cuts), may_match) == whole


@given(FILES, st.sampled_from([everything, WANTED]))
def test_blocks_of_one_byte_change_no_event(data: bytes, may_match: Callable[[bytes], bool]) -> None:
    whole = one_by_one([data], may_match)
    assert one_by_one(cut(data, range(len(data))), may_match) == whole
    assert in_batches(cut(data, range(len(data))), may_match) == whole


@given(well_formed(), CUTS)
def test_every_event_of_a_well_formed_file_comes_out_once_and_in_order_and_none_is_invented(
    file: tuple[bytes, list[bytes], list[Any]], cuts: list[int]
) -> None:
    data, raws, values = file
    for read in (in_batches, one_by_one):
        found, skipped = read(cut(data, cuts))
        assert [event.raw for event in found] == raws
        assert [event.fields for event in found] == values
        assert {event.reason for event in found} <= {None}
        assert skipped == 0


@given(well_formed())
def test_the_prefilter_takes_away_only_events_that_cannot_be_wanted(
    file: tuple[bytes, list[bytes], list[Any]],
) -> None:
    data, _, values = file
    found, skipped = in_batches([data], WANTED)
    let_through = [event.fields for event in found]
    for value in values:
        if value.get("event") in ("Order Completed", "ü"):
            assert value in let_through
    assert len(found) + skipped == len(values)


@given(st.lists(st.one_of(written(), written(st.one_of(NUMBERS, TEXTS, st.booleans(), st.none()))), max_size=6))
def test_each_value_that_is_no_object_counts_once(parts: list[tuple[bytes, Any]]) -> None:
    found, _ = in_batches([b"\n".join(raw for raw, _ in parts)])
    assert [event.raw for event in found] == [raw for raw, _ in parts]
    assert [event.reason for event in found] == [
        None if isinstance(value, dict) else NOT_AN_OBJECT for _, value in parts
    ]


ONE_LINE_OBJECTS = st.lists(OBJECTS.map(lambda value: json.dumps(value).encode()), max_size=3)


@given(ONE_LINE_OBJECTS, SCRAPS.flatmap(lambda a: FILES.map(lambda b: a + b)), ONE_LINE_OBJECTS)
def test_whatever_is_broken_costs_no_object_on_a_line_before_or_after_it(
    before: list[bytes], broken: bytes, after: list[bytes]
) -> None:
    data = b"".join(line + b"\n" for line in before) + broken + b"\n" + b"".join(line + b"\n" for line in after)
    found = [event.raw for event in in_batches([data])[0] if event.reason is None]
    assert found[: len(before)] == before
    assert found[len(found) - len(after) :] == after


AT_ONCE = st.sampled_from([1, 7, 12 * 1024])
"""Packed bytes that are unpacked at once."""


def unpacks_to_something(packed: bytes) -> bool:
    return bool(zlib.decompressobj(wbits=31).decompress(packed))


@given(st.lists(st.integers(1, 10**9), max_size=60), st.data(), AT_ONCE)
def test_of_a_truncated_gzip_what_could_be_read_is_kept_and_the_rest_is_one_reject(
    numbers: list[int], data: st.DataObject, at_once: int
) -> None:
    lines = [b'{"n":%d}' % number for number in numbers]
    packed = gzip.compress(b"\n".join(lines), mtime=0)
    packed = packed[: data.draw(st.integers(2, len(packed) - 1))]
    with patch.object(gzip_blocks, "_PACKED_BYTES_PER_CALL", at_once):
        found, _ = in_batches(unpacked_blocks(io.BytesIO(packed)))
        assert one_by_one(unpacked_blocks(io.BytesIO(packed)))[0] == found
    assert found[-1].reason == (MALFORMED if len(found) > 1 or unpacks_to_something(packed) else UNREADABLE_FILE)
    assert [event.reason for event in found[:-1]] == [None] * (len(found) - 1)
    assert [event.raw for event in found[:-1]] == lines[: len(found) - 1]


@given(st.lists(well_formed(), min_size=1, max_size=3), st.integers(0, 9), AT_ONCE)
def test_several_gzip_members_read_as_their_texts_one_after_another(
    members: list[tuple[bytes, list[bytes], list[Any]]], padding: int, at_once: int
) -> None:
    packed = b"".join(gzip.compress(data, mtime=0) + b"\0" * padding for data, _, _ in members)
    plain = b"".join(data for data, _, _ in members)
    with patch.object(gzip_blocks, "_PACKED_BYTES_PER_CALL", at_once):
        assert in_batches(unpacked_blocks(io.BytesIO(packed))) == in_batches([plain])
