"""What a folder and a bucket have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from personalize_assets.errors import PersonalizeAssetsError, TransientError


class StoreError(PersonalizeAssetsError):
    """A folder or bucket that is not there or may not be used; its text names it and says what to do."""


class StoreBusy(StoreError, TransientError):
    """A bucket that does not answer now, but may in a moment."""


class StoredFile(NamedTuple):
    """``modified`` is in seconds since the epoch (UTC); ``version`` changes when the file's content does.

    It is S3's ETag, which a file written again with the same bytes keeps (unless it is encrypted by KMS or uploaded in
    parts), or in a folder the time of modification in nanoseconds, as rsync tells a file that has changed.
    """

    key: str
    bytes: int
    modified: float
    version: str = ""


class Joined(NamedTuple):
    """What ``join`` wrote: its size, and the SHA-256 of its bytes in hexadecimal."""

    bytes: int
    sha256: str


class Store(Protocol):
    """A folder or a bucket's prefix. Every method raises ``StoreError`` for what the user can mend.

    A folder that is not there holds no files, as a prefix without keys does; a bucket must be there.
    """

    uri: str

    def must_be_there(self) -> None:
        """Raise ``StoreError`` unless the folder or bucket is there and may be listed."""

    def files(self, prefix: str = "", after: str = "") -> Iterator[StoredFile]:
        """All files whose key begins with ``prefix`` and comes after ``after``, in the order of keys' UTF-8 bytes."""

    def holds(self, prefix: str = "") -> bool:
        """Whether there may be files whose key begins with ``prefix``, told by one look: an empty folder may count."""

    def folders(self, prefix: str = "") -> list[str]:
        """The names directly below ``prefix`` (empty, or ending in ``/``) that are folders, sorted."""

    def read(self, key: str, first_bytes: int | None = None) -> bytes | None:
        """A file's bytes, or only its first ones; None if there is no such file."""

    def write(self, key: str, data: bytes) -> None:
        """Put a file in one step: a reader sees the old one or the new one."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files; one that is not there is no error."""

    def join(self, key: str, header: bytes, parts: Sequence[str]) -> Joined:
        """Put a file made of ``header`` and ``parts`` (keys), in one step; the parts stay."""
