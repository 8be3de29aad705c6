"""A folder as an ``ObjectStore``."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

from personalize_assets.conversion.reading.file_errors import what_to_do
from personalize_assets.conversion.reading.local_output import FILE_MODE
from personalize_assets.storage.object_store import (
    NOTHING_LEFT,
    UNFINISHED_SECONDS,
    Joined,
    StoredObject,
    StoreError,
    TransientStoreError,
    Undeleted,
    Versioned,
    confined,
)

_GONE = (FileNotFoundError, NotADirectoryError)
_WHAT_TO_DO = {
    errno.EINVAL: "replace it by a regular file, or remove it",
    errno.ENOENT: "it was deleted meanwhile: run again",
}
_FOLDER_MODE = 0o750
# File systems without symbolic links.
_CANNOT_LINK = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
# An underscore: it is no output. The operating system frees the lock of a process that dies.
_LOCK = "_lock"
# It is held for the writing of one small file.
_LOCK_SECONDS = 120
_CANNOT_COPY = (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
NOT_A_FILE = "not a regular file"
LEADS_OUT = "a link that leads out of the source, not followed without `follow_links: true`"
# How much of a part is read or copied at a time.
_COPY_BYTES = 16 * 1024 * 1024
# The names that ``_temporary_beside`` makes, and the name of the file to be.
_BLOCK_BYTES = 1024**2
_T = TypeVar("_T")
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}")


class FolderStore:
    """A folder of this machine, created by the first write; links to folders are followed. See ``ObjectStore``.

    Only regular files are read: a pipe, a socket or a device is listed with a ``problem``.
    """

    def __init__(self, uri: str, *, follow_links: bool = True) -> None:
        """``uri`` is a path. Nothing is read or created yet.

        Without ``follow_links``, links that lead out of the folder are listed with a ``problem``.
        """
        self.uri = uri.rstrip("/")
        self.has_links = True
        self._root = Path(uri)
        self._follow_links = follow_links

    def check_exists(self) -> None:
        """Raise ``StoreError`` unless the folder exists and may be listed."""
        with self._explained("read"):
            if self._root.is_dir():
                return
        if self._root.exists():
            raise StoreError(f"{self.uri} is a file and not a folder; correct the uri in the config")
        raise StoreError(f"{self.uri} is not a folder; create it, or correct the uri in the config")

    def files(self, prefix: str = "", after: str = "", before: str | None = None) -> Iterator[StoredObject]:
        """List files by prefix, in the order of keys' UTF-8 bytes."""
        # By code points, which is the order of UTF-8 bytes too.
        yield from sorted(self._found(prefix, after, before))

    def _found(self, prefix: str, after: str, before: str | None) -> Iterator[StoredObject]:
        # Keys are put together as texts: a Path for each of ten thousand files takes a second.
        start = prefix.rpartition("/")[0]
        waiting = [start]
        with self._explained("read"):
            if not self._follow_links and not self._path(start).resolve().is_relative_to(self._root.resolve()):
                yield StoredObject(f"{start}/", 0, 0, problem=LEADS_OUT)
                return
            while waiting:
                above = waiting.pop()
                begin = f"{above}/" if above else ""
                for entry in _entries(self._path(above)):
                    key = begin + entry.name
                    # What is left out here is left out with all that it may hold.
                    if not key.startswith(prefix) or (before is not None and key >= before):
                        continue
                    if key <= after and not after.startswith(key):
                        continue
                    leads_out = not self._follow_links and self._leads_out(entry)
                    if _is_folder(entry):
                        if leads_out:
                            yield StoredObject(f"{key}/", 0, 0, problem=LEADS_OUT)
                        elif (before is None or f"{key}/" < before) and not _leads_back(entry):
                            waiting.append(key)
                    elif key > after:
                        with suppress(*_GONE):  # deleted since the folder was listed, or a link to nothing
                            about = entry.stat()
                            problem = "" if stat.S_ISREG(about.st_mode) else NOT_A_FILE
                            problem = LEADS_OUT if leads_out else problem
                            yield StoredObject(
                                key, about.st_size, about.st_mtime, str(about.st_mtime_ns), problem=problem
                            )

    def _leads_out(self, entry: os.DirEntry[str]) -> bool:
        return entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(self._root.resolve())

    def _path(self, key: str) -> Path:
        return self._root / confined(self.uri, key)

    def holds(self, prefix: str = "") -> bool:
        """Whether there may be files with a prefix."""
        folder, _, name = prefix.rpartition("/")
        with self._explained("read"), suppress(*_GONE), os.scandir(self._path(folder)) as entries:
            return any(entry.name.startswith(name) for entry in entries)
        return False

    def folders(self, prefix: str = "") -> list[str]:
        """List the folders directly below a prefix."""
        with self._explained("read"), suppress(*_GONE):
            return sorted(entry.name for entry in os.scandir(self._path(prefix)) if entry.is_dir())
        return []

    def read(self, key: str, first_bytes: int | None = None) -> bytes | None:
        """Read a file, or its first bytes; None if it does not exist."""
        with self._explained("read"), suppress(*_GONE), open(self._path(key), "rb", opener=_open_regular) as file:
            return file.read(first_bytes)
        return None

    def read_with(self, key: str, reader: Callable[[IO[bytes]], _T]) -> _T | None:
        """What ``reader`` makes of a file; None if it does not exist."""
        with self._explained("read"), suppress(*_GONE), open(self._path(key), "rb", opener=_open_regular) as file:
            return reader(file)
        return None

    def blocks(self, key: str) -> Iterator[bytes]:
        """Read a file block by block."""
        with self._explained("read"), open(self._path(key), "rb", opener=_open_regular) as file:
            while block := file.read(_BLOCK_BYTES):
                yield block

    def read_version(self, key: str) -> Versioned | None:
        """Read a file; None if it does not exist. Without a version: two writes may have the same time."""
        data = self.read(key)
        return None if data is None else Versioned(data, "")

    def write(self, key: str, data: bytes) -> None:
        """Write a file atomically."""
        with self._replacing(key) as file:
            file.write(data)

    def write_version(self, key: str, data: bytes) -> str:
        """Write a file atomically; without a version."""
        self.write(key, data)
        return ""

    def swap(self, key: str, data: bytes, before: Versioned | None) -> Versioned | None:
        """Write a file if it is still the one that was read before; all processes of this folder take turns."""
        with self._alone():
            if self.read(key) != (None if before is None else before.data):
                return None
            self.write(key, data)
        return Versioned(data, "")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The only block of its kind in this folder; the lock ends with its process."""
        with self._explained("written"):
            self._root.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
            lock = FileLock(self._root / _LOCK, timeout=_LOCK_SECONDS, mode=FILE_MODE)
            try:
                lock.acquire()
            except Timeout as error:
                raise TransientStoreError(
                    f"{lock.lock_file} was locked by another process for {_LOCK_SECONDS} seconds; if that process "
                    "hangs, end it, and run again"
                ) from error
        try:
            yield
        finally:
            lock.release()

    def link(self, key: str, name: str) -> None:
        """Let a symbolic link lead to a name beside it; file systems without links are left without."""
        link = self._path(key)
        new = _temporary_beside(link)
        with self._explained("written"):
            if link.is_symlink() and str(link.readlink()) == name:
                return
            try:
                new.symlink_to(name)
                new.replace(link)
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
            finally:
                new.unlink(missing_ok=True)

    def make_private(self, keys: Iterable[str]) -> None:
        """Take the rights of other users from files."""
        with self._explained("written"):
            for key in keys:
                file = self._path(key)
                file.chmod(file.stat().st_mode & FILE_MODE)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files; missing ones are ignored."""
        for key in keys:
            self._delete(key)

    def _delete(self, key: str) -> None:
        file = self._path(key)
        with self._explained("deleted"), suppress(*_GONE):
            file.unlink()
        with suppress(OSError):  # a bucket has no empty folders either
            for folder in file.relative_to(self._root).parents[:-1]:
                (self._root / folder).rmdir()

    def try_delete(self, keys: Iterable[str]) -> Undeleted:
        """Delete files as far as that is possible."""
        left = NOTHING_LEFT
        for key in keys:
            try:
                self._delete(key)
            except StoreError as error:
                left += Undeleted(1, str(error))
        return left

    def delete_unfinished(self, prefixes: Sequence[str] = ("",)) -> Undeleted:
        """Delete temporary files."""
        oldest = time.time() - UNFINISHED_SECONDS
        with self._explained("read"):
            old = [key for key, changed in self._temporary(tuple(prefixes)) if changed < oldest]
        return self.try_delete(sorted(old))

    def _temporary(self, prefixes: tuple[str, ...]) -> Iterator[tuple[str, float]]:
        """Temporary files that ``_replacing`` and ``link`` make, by key, and when they were last written."""
        waiting = [""]
        while waiting:
            above = waiting.pop()
            begin = f"{above}/" if above else ""
            for entry in _entries(self._path(above)):
                key = begin + entry.name
                named = None if entry.is_dir(follow_symlinks=False) else _TEMPORARY.fullmatch(entry.name)
                if named and (begin + named[1]).startswith(prefixes):
                    with suppress(*_GONE):
                        yield key, entry.stat(follow_symlinks=False).st_mtime
                elif _is_folder(entry) and not _leads_back(entry) and _leads_to(f"{key}/", prefixes):
                    waiting.append(key)

    def join(self, key: str, header: bytes, parts: Sequence[str]) -> Joined:
        """Write a file made of a header and parts atomically."""
        with self._replacing(key) as file, ThreadPoolExecutor(1) as hashing:
            digest = hashing.submit(self._sha256, header, parts)
            size = file.write(header)
            file.flush()
            for part in parts:
                with self._explained("read"), open(self._path(part), "rb", opener=_open_regular) as source:
                    size += _copy(source, file)
            sha256 = digest.result()
        return Joined(size, sha256)

    def copy(self, key: str, to: str) -> None:
        """Copy a file atomically."""
        source = self._path(key)
        with self._replacing(to) as file, self._explained("read"), open(source, "rb", opener=_open_regular) as copied:
            _copy(copied, file)

    def _sha256(self, header: bytes, parts: Sequence[str]) -> str:
        digest = hashlib.sha256(header)
        for part in parts:
            with self._explained("read"), open(self._path(part), "rb", opener=_open_regular) as source:
                while block := source.read(_COPY_BYTES):
                    digest.update(block)
        return digest.hexdigest()

    @contextmanager
    def _replacing(self, key: str) -> Iterator[IO[bytes]]:
        """A new file that is brought into its place when it is complete."""
        target = self._path(key)
        new = _temporary_beside(target)
        with self._explained("written"):
            self._root.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(new, "wb", opener=_open_private) as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(target)
            finally:
                new.unlink(missing_ok=True)

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name = error.filename or self.uri
            advice = what_to_do(error, _WHAT_TO_DO)
            raise StoreError(f"{name} cannot be {done}: {error.strerror or error}; {advice}") from error


def _leads_to(folder: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a folder (with a slash at its end) may have keys with one of these prefixes."""
    return folder.startswith(prefixes) or any(prefix.startswith(folder) for prefix in prefixes)


def _temporary_beside(target: Path) -> Path:
    # A leading dot: no reader of the folder (Spark, Athena, Personalize) takes it for data.
    return target.with_name(f".{target.name}.{uuid4().hex[:8]}")


def _open_regular(path: str, flags: int) -> int:
    """Open a file without waiting for what a pipe may bring. Raises ``OSError`` for what is no regular file."""
    opened = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(opened).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # of a folder, Python raises its own error
        return opened
    os.close(opened)
    raise OSError(errno.EINVAL, NOT_A_FILE, path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)


def _copy(source: IO[bytes], to: IO[bytes]) -> int:
    """Append the bytes of a file to one whose buffer is empty, and return their number."""
    size = 0
    if hasattr(os, "copy_file_range"):
        try:
            while copied := os.copy_file_range(source.fileno(), to.fileno(), _COPY_BYTES):
                size += copied
        except OSError as error:
            if size or error.errno not in _CANNOT_COPY:
                raise
        if size:
            return size
    # Between file systems that cannot do it, and for what has no size before it is read.
    while block := source.read(_COPY_BYTES):
        size += to.write(block)
    to.flush()
    return size


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing if it was deleted. One that may not be listed must not look empty."""
    with suppress(*_GONE), os.scandir(folder) as entries:
        return list(entries)
    return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


def _leads_back(entry: os.DirEntry[str]) -> bool:
    """Whether a link leads to a folder that contains it: following it would never end."""
    if not entry.is_symlink():
        return False
    link = Path(entry.path)
    return link.parent.resolve().is_relative_to(link.resolve())
