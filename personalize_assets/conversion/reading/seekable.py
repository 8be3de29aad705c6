"""What all readers of a file of known size that can be read from any place have in common."""

from __future__ import annotations

import io


class SeekableReader(io.RawIOBase):
    """A file of known size and a place in it; how bytes are read from there is left to a subclass."""

    def __init__(self, size: int) -> None:
        """Begin at the file's first byte; ``size`` is in bytes."""
        super().__init__()
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at
