"""A folder as a store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from personalize_assets.stores.base import COPY_BYTES, Joined, StoredFile, StoreError


class FolderStore:
    """A folder of this machine. It is made by the first write."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._root = Path(uri)

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        self._must_be_there()
        folder = self._root / prefix.rpartition("/")[0]
        for path, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                file = Path(path) / name
                key = file.relative_to(self._root).as_posix()
                if key.startswith(prefix):
                    about = file.stat()
                    yield StoredFile(key, about.st_size, about.st_mtime)

    def folders(self, prefix: str = "") -> list[str]:
        folder = self._root / prefix
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if folder.is_dir() else []

    def _must_be_there(self) -> None:
        if not self._root.is_dir():
            raise StoreError(f"{self.uri} is not a folder; make it, or correct the uri in the config")

    def read(self, key: str, first_bytes: int | None = None) -> bytes | None:
        try:
            with (self._root / key).open("rb") as file:
                return file.read(first_bytes)
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        with self._replacing(key) as file:
            file.write(data)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            file = self._root / key
            file.unlink(missing_ok=True)
            with suppress(OSError):  # a bucket has no empty folders either
                for folder in file.relative_to(self._root).parents[:-1]:
                    (self._root / folder).rmdir()

    def join(self, key: str, header: bytes, parts: Sequence[str]) -> Joined:
        digest = hashlib.sha256(header)
        with self._replacing(key) as file:
            size = file.write(header)
            for part in parts:
                with (self._root / part).open("rb") as source:
                    while block := source.read(COPY_BYTES):
                        digest.update(block)
                        size += file.write(block)
        return Joined(size, digest.hexdigest())

    @contextmanager
    def _replacing(self, key: str) -> Iterator[IO[bytes]]:
        target = self._root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        # A leading dot: no reader of the folder (Spark, Athena, Personalize) takes it for data.
        new = target.with_name(f".{target.name}.{uuid4().hex[:8]}")
        try:
            with new.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
