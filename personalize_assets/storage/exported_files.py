"""The CSVs of an export in the destination: one joined file, or a folder of files as the engine wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from msgspec import structs

from personalize_assets.conversion.kept import PartReport
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import ExportedFile

_COPIES_AT_ONCE = 8


class IncompleteExport(PersonalizeAssetsError):
    """Exported files that differ from the engine's report."""


class ExportedFiles(NamedTuple):
    """What a manifest says about the files of an export; see ``ExportManifest``."""

    path: str
    bytes: int
    sha256: str
    files: tuple[ExportedFile, ...]


def join_single_file(
    destination: Destination, dataset: str, header: bytes, parts: Sequence[PartReport], keep: Collection[str] = ()
) -> ExportedFiles:
    """Replace ``exports/<dataset>.csv`` by the header and the parts, atomically.

    Then delete the parts, but for those to keep (URIs).
    """
    filled = [part for part in parts if part.csv is not None]
    keys = [destination.key_of(part.csv or "") for part in filled]
    path = destination.csv_key(dataset)
    joined = destination.store.join(path, header, keys)
    unused = [key for key in keys if destination.uri_of(key) not in keep]
    destination.store.delete([*unused, *destination.old_parts()])
    version = _version(destination, path) if all(part.is_clean for part in filled) else ""
    file = ExportedFile(path, sum(part.rows for part in filled), joined.bytes, joined.sha256, version)
    return ExportedFiles(path, joined.bytes, joined.sha256, (file,))


def keep_folder(destination: Destination, folder: str, header: bytes, parts: Sequence[PartReport]) -> ExportedFiles:
    """Take a folder (key) of CSVs as the engine wrote them; without any row, write a file with the header alone.

    Personalize reads every file of a folder, so others are deleted: a task that an engine ran twice may have left a
    file that its report does not name. Raises ``IncompleteExport`` if a file is missing or has another size.
    """
    filled = [part for part in parts if part.csv is not None]
    if not filled:
        destination.store.write(f"{folder}/00000.csv", header)
    stored = {file.key: file for file in destination.store.files(f"{folder}/")}
    clean = {part.csv for part in filled if part.is_clean}
    versions = {key: file.version for key, file in stored.items() if destination.uri_of(key) in clean}
    files = tuple(
        ExportedFile(key, part.rows, part.csv_bytes, part.csv_sha256 or "", versions.get(key, ""))
        for key, part in ((destination.key_of(part.csv or ""), part) for part in filled)
    ) or (ExportedFile(f"{folder}/00000.csv", 0, len(header), hashlib.sha256(header).hexdigest()),)
    sizes = {file.key: file.bytes for file in files}
    _check_sizes(destination, sizes, {key: file.bytes for key, file in stored.items()})
    destination.store.delete([*sorted(stored.keys() - sizes.keys()), *destination.old_parts()])
    destination.store.make_private(sizes)
    digests = "".join(f"{file.sha256}\n" for file in files)
    return ExportedFiles(f"{folder}/", sum(sizes.values()), hashlib.sha256(digests.encode()).hexdigest(), files)


def _version(destination: Destination, key: str) -> str:
    return next((file.version for file in destination.store.files(key) if file.key == key), "")


def copy_parts(destination: Destination, folder: str, parts: Sequence[PartReport]) -> list[PartReport]:
    """Copy CSVs into a folder (key), numbered; the originals stay for the next export."""

    def copied(number: int, part: PartReport) -> PartReport:
        key = f"{folder}/{number:05d}.csv"
        destination.store.copy(destination.key_of(part.csv or ""), key)
        return structs.replace(part, csv=destination.uri_of(key))

    filled = [part for part in parts if part.csv is not None]
    with ThreadPoolExecutor(_COPIES_AT_ONCE) as threads:
        return list(threads.map(copied, range(len(filled)), filled))


def _check_sizes(destination: Destination, reported: Mapping[str, int], stored: Mapping[str, int]) -> None:
    for key, size in reported.items():
        if stored.get(key) != size:
            found = f"has {stored[key]} bytes" if key in stored else "does not exist"
            raise IncompleteExport(
                f"{destination.uri_of(key)} {found}, but the engine's report says that it wrote {size} bytes; "
                "the former export stays the current one: run the export again"
            )
