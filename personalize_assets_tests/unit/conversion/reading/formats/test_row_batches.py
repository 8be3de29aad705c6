"""Parts of a file, and batches with rows that cannot be read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from personalize_assets.conversion.reading.formats import row_batches
from personalize_assets.conversion.reading.formats.row_batches import WHOLE, Share, Slices, lines_of_rows
from personalize_assets.conversion.reading.json_value import Event


@pytest.mark.parametrize(("parts", "shares"), [(1, 1), (4, 1), (4, 3), (2, 5), (0, 2)])
def test_each_part_belongs_to_one_share(parts: int, shares: int) -> None:
    held = [[part for part in range(parts) if Share(number, shares).holds(part, parts)] for number in range(shares)]
    assert [part for of_share in held for part in of_share] == list(range(parts))
    assert all(WHOLE.holds(part, parts) for part in range(parts))


def test_a_row_that_cannot_be_read_is_left_out_of_its_batch() -> None:
    times = pa.array([[0], [2**62], [1]], pa.list_(pa.timestamp("us")))
    first, second, third = lines_of_rows(pa.RecordBatch.from_arrays([pa.array([1, 2, 3]), times], names=["n", "at"]))
    assert isinstance(first, bytes)
    assert first.startswith(b'{"n":1,')
    assert isinstance(second, Event)
    assert (second.reason, second.lines) == ("malformed_row", 1)
    assert isinstance(third, bytes)
    assert third.startswith(b'{"n":3,')


def rows_at_once(*columns: pa.Array) -> list[int]:
    """How many rows each block has, with at most 10,000 bytes at once."""
    batch = pa.RecordBatch.from_arrays(list(columns), names=[f"c{number}" for number in range(len(columns))])
    return [found.count(b"\n") for found in Slices().parts(batch) if isinstance(found, bytes)]


def test_short_rows_are_taken_many_at_once() -> None:
    assert rows_at_once(pa.array(range(20_000))) == [64, 256, 1024, 4096, 8192, 6368]


@pytest.mark.parametrize("is_dictionary", [False, True])
def test_long_rows_are_taken_few_at_once(is_dictionary: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_batches, "BYTES_AT_ONCE", 10_000)
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int32()), pa.array(["x" * 1000]))
    rows = rows_at_once(long if is_dictionary else long.dictionary_decode())
    assert sum(rows) == 100
    assert max(rows) == 9
    assert rows_at_once(pa.array(["y" * 20_000] * 3)) == [1, 1, 1]


def test_a_long_row_behind_short_ones_is_not_taken_with_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_batches, "BYTES_AT_ONCE", 10_000)
    texts = ["a"] * 500 + ["x" * 1000] * 50 + ["a"] * 500
    batch = pa.RecordBatch.from_arrays([pa.array(texts)], names=["a"])
    blocks = [found for found in Slices().parts(batch) if isinstance(found, bytes)]
    assert max(map(len, blocks)) < 20_000
    assert b"".join(blocks) == b"".join(b'{"a":"%s"}\n' % text.encode() for text in texts)
