"""The CSVs of an export in the destination: one joined file, or a folder of files as the engine wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from msgspec import structs

from personalize_assets.conversion.kept import PartReport
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.manifests import ExportedFile, ExportManifest, ExportSet

_COPIES_AT_ONCE = 8


class IncompleteExport(PersonalizeAssetsError):
    """Exported files that differ from the engine's report."""


class ExportedFiles(NamedTuple):
    """What a manifest says about the files of an export; see ``ExportManifest``."""

    path: str
    bytes: int
    sha256: str
    files: tuple[ExportedFile, ...]


def join_to_file(destination: Destination, path: str, header: bytes, parts: Sequence[PartReport]) -> ExportedFiles:
    """Join a header and parts to one CSV, whose key is ``path`` with ``.csv``; the parts stay."""
    key = f"{path}.csv"
    filled = [part for part in parts if part.csv is not None]
    joined = destination.store.join(key, header, [destination.key_of(part.csv or "") for part in filled])
    version = _versions(destination, key).get(key, "") if all(part.is_clean for part in filled) else ""
    file = ExportedFile(key, sum(part.rows for part in filled), joined.bytes, joined.sha256, version)
    return ExportedFiles(key, joined.bytes, joined.sha256, (file,))


def copy_to_folder(destination: Destination, path: str, header: bytes, parts: Sequence[PartReport]) -> ExportedFiles:
    """Copy CSVs, each with its header, into a folder, numbered; without any row, write a file with the header alone.

    The originals stay. Raises ``IncompleteExport`` if one has another size than the engine reports.
    """
    filled = [part for part in parts if part.csv is not None]
    if not filled:
        key = f"{path}/00000.csv"
        destination.store.write(key, header)
        files: tuple[ExportedFile, ...] = (ExportedFile(key, 0, len(header), hashlib.sha256(header).hexdigest()),)
    else:
        keys = [f"{path}/{number:05d}.csv" for number in range(len(filled))]
        _copy_all(destination, {to: destination.key_of(part.csv or "") for to, part in zip(keys, filled, strict=True)})
        versions = _versions(destination, f"{path}/")
        files = tuple(
            ExportedFile(
                key, part.rows, part.csv_bytes, part.csv_sha256 or "", versions.get(key, "") if part.is_clean else ""
            )
            for key, part in zip(keys, filled, strict=True)
        )
    _check_sizes(destination, f"{path}/", files)
    destination.store.make_private([file.key for file in files])
    digests = "".join(f"{file.sha256}\n" for file in files)
    return ExportedFiles(
        f"{path}/", sum(file.bytes for file in files), hashlib.sha256(digests.encode()).hexdigest(), files
    )


def take_over(
    destination: Destination, former: ExportSet | None, datasets: Iterable[str], run_id: str
) -> dict[str, ExportManifest]:
    """Copy CSVs and schemas of datasets from a former export into that of a run; returns their manifests there."""
    taken = {}
    for name in datasets:
        if former and name in former.datasets:
            taken[name] = _take_over(destination, former.datasets[name], destination.exports.folder(run_id))
    return taken


def _take_over(destination: Destination, manifest: ExportManifest, folder: str) -> ExportManifest:
    name = manifest.dataset
    path = f"{folder}/{name}/" if manifest.path.endswith("/") else f"{folder}/{name}.csv"
    keys = {file.key: path + file.key.rpartition("/")[2] if path.endswith("/") else path for file in manifest.csvs}
    _copy_all(destination, {to: key for key, to in keys.items()})
    versions = _versions(destination, path)
    schema = f"{folder}/{name}.avsc" if manifest.schema else ""
    if schema:
        destination.store.copy(manifest.schema, schema)
    return structs.replace(
        manifest,
        path=path,
        schema=schema,
        files=tuple(
            structs.replace(file, key=keys[file.key], version=versions.get(keys[file.key], "") if file.version else "")
            for file in manifest.csvs
        ),
    )


def check_complete(destination: Destination, made: ExportSet) -> None:
    """Raise ``IncompleteExport`` unless every file of an export is there with the size in its manifest."""
    folder = destination.exports.folder(made.run)
    named = [file for manifest in made.datasets.values() for file in manifest.files]
    _check_sizes(destination, f"{folder}/", [file for file in named if file.key.startswith(f"{folder}/")])


def _copy_all(destination: Destination, keys: Mapping[str, str]) -> None:
    """Copy files; ``keys`` are their keys by the keys of the copies."""
    with ThreadPoolExecutor(_COPIES_AT_ONCE) as threads:
        list(threads.map(destination.store.copy, keys.values(), keys))


def _versions(destination: Destination, prefix: str) -> dict[str, str]:
    return {file.key: file.version for file in destination.store.files(prefix)}


def _check_sizes(destination: Destination, prefix: str, files: Iterable[ExportedFile]) -> None:
    """Raise ``IncompleteExport`` unless files are stored with their sizes."""
    stored = {file.key: file.bytes for file in destination.store.files(prefix)}
    for file in files:
        if stored.get(file.key) != file.bytes:
            found = f"has {stored[file.key]} bytes" if file.key in stored else "does not exist"
            raise IncompleteExport(
                f"{destination.uri_of(file.key)} {found}, but the engine's report says that it wrote {file.bytes} "
                "bytes; the former export stays the current one: run the export again"
            )
