"""Errors about files that a task reads or writes. Their texts name the file and are for the user."""

from __future__ import annotations


class FileError(Exception):
    """A file that cannot be used."""


class UnreadableFile(FileError):
    """A raw file that cannot be opened or read."""


class UnreadableDailyFile(UnreadableFile):
    """A daily file that is missing or damaged: its rows never count as none. The text says what to do."""


class UnwritableFile(FileError):
    """A file that cannot be written. The text says what to do."""
