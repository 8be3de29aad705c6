"""A large file that is read in splits gives what it gives when it is read as a whole."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable
from itertools import chain

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from personalize_assets.conversion.reading import gzip_blocks, splits, text_blocks
from personalize_assets.conversion.reading.compression import PEEKED_BYTES, compression_of
from personalize_assets.conversion.reading.framer import Framer
from personalize_assets.conversion.reading.json_value import Event
from personalize_assets.conversion.reading.splits import split_blocks
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets_tests.helpers.framing import PATHS, read_on
from personalize_assets_tests.helpers.packing import PACKERS
from personalize_assets_tests.helpers.strategies import FILES, OBJECTS

Blocks = Iterable[bytes]


def splits_of(file: bytes, count: int) -> list[Blocks]:
    return [split_blocks(io.BytesIO(file), len(file), number, count) for number in range(count)]


def read(path: str, parts: Iterable[Blocks]) -> tuple[list[Event], bool]:
    """The events of all splits, and whether one of them but the last ended within something."""
    found: list[Event] = []
    cuts: list[bool] = []
    for part in parts:
        framer = Framer(part)
        found += read_on(path, framer)
        cuts.append(framer.is_cut)
    return found, any(cuts[:-1])


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "BLOCK_BYTES", 16)
    monkeypatch.setattr(gzip_blocks, "BLOCK_BYTES", 16)
    monkeypatch.setattr(text_blocks, "BLOCK_BYTES", 16)
    monkeypatch.setattr(text_blocks, "SNIFFED_BYTES", 4)
    # A file of another format is never split.
    monkeypatch.setattr(text_blocks, "foreign_format", lambda beginning, is_rows: None)
    monkeypatch.setattr(text_blocks, "encoding_of", lambda beginning: None)
    monkeypatch.setattr(gzip_blocks, "_PACKED_BYTES_PER_CALL", 5)


@given(FILES, st.integers(1, 5))
@example(b'{"a":1}\n{"a":2}\n', 2)
@example(b"\n{", 3)
def test_the_splits_of_a_file_are_its_text(text: bytes, count: int) -> None:
    assume(compression_of(text[:PEEKED_BYTES]) is None)
    for file in (text, gzip.compress(text)):
        assert b"".join(chain.from_iterable(splits_of(file, count))) == text


def test_a_file_that_cannot_be_split_is_all_in_its_first_split() -> None:
    text = b'{"a":1}\n{"b":2}\n' * 20
    first, *others = splits_of(PACKERS["zstd"](text), 3)
    assert b"".join(first) == text
    assert [b"".join(other) for other in others] == [b"", b""]


@pytest.mark.parametrize("path", PATHS)
@given(text=FILES, count=st.integers(2, 5))
@example(text=b'{"a":[\n{"b":1},\n{"b":2},\n{"b":3}]}', count=2)
@example(text=b'[{"b":1},\n{"b":2},\n{"b":3}]', count=2)
@example(text=b'{"a":"\n{"b":1}\n{"b":2}\n', count=2)
@example(text=b'{"a":1\n{"b":1}\n{"b":2}\n', count=2)
@example(text=b"\x1f\x8b{}\n{}\n{}", count=2)
@example(text=gzip.compress(b'{"a":1}\n{"b":2}\n')[:-3], count=2)
def test_splits_that_are_not_cut_hold_the_events_of_the_file(path: str, text: bytes, count: int) -> None:
    found, is_cut = read(path, splits_of(text, count))
    if not is_cut:
        assert found == read(path, [unpacked_blocks(io.BytesIO(text))])[0]


@pytest.mark.parametrize("path", PATHS)
@given(lines=st.lists(OBJECTS.map(lambda value: json.dumps(value).encode()), max_size=8), count=st.integers(2, 5))
def test_no_split_of_lines_is_cut(path: str, lines: list[bytes], count: int) -> None:
    found, is_cut = read(path, splits_of(b"\n".join([*lines, b""]), count))
    assert not is_cut
    assert [event.raw for event in found] == lines


@pytest.mark.parametrize(
    "broken", [b'{"a":', b'{"a":"text', b'{"a":[1', b'{"a":1}}', b"oops", b'{"a":1,}', b"\xff"], ids=repr
)
def test_a_broken_line_is_rarely_taken_for_a_cut(broken: bytes) -> None:
    line = b'{"type":"view"}\n'
    _, is_cut = read("in_batches", splits_of(line * 4 + broken + b"\n" + line * 16, 2))
    assert not is_cut


def test_an_event_over_several_lines_is_cut() -> None:
    assert read("in_batches", [[b'{"a":[\n'], [b'{"b":1}]}\n']])[1]
