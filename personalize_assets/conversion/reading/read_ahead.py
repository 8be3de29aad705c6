"""Reads the raw files of a task, in their order, while the next ones are on their way: many small ones at once.

Only for S3, where each file costs a wait. How much is on its way or waits to be read is bounded by its size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, NamedTuple

from personalize_assets.conversion.reading.blocks_ahead import MOST_BYTES
from personalize_assets.conversion.reading.filesystem import FileSystem, is_s3
from personalize_assets.conversion.spec import RawFile

SMALL_BYTES = 4 * 1024 * 1024
"""A file of at most so many bytes is read by one request; a larger one in blocks, when its turn comes."""

AHEAD_BYTES = 64 * 1024 * 1024 - MOST_BYTES
"""The most that small files take; with a large file that is being read beside them, 64 MB in all."""

FILES_AT_ONCE = 48


class _Coming(NamedTuple):
    file: RawFile
    stream: Future[IO[bytes]] | None


class ReadAhead:
    """Opens files one after another. A context: at its end no more requests are started."""

    def __init__(self, filesystem: FileSystem, files: Sequence[RawFile]) -> None:
        """Request nothing yet; ``files`` are in the order in which they will be opened."""
        self._filesystem = filesystem
        self._rest: Iterator[RawFile] = iter(files)
        self._next = next(self._rest, None)
        self._coming: deque[_Coming] = deque()
        self._bytes = 0
        self._threads = ThreadPoolExecutor(FILES_AT_ONCE) if any(is_s3(file.uri) for file in files) else None

    def __enter__(self) -> ReadAhead:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what was read ahead."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        self._coming.clear()

    @property
    def bytes_ahead(self) -> int:
        """The size of the small files that are on their way, or have arrived and are not opened yet."""
        return self._bytes

    def open(self, file: RawFile) -> IO[bytes]:
        """The next file, at its beginning. Raises ``OSError`` for it, whatever happened to later ones."""
        self._request_more()
        its, stream = self._coming.popleft()
        assert its is file, "files are opened in their order"
        if stream is None:
            return self._filesystem.open(file.uri, file.bytes)
        try:
            return stream.result()
        finally:
            self._bytes -= file.bytes

    def _request_more(self) -> None:
        while self._next is not None and self._has_room_for(self._next):
            file, self._next = self._next, next(self._rest, None)
            stream = None
            if self._is_read_ahead(file) and self._threads is not None:
                stream = self._threads.submit(self._filesystem.open, file.uri, file.bytes)
                self._bytes += file.bytes
            self._coming.append(_Coming(file, stream))

    def _has_room_for(self, file: RawFile) -> bool:
        if not self._coming:
            return True
        size = file.bytes if self._is_read_ahead(file) else 0
        return len(self._coming) < FILES_AT_ONCE and self._bytes + size <= AHEAD_BYTES

    @staticmethod
    def _is_read_ahead(file: RawFile) -> bool:
        return is_s3(file.uri) and file.shares == 1 and file.bytes <= SMALL_BYTES
