"""Where everything lies under the destination, and how it comes into force.

Data files are written beside the old ones under a run's own name. They are in force when the one small object that
names them (``_commit.json``) is put; then the old ones go. A run that dies before has changed nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import msgspec

from personalize_assets.conversion.contract import Dataset
from personalize_assets.stores import Joined, open_store

DAILY = {"interactions": "filtered_interactions", "users": "user_traits", "items": "item_details"}
REJECTS = "rejects"

# Raised when the same events would come out as other rows: days that were converted before are then converted again.
_FORMAT = 1
_COMMIT = "_commit.json"
# Files that no commit names and that are older than this were left by a run that died.
_LEFTOVER_SECONDS = 24 * 3600
_READS_AT_ONCE = 32


def fingerprint(dataset: Dataset) -> str:
    """Tells mappings apart: daily files made by another one do not go into the same export."""
    return hashlib.sha256(bytes([_FORMAT]) + msgspec.json.encode(dataset)).hexdigest()[:16]


class Destination:
    """The folder or bucket prefix that holds all that is made."""

    def __init__(self, uri: str) -> None:
        self.store = open_store(uri)
        self.uri = self.store.uri

    def uri_of(self, key: str) -> str:
        return f"{self.uri}/{key}"

    def key_of(self, uri: str) -> str:
        return uri.removeprefix(self.uri + "/")

    # -- the catalog of a day -------------------------------------------------------------------------------------

    def catalog_key(self, day: date | str) -> str:
        return f"catalog/day={day}.json"

    def put_catalog(self, day: date, catalog: bytes) -> None:
        self.store.write(self.catalog_key(day), catalog)

    def catalog(self, day: date) -> dict[str, Any] | None:
        return self._json(self.catalog_key(day))

    # -- daily files ----------------------------------------------------------------------------------------------

    def commit_day(self, folder: str, day: str, commit: Mapping[str, Any], part: str = "") -> None:
        """Put a day's files in force: ``commit["files"]`` and ``commit["reject_files"]``, as keys.

        ``folder`` is one of ``DAILY``, or ``REJECTS`` with the source's id as ``part`` for what belongs to no dataset.
        """
        commit_key = f"{folder}/day={day}/{part}{_COMMIT}"
        before = self._json(commit_key) or {}
        self.store.write(commit_key, _encode(commit))
        self._delete_old(before, commit)
        # Only the folder's own leftovers: the rejects' folder is shared by several commits.
        if folder != REJECTS:
            self._sweep(f"{folder}/day={day}/", commit)

    def source_books(self, day: str, source: str) -> dict[str, Any]:
        """What was read of a source on a day; empty books where nothing was."""
        return self._json(f"{REJECTS}/day={day}/{source}{_COMMIT}") or {"malformed": {}}

    def daily_commits(self, dataset: str) -> dict[str, dict[str, Any]]:
        """The commits of all days, by day, oldest first."""
        folder = DAILY[dataset]
        days = sorted(name.removeprefix("day=") for name in self.store.folders(f"{folder}/") if name.startswith("day="))
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            commits = threads.map(lambda day: self._json(f"{folder}/day={day}/{_COMMIT}"), days)
            return {day: commit for day, commit in zip(days, commits, strict=True) if commit}

    # -- tables, exports, schemas ---------------------------------------------------------------------------------

    def commit_table(self, dataset: str, commit: Mapping[str, Any]) -> None:
        """Put the files of ``users`` or ``items`` in force."""
        before = self.table_commit(dataset) or {}
        self.store.write(f"{dataset}/{_COMMIT}", _encode(commit))
        self._delete_old(before, commit)
        self._sweep(f"{dataset}/", commit)

    def table_commit(self, dataset: str) -> dict[str, Any] | None:
        return self._json(f"{dataset}/{_COMMIT}")

    def csv_key(self, dataset: str) -> str:
        return f"exports/{dataset}.csv"

    def manifest_key(self, dataset: str) -> str:
        return f"exports/{dataset}.manifest.json"

    def schema_key(self, dataset: str) -> str:
        return f"schemas/{dataset}.avsc"

    def parts_folder(self, dataset: str, run_id: str) -> str:
        """Where a CSV's parts wait to be joined; not below ``exports/``, which Personalize may be pointed at."""
        return f"_parts/{dataset}-{run_id}"

    def put_csv(self, dataset: str, header: bytes, parts: Sequence[str]) -> Joined:
        """Replace a CSV by its joined parts (keys), in one step; then delete the parts."""
        joined = self.store.join(self.csv_key(dataset), header, parts)
        self.store.delete(parts)
        return joined

    def put_manifest(self, dataset: str, manifest: Mapping[str, Any]) -> None:
        self.store.write(self.manifest_key(dataset), _encode(manifest))

    def manifest(self, dataset: str) -> dict[str, Any] | None:
        return self._json(self.manifest_key(dataset))

    def put_schema(self, dataset: str, schema: Mapping[str, Any]) -> None:
        self.store.write(self.schema_key(dataset), _encode(schema))

    # -- inside ---------------------------------------------------------------------------------------------------

    def _json(self, key: str) -> dict[str, Any] | None:
        data = self.store.read(key)
        return None if data is None else json.loads(data)

    def _delete_old(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        self.store.delete(sorted(_files(before) - _files(now)))

    def _sweep(self, prefix: str, commit: Mapping[str, Any]) -> None:
        in_force = _files(commit)
        oldest = time.time() - _LEFTOVER_SECONDS
        self.store.delete(
            file.key
            for file in list(self.store.files(prefix))
            if file.modified < oldest and file.key not in in_force and not file.key.endswith(_COMMIT)
        )


def _files(commit: Mapping[str, Any]) -> set[str]:
    return {*commit.get("files", ()), *commit.get("reject_files", ())}


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
