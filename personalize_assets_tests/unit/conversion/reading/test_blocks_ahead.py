"""A file over ranges of bytes: what is fetched, in which order, and how much is kept."""

from __future__ import annotations

import io
import random
import threading

import pytest

from personalize_assets.conversion.reading import blocks_ahead
from personalize_assets.conversion.reading.blocks_ahead import BLOCKS_AHEAD, BlocksAhead

DATA = random.Random(1).randbytes(1000)


class Fetched:
    """Fetches from ``DATA`` and notes the ranges."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self._noting = threading.Lock()

    def __call__(self, first: int, end: int) -> memoryview:
        with self._noting:
            self.ranges.append((first, end))
        return memoryview(DATA)[first:end]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_ahead, "BLOCK_BYTES", 10)


def test_a_file_is_read_as_it_is_and_each_block_is_fetched_once() -> None:
    fetched = Fetched()

    assert BlocksAhead(len(DATA), fetched).read() == DATA
    assert sorted(fetched.ranges) == [(first, first + 10) for first in range(0, 1000, 10)]


def test_the_next_blocks_are_on_their_way_while_the_first_is_used() -> None:
    fetched = Fetched()
    file = BlocksAhead(len(DATA), fetched)

    assert file.read(1) == DATA[:1]
    file._threads.shutdown()

    assert len(fetched.ranges) == 1 + BLOCKS_AHEAD


def test_nothing_is_fetched_ahead_of_a_place_that_was_sought() -> None:
    fetched = Fetched()
    file = BlocksAhead(len(DATA), fetched)

    file.seek(505)
    assert (file.read(2), file.read(2)) == (DATA[505:507], DATA[507:509])

    assert fetched.ranges == [(500, 510)]


def test_what_is_known_already_is_not_fetched() -> None:
    fetched = Fetched()
    file = BlocksAhead(len(DATA), fetched, (900, memoryview(DATA)[900:]))

    file.seek(-50, io.SEEK_END)

    assert (file.read(), file.tell(), fetched.ranges) == (DATA[950:], 1000, [])


def test_reading_and_seeking_at_random_gives_the_bytes_of_the_file() -> None:
    choose = random.Random(2)
    file, plain = BlocksAhead(len(DATA), Fetched()), io.BytesIO(DATA)

    for _ in range(500):
        place, count = choose.randrange(1100), choose.randrange(60)
        assert (file.seek(place), file.read(count), file.tell()) == (plain.seek(place), plain.read(count), plain.tell())


def test_only_so_many_blocks_are_kept() -> None:
    file = BlocksAhead(len(DATA), Fetched())

    for _ in range(100):
        file.read(10)
        assert len(file._blocks) <= BLOCKS_AHEAD + 2


def test_an_error_of_a_block_is_raised_where_the_block_is_read() -> None:
    def fetch(first: int, end: int) -> memoryview:
        if first >= 30:
            raise OSError("s3://b/k: gone")
        return memoryview(DATA)[first:end]

    file = BlocksAhead(len(DATA), fetch)

    assert file.read(30) == DATA[:30]
    with pytest.raises(OSError, match=r"^s3://b/k: gone$"):
        file.read(1)
