"""A local file to write to, which only its owner and group may read, and whose errors name it and say what to do."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from personalize_assets.conversion.reading.file_errors import FREE_SPACE, UnwritableFile, what_to_do

FILE_MODE = 0o640
"""Rights of a file of ours, of which the umask may take more."""

_IN_THE_WAY = "a file is where a folder is wanted: move it, or correct the uri in the config"
_WHAT_TO_DO = {
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EFBIG: FREE_SPACE,
    errno.EROFS: "mount it for writing, or correct the uri in the config",
    errno.EIO: "the disk reports an error: check it, or correct the uri in the config",
}


class LocalOutput(io.FileIO):
    """A new file, written without a buffer. Missing folders are created.

    Opening, writing and closing raise ``UnwritableFile``.
    """

    def __init__(self, path: str) -> None:
        """Create the file; one that exists is emptied."""
        self._path = path
        with explained(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            super().__init__(path, "wb", opener=_open_private)

    def write(self, data: Any, /) -> int:
        """Write all of ``data``, which the system may do in several steps."""
        left = memoryview(data).cast("B")
        size = left.nbytes
        with explained(self._path):
            while left:
                left = left[super().write(left) :]
        return size

    def close(self) -> None:
        """Close the file; some file systems report only now that there is no room."""
        with explained(self._path):
            super().close()


def _open_private(path: str, flags: int) -> int:
    # Files hold what users did: other users of the machine get no rights, and the umask may take more.
    return os.open(path, flags, FILE_MODE)


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Raise errors of the system about a file as ``UnwritableFile``."""
    try:
        yield
    except OSError as error:
        advice = what_to_do(error, _WHAT_TO_DO)
        raise UnwritableFile(f"{path} cannot be written: {error.strerror or error}; {advice}") from error
