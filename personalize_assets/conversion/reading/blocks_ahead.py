"""A large object as a file: read in blocks, of which the next ones are on their way while one is used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from personalize_assets.conversion.reading.seekable import SeekableReader

BLOCK_BYTES = 4 * 1024 * 1024
"""What one request asks for: S3 answers in the time that some MB take on one connection."""

BLOCKS_AHEAD = 5
# Blocks that are kept: the one in use, its neighbour, and those ahead.
_KEPT = BLOCKS_AHEAD + 2

MOST_BYTES = _KEPT * BLOCK_BYTES
"""The most that one open file holds in memory."""

Fetch = Callable[[int, int], memoryview]
"""Reads the bytes from a place to before another one. Raises ``OSError``."""


class BlocksAhead(SeekableReader):
    """A file over ranges of bytes. Blocks are read ahead from the file's beginning, or behind two neighbours."""

    def __init__(self, size: int, fetch: Fetch, known: tuple[int, memoryview] | None = None) -> None:
        """Fetch nothing yet.

        Args:
            size: Of the whole file.
            fetch: Called in several threads at once.
            known: A place, and bytes from there on that need not be fetched.
        """
        super().__init__(size)
        self._fetch = fetch
        self._known_at, self._known = known or (0, memoryview(b""))
        self._last_block = -1
        self._is_sequential = False
        self._blocks: OrderedDict[int, Future[memoryview]] = OrderedDict()
        self._threads = ThreadPoolExecutor(BLOCKS_AHEAD + 1)

    def readinto(self, buffer: Any) -> int:
        """Read what fits into a buffer, or less at the file's end."""
        wanted = memoryview(buffer).cast("B")
        count = min(len(wanted), max(self._size - self._at, 0))
        done = 0
        while done < count:
            piece = self._from_here(count - done)
            wanted[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return count

    def close(self) -> None:
        """Start no more requests."""
        if not self.closed:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._blocks.clear()
        super().close()

    def _from_here(self, most: int) -> memoryview:
        """Some of the bytes at the current place, at least one."""
        behind = self._at - self._known_at
        if 0 <= behind < len(self._known):
            return self._known[behind : behind + most]
        number, begin = divmod(self._at, BLOCK_BYTES)
        return self._block(number)[begin : begin + most]

    def _block(self, number: int) -> memoryview:
        if number != self._last_block:
            self._is_sequential = number == self._last_block + 1
            self._last_block = number
        for wanted in range(number, number + 1 + (BLOCKS_AHEAD if self._is_sequential else 0)):
            if wanted * BLOCK_BYTES >= self._size:
                break
            if wanted not in self._blocks:
                self._blocks[wanted] = self._threads.submit(self._fetch_block, wanted)
            self._blocks.move_to_end(wanted)
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)[1].cancel()
        self._blocks.move_to_end(number)
        return self._blocks[number].result()

    def _fetch_block(self, number: int) -> memoryview:
        return self._fetch(number * BLOCK_BYTES, min((number + 1) * BLOCK_BYTES, self._size))
