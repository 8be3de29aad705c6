"""Parts of a file, and batches with rows that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from personalize_assets.conversion.reading.formats import row_batches
from personalize_assets.conversion.reading.formats.row_batches import WHOLE, Share, Slices, WholeRows, lines_of_rows
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


# -- rows of which only some columns are read --------------------------------------------------------------------------


WHOLE_BATCH = pa.RecordBatch.from_arrays([pa.array(range(100)), pa.array(range(100, 200))], names=["a", "b"])
PART = WHOLE_BATCH.select(["a"])


def whole(damaged_from: int = 100, failure: OSError | None = None) -> tuple[WholeRows, list[int]]:
    """The rows of ``WHOLE_BATCH`` up to one that cannot be read, and how many rows each batch had that was read."""
    taken: list[int] = []

    def read(_: Slices) -> Iterator[pa.RecordBatch]:
        for first in range(0, 100, 10):
            if first >= damaged_from:
                raise pa.ArrowInvalid("damaged")
            taken.append(first)
            yield WHOLE_BATCH.slice(first, 10)

    return WholeRows(read, lambda: failure), taken


def test_rows_with_all_columns_are_found_forwards_and_no_more_are_read_than_needed() -> None:
    rows, taken = whole()
    found = [*rows.batches(5, 8), *rows.batches(8, 25), *rows.batches(40, 41)]
    assert [batch.column("b").to_pylist() for batch in found] == [
        [105, 106, 107],
        [108, 109],
        [*range(110, 120)],
        [*range(120, 125)],
        [140],
    ]
    assert taken == [0, 10, 20, 30, 40]


def test_the_bytes_of_rows_have_all_columns() -> None:
    rows, _ = whole()
    assert list(rows.raws(20, PART.slice(20, 30), [1, 2, 15])) == [
        b'{"a":21,"b":121}',
        b'{"a":22,"b":122}',
        b'{"a":35,"b":135}',
    ]


def test_the_bytes_of_rows_whose_other_columns_are_damaged_have_those_that_were_read() -> None:
    rows, _ = whole(damaged_from=30)
    assert list(rows.raws(20, PART.slice(20, 30), [1, 15, 16])) == [b'{"a":21,"b":121}', b'{"a":35}', b'{"a":36}']


def test_a_file_that_cannot_be_read_is_no_damage() -> None:
    rows, _ = whole(damaged_from=0, failure=OSError("connection lost"))
    with pytest.raises(OSError, match="connection lost"):
        list(rows.raws(0, PART, [1]))


def test_rows_that_must_be_lines_have_all_columns() -> None:
    slices = Slices(as_columns=True)
    slices.whole, _ = whole()
    odd = pa.RecordBatch.from_arrays([pa.array([b"\xff"] * 10).view(pa.string())], names=["a"])
    assert b"".join(found for found in slices.parts(odd, 10) if isinstance(found, bytes)).splitlines()[0] == (
        b'{"a":10,"b":110}'
    )


@pytest.mark.parametrize("as_columns", [True, False])
@pytest.mark.parametrize(
    ("kind", "beyond"),
    [(pa.timestamp("s"), 2**62), (pa.timestamp("us", "UTC"), 2**62), (pa.date32(), 2**31 - 1), (pa.time32("s"), -1)],
)
def test_a_time_out_of_range_costs_its_row_and_is_no_text(kind: pa.DataType, beyond: int, as_columns: bool) -> None:
    stored = pa.int32() if kind.bit_width == 32 else pa.int64()
    times = pa.array([5, beyond, None], stored).view(kind)
    batch = pa.RecordBatch.from_arrays([times, pa.array(["a", "b", "c"])], names=["at", "id"])

    found = list(Slices(as_columns=as_columns).parts(batch))

    assert [type(part).__name__ for part in found] == ["bytes", "Event", "bytes"]
    assert isinstance(found[1], Event)
    assert (found[1].reason, found[1].raw) == (
        "malformed_row",
        f"a row with a value that cannot be read: a {kind}: value out of range: {beyond}".encode(),
    )
