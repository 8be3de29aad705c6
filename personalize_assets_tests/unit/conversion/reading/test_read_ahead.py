"""What is read ahead: in the order of the files, within a bound of bytes, and errors where their file is opened."""

from __future__ import annotations

import io
import threading
from datetime import date
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.reading.blocks_ahead import MOST_BYTES
from personalize_assets.conversion.reading.filesystem import FileSystem
from personalize_assets.conversion.reading.read_ahead import AHEAD_BYTES, FILES_AT_ONCE, SMALL_BYTES, ReadAhead
from personalize_assets.conversion.spec import RawFile

DAY = date(2026, 10, 1)


class Requested(FileSystem):
    """A file system in memory, whose files hold their URI; it notes what was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.gone: set[str] = set()
        self._noting = threading.Lock()

    def open(self, uri: str, listed_bytes: int | None = None) -> IO[bytes]:
        with self._noting:
            self.opened.append(uri)
        if uri in self.gone:
            raise FileNotFoundError(f"{uri} does not exist")
        return io.BytesIO(uri.encode())


def raw(number: int, size: int, shares: int = 1) -> RawFile:
    return RawFile(f"s3://events/{number}", DAY, size, "lines", shares=shares)


def test_files_come_in_their_order() -> None:
    files = [raw(number, 10) for number in range(500)]

    with ReadAhead(Requested(), files) as ahead:
        assert [ahead.open(file).read() for file in files] == [file.uri.encode() for file in files]


def test_the_next_files_are_requested_before_they_are_opened() -> None:
    filesystem = Requested()
    files = [raw(number, 10) for number in range(500)]

    with ReadAhead(filesystem, files) as ahead:
        ahead.open(files[0])
    assert ahead._threads is not None
    ahead._threads.shutdown()

    assert len(filesystem.opened) <= FILES_AT_ONCE
    assert set(filesystem.opened) <= {file.uri for file in files[:FILES_AT_ONCE]}


@given(st.lists(st.integers(0, 3 * SMALL_BYTES), max_size=60))
def test_what_is_ahead_never_exceeds_its_bound(sizes: list[int]) -> None:
    files = [raw(number, size) for number, size in enumerate(sizes)]

    with ReadAhead(Requested(), files) as ahead:
        for file in files:
            assert ahead.open(file).read() == file.uri.encode()
            assert ahead.bytes_ahead <= AHEAD_BYTES
    assert ahead.bytes_ahead == 0


def test_all_small_files_of_a_process_and_a_large_one_take_64_megabytes() -> None:
    assert AHEAD_BYTES + MOST_BYTES == 64 * 1024 * 1024
    assert AHEAD_BYTES >= SMALL_BYTES


@pytest.mark.parametrize("file", [raw(1, SMALL_BYTES + 1), raw(1, 10, shares=2)], ids=["large", "a split"])
def test_a_large_file_and_a_split_are_opened_when_their_turn_comes(file: RawFile) -> None:
    filesystem = Requested()
    first = raw(0, 10)

    with ReadAhead(filesystem, [first, file]) as ahead:
        ahead.open(first)
        assert file.uri not in filesystem.opened
        assert ahead.open(file).read() == file.uri.encode()


def test_an_error_is_raised_for_its_file_and_not_before() -> None:
    filesystem = Requested()
    files = [raw(number, 10) for number in range(5)]
    filesystem.gone = {files[3].uri}

    with ReadAhead(filesystem, files) as ahead:
        for file in files[:3]:
            ahead.open(file)
        with pytest.raises(FileNotFoundError, match=f"^{files[3].uri} does not exist$"):
            ahead.open(files[3])


def test_local_files_are_not_read_ahead(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    file = RawFile(str(tmp_path / "a"), DAY, 3, "lines")

    with ReadAhead(FileSystem(), [file]) as ahead:
        assert ahead._threads is None
        assert ahead.open(file).read() == b"abc"
