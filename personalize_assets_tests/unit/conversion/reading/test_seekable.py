"""The place in a file that can be read from any place."""

from __future__ import annotations

import io

import pytest

from personalize_assets.conversion.reading.seekable import SeekableReader


@pytest.mark.parametrize(
    ("offset", "whence", "place"),
    [(3, io.SEEK_SET, 3), (2, io.SEEK_CUR, 6), (-1, io.SEEK_END, 9), (5, io.SEEK_END, 15)],
)
def test_a_place_is_counted_from_the_beginning_from_here_or_from_the_end(offset: int, whence: int, place: int) -> None:
    reader = SeekableReader(10)
    reader.seek(4)

    assert (reader.seek(offset, whence), reader.tell()) == (place, place)


def test_it_can_be_read_and_sought_in() -> None:
    reader = SeekableReader(10)

    assert (reader.readable(), reader.seekable(), reader.tell()) == (True, True, 0)
