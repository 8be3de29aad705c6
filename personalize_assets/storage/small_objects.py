"""The small objects of a destination, read and written with few requests to S3.

What this process wrote or read is kept by key and version, and used again only for the version that a listing has just
named: one request finds what has changed in up to a thousand objects, also if another process changed it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from personalize_assets.storage.object_store import ObjectStore, StoredObject, Versioned

_T = TypeVar("_T")
_R = TypeVar("_R")

READS_AT_ONCE = 32
_MOST_BYTES = 64 * 1024 * 1024


class _Known:
    """Objects by URI and version, the last used ones; of all stores of this process."""

    def __init__(self) -> None:
        self._objects: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0
        self._using = threading.Lock()

    def add(self, uri: str, version: str, data: bytes) -> None:
        if not version:
            return
        with self._using:
            self._bytes += len(data) - len(self._objects.pop((uri, version), b""))
            self._objects[uri, version] = data
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._objects.popitem(last=False)[1])

    def get(self, uri: str, version: str) -> bytes | None:
        with self._using:
            if (uri, version) in self._objects:
                self._objects.move_to_end((uri, version))
            return self._objects.get((uri, version))


_known = _Known()


class SmallObjects:
    """The small objects of one store. For several threads."""

    def __init__(self, store: ObjectStore) -> None:
        """Nothing is read yet."""
        self._store = store

    def read(self, key: str) -> bytes | None:
        """Read an object as it is now; None if there is none."""
        found = self._read(key)
        return found.data if found else None

    def read_versions(
        self, keys: Sequence[str], listed: Mapping[str, StoredObject] | None = None
    ) -> list[Versioned | None]:
        """Read objects side by side, in the order of keys, with the version of each for ``swap``.

        With a listing, what is missing there is not asked for, and what is known of a listed version is not read again.
        """

        def read(key: str) -> Versioned | None:
            if listed is None:
                return self._read(key)
            if key not in listed:
                return None
            known = _known.get(self._uri(key), listed[key].version)
            return self._read(key) if known is None else Versioned(known, listed[key].version)

        return self.side_by_side(read, keys)

    def _read(self, key: str) -> Versioned | None:
        found = self._store.read_version(key)
        if found is not None:
            _known.add(self._uri(key), found.version, found.data)
        return found

    def write(self, key: str, data: bytes) -> None:
        """Write an object atomically."""
        _known.add(self._uri(key), self._store.write_version(key, data), data)

    def swap(self, key: str, data: bytes, before: Versioned | None) -> Versioned | None:
        """Write an object if it is still the one that was read before; see ``ObjectStore.swap``."""
        now = self._store.swap(key, data, before)
        if now is not None:
            _known.add(self._uri(key), now.version, data)
        return now

    def listed(self, ranges: Iterable[tuple[str, str, str]]) -> Iterator[StoredObject]:
        """The files of several ranges of keys, which are listed side by side: prefix, after and before of each."""
        for found in self.side_by_side(lambda one: list(self._store.files(*one)), list(ranges)):
            yield from found

    def side_by_side(self, run: Callable[[_T], _R], items: Sequence[_T]) -> list[_R]:
        """What ``run`` returns for each item, in their order; in a bucket many requests at a time."""
        if len(items) < 2 or not self._store.uri.startswith("s3://"):
            # A small file of this machine is read in less time than a thread takes to start.
            return [run(item) for item in items]
        with ThreadPoolExecutor(READS_AT_ONCE) as threads:
            return list(threads.map(run, items))

    def _uri(self, key: str) -> str:
        return f"{self._store.uri}/{key}"
