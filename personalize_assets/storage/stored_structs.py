"""The small JSON objects of a destination as structs: read, written, and refused where they are damaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.manifests import (
    DayAccounting,
    DayCatalog,
    DayCommit,
    DayState,
    ExportManifest,
    ExportSet,
    ImportRecord,
    KeptFiles,
    OwnerMark,
    RunMark,
    SweepMark,
    TableCommit,
    UnloadRecord,
)
from personalize_assets.storage.object_store import ObjectStore, StoredObject, Versioned, is_confined
from personalize_assets.storage.small_objects import SmallObjects

_Object = TypeVar("_Object", bound=msgspec.Struct)
_WANTED = {
    DayCatalog: "the catalog of a day",
    DayState: "what is converted of a day",
    DayAccounting: "the counts of a source's day",
    DayCommit: "the commit of a dataset's day",
    TableCommit: "the commit of a table",
    ExportSet: "the manifest of an export",
    ExportManifest: "the manifest of a CSV",
    RunMark: "the mark of a run",
    SweepMark: "the time of the last sweep",
    OwnerMark: "the name and sources of the dataset group",
    KeptFiles: "what the next export may use",
    UnloadRecord: "what was unloaded of a table and day",
    ImportRecord: "what imports of a dataset read",
}


class DamagedFile(PersonalizeAssetsError):
    """One of the small JSON files that cannot be decoded."""


class Found(NamedTuple, Generic[_Object]):
    """An object as it was read: its bytes with their version, for a swap, and what they say.

    ``stored`` is None if there is none; ``object`` is None then, and if it is damaged.
    """

    stored: Versioned | None
    object: _Object | None


class StoredStructs:
    """The small JSON objects of one store. For several threads."""

    def __init__(self, store: ObjectStore) -> None:
        """Nothing is read yet."""
        self._store = store
        self.objects = SmallObjects(store)

    def read(self, key: str, kind: type[_Object], advice: str) -> _Object | None:
        """An object, or None. ``advice`` says what to do if it is damaged. Raises ``DamagedFile``."""
        return self.decode(key, self.objects.read(key), kind, advice)

    def checked(self, key: str, found: Found[_Object], kind: type[_Object], advice: str) -> _Object | None:
        """What was found. Raises ``DamagedFile``, as ``read`` does, if it is damaged."""
        if found.object is None and found.stored is not None:
            return self.decode(key, found.stored.data, kind, advice)
        return found.object

    def find(self, key: str, kind: type[_Object]) -> Found[_Object]:
        """An object with its version; a damaged one is there, and says nothing."""
        [stored] = self.objects.read_versions([key])
        return self._found(key, stored, kind)

    def find_all(
        self, keys: Sequence[str], listed: Mapping[str, StoredObject] | None, kind: type[_Object]
    ) -> list[Found[_Object]]:
        """As ``find``, side by side; what is missing in a listing is not asked for."""
        read = self.objects.read_versions(keys, listed)
        return [self._found(key, stored, kind) for key, stored in zip(keys, read, strict=True)]

    def _found(self, key: str, stored: Versioned | None, kind: type[_Object]) -> Found[_Object]:
        if stored is None:
            return Found(None, None)
        try:
            return Found(stored, self.decode(key, stored.data, kind, ""))
        except DamagedFile:
            return Found(stored, None)

    def write(self, key: str, value: msgspec.Struct) -> None:
        """Replace an object, whatever is there."""
        self.objects.write(key, encode(value))

    def swap(self, key: str, value: msgspec.Struct, before: Versioned | None) -> bool:
        """Replace an object if it is still the one that was read; False if it is another."""
        return self.objects.swap(key, encode(value), before) is not None

    def decode(self, key: str, data: bytes | None, kind: type[_Object], advice: str) -> _Object | None:
        """What bytes say. Raises ``DamagedFile``, also for one that names a file outside of the store."""
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=kind)
            outside = next((named for named in _keys_of(found) if not is_confined(named)), None)
            if outside is not None:
                raise ValueError(f"the key {outside!r}, which leads out of {self._store.uri}")
        except (msgspec.MsgspecError, ValueError) as error:
            raise DamagedFile(
                f"{self._store.uri}/{key} is damaged: expected {_WANTED[kind]} as JSON, found: {error}; {advice}"
            ) from error
        return found


def _keys_of(found: msgspec.Struct) -> Iterator[str]:
    """The keys that a small object names: of files that are read, and deleted once it is replaced."""
    if isinstance(found, DayCatalog):
        # Its files are those of the sources. In a bucket, dots in a key are nothing but dots.
        buckets = {id for id, source in found.sources.items() if source.uri.startswith("s3://")}
        yield from (file.key for file in found.files if file.source not in buckets)
        return
    if isinstance(found, DayState):
        for part in (*found.datasets.values(), *found.sources.values()):
            yield from _keys_of(part)
    if isinstance(found, ExportSet):
        for manifest in found.datasets.values():
            yield from _keys_of(manifest)
    for replaced in getattr(found, "replaced", ()):
        yield from replaced.files
    for name in ("files", "reject_files", "dropped"):
        for file in getattr(found, name, ()):
            yield file if isinstance(file, str) else file.key
    for name in ("path", "schema"):
        yield getattr(found, name, "").rstrip("/")


def encode(value: msgspec.Struct) -> bytes:
    """As JSON, without what is None at the top level."""
    return json_bytes({key: field for key, field in msgspec.to_builtins(value).items() if field is not None})


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """As indented JSON with a line break at the end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
