"""Errors about files that a task reads or writes. Their texts name the file and are for the user."""

from __future__ import annotations

import errno
from collections.abc import Mapping

FREE_SPACE = "free some space there"


class FileError(Exception):
    """A file that cannot be used."""


class UnreadableFile(FileError):
    """A raw file that cannot be opened or read."""


class UnreadableDailyFile(UnreadableFile):
    """A daily file that is missing or damaged: its rows never count as none. The text says what to do."""


class UnansweredFile(FileError, ConnectionError):
    """A file of S3 that S3 does not give or take now; trying later may help. The text says what was tried."""


class UnwritableFile(FileError):
    """A file that cannot be written. The text says what to do."""


def what_to_do(error: OSError, about: Mapping[int, str]) -> str:
    """What the user can do about an error of the system with a file; ``about`` has more by its number (``errno``)."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FREE_SPACE
    return about.get(error.errno or 0, "give the user who runs this access to it, or correct the uri in the config")
