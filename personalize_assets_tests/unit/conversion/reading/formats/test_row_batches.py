"""Parts of a file, and batches with rows that cannot be read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from personalize_assets.conversion.reading.formats.row_batches import WHOLE, Share, lines_of_rows
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
