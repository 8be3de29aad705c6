"""Folders and buckets behind one small interface: what Dagster's process reads and writes.

Keys are relative to the store's URI and use ``/``. Tasks of a job read and write files without it
(``conversion.reading.filesystem``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, NamedTuple, Protocol, TypeVar

from personalize_assets.config.models import Aws
from personalize_assets.errors import PersonalizeAssetsError, TransientError

_T = TypeVar("_T")


class StoreError(PersonalizeAssetsError):
    """A folder or bucket that does not exist or may not be used; the text names it and says what to do."""


class TransientStoreError(StoreError, TransientError):
    """A bucket that does not answer now; trying again later may help."""


class StoredObject(NamedTuple):
    """A file of a folder, or an object of a bucket.

    Attributes:
        key: Relative to the store.
        bytes: Its size.
        modified: Seconds since the epoch (UTC).
        problem: Why it is not to be read; empty for files and objects that are. Only a folder has others.
        version: Changes with the content. On S3 the ETag, which a file keeps when the same bytes are written again
            (unless KMS encrypts it or it is uploaded in parts); in a folder the time of modification in nanoseconds.
        archive: The storage class from which it must be restored before it can be read; empty where it can be.
    """

    key: str
    bytes: int
    modified: float
    version: str = ""
    problem: str = ""
    archive: str = ""


class Versioned(NamedTuple):
    """The bytes of a file, and their version as in ``StoredObject``; empty in a folder."""

    data: bytes
    version: str


class Undeleted(NamedTuple):
    """What could not be deleted: how many files, and why the first of them. False if there are none."""

    files: int
    reason: str

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self.files > 0

    def __add__(self, more: object) -> Undeleted:
        """Both together."""
        if not isinstance(more, Undeleted):
            return NotImplemented
        return Undeleted(self.files + more.files, self.reason or more.reason)


NOTHING_LEFT = Undeleted(0, "")

UNFINISHED_SECONDS = 24 * 3600
"""What was begun longer ago and is not finished was left by a process that was killed."""


class Joined(NamedTuple):
    """What ``join`` wrote: its size, and the SHA-256 of its bytes in hexadecimal."""

    bytes: int
    sha256: str


def confined(uri: str, key: str) -> str:
    """The key. Raises ``StoreError`` for one that may lead out of the store: it came from a damaged file."""
    if not is_confined(key):
        raise StoreError(
            f"{uri} has a file that names the key {key!r}, which leads out of it: expected the key of a file below it; "
            "delete that file, and materialize again what it belongs to"
        )
    return key


def is_confined(key: str) -> bool:
    """Whether a key stays below its store, however its dots are taken."""
    return not key.startswith("/") and "\0" not in key and not {".", ".."} & set(key.replace("\\", "/").split("/"))


class ObjectStore(Protocol):
    """A folder, or a prefix of a bucket. Every method raises ``StoreError`` for what the user can fix.

    So does one that is given a key which leads out of the store.

    A folder that does not exist holds no files, as a prefix without keys does; a bucket must exist.

    Attributes:
        uri: Of the folder or prefix, without a slash at its end.
        has_links: Whether ``link`` makes one.
    """

    uri: str
    has_links: bool

    def check_exists(self) -> None:
        """Raise ``StoreError`` unless the folder or bucket exists and may be listed."""

    def files(self, prefix: str = "", after: str = "", before: str | None = None) -> Iterator[StoredObject]:
        """All files whose key begins with ``prefix`` and comes after ``after``, in the order of keys' UTF-8 bytes.

        With ``before``, only those whose key comes before that.
        """

    def holds(self, prefix: str = "") -> bool:
        """Whether there may be files whose key begins with ``prefix``, by one request: an empty folder may count."""

    def folders(self, prefix: str = "") -> list[str]:
        """The names of the folders directly below ``prefix`` (empty, or ending in ``/``), sorted."""

    def read(self, key: str, first_bytes: int | None = None) -> bytes | None:
        """A file's bytes, or only the first ones; None if there is no such file."""

    def read_with(self, key: str, reader: Callable[[IO[bytes]], _T]) -> _T | None:
        """What ``reader`` makes of a file, which can seek and is read as far as that is needed; None if there is none.

        What ``reader`` raises is passed on, unless it is an ``OSError``.
        """

    def blocks(self, key: str) -> Iterator[bytes]:
        """A file's bytes from its beginning on, a block after the other; ``StoreError`` if there is no such file."""

    def read_version(self, key: str) -> Versioned | None:
        """A file's bytes and version; None if there is no such file."""

    def write(self, key: str, data: bytes) -> None:
        """Write a file atomically: a reader gets the old one or the new one."""

    def write_version(self, key: str, data: bytes) -> str:
        """As ``write``; returns the version, as in ``Versioned``."""

    def swap(self, key: str, data: bytes, before: Versioned | None) -> Versioned | None:
        """Write a file atomically if it is still the one that was read before; None means that there was none.

        Returns what is stored now; None if another writer was first: then nothing is changed. Of several writers with
        the same ``before``, on one machine or on many, exactly one succeeds.
        """

    def link(self, key: str, name: str) -> None:
        """Let a symbolic link lead to what is named ``name`` beside it; nothing where there are no links."""

    def make_private(self, keys: Iterable[str]) -> None:
        """Take the rights of other users of this machine from files; nothing in a bucket, which its policy protects."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files; missing ones are ignored."""

    def try_delete(self, keys: Iterable[str]) -> Undeleted:
        """Delete files as far as that is possible, and return what stays; missing ones are ignored."""

    def delete_unfinished(self, prefixes: Sequence[str] = ("",)) -> Undeleted:
        """Delete what processes left that were killed while they wrote files whose keys begin with these prefixes.

        In a folder temporary files beside the files, in a bucket uploads in parts; only those that are older than
        ``UNFINISHED_SECONDS``. Without the right to list uploads they stay, which is not counted.
        """

    def copy(self, key: str, to: str) -> None:
        """Copy a file that exists, atomically."""

    def join(self, key: str, header: bytes, parts: Sequence[str]) -> Joined:
        """Write a file made of ``header`` and ``parts`` (keys) atomically; the parts stay."""


def open_store(uri: str, aws: Aws | None = None, *, follow_links: bool = True) -> ObjectStore:
    """The store of a URI: ``s3://bucket/prefix``, or a folder. Nothing is read or created yet.

    Without ``follow_links``, what a folder's symbolic links have outside of it is listed with a ``problem``.
    """
    if uri.startswith("s3://"):
        from personalize_assets.storage.s3 import S3Store

        return S3Store(uri, aws)
    from personalize_assets.storage.folder import FolderStore

    return FolderStore(uri, follow_links=follow_links)
