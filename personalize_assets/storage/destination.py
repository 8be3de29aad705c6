"""Where everything lies under the destination, and how it comes into force.

Data files are written beside the old ones under a run's own name. They are in force when the one small object that
names them (``_commit.json``) is put; then the old ones go. A run that dies before has changed nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import uuid4

import msgspec

from personalize_assets.aws.client import Aws
from personalize_assets.conversion.contract import Dataset
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.object_store import Joined, StoredFile, open_store

DAILY = {"interactions": "filtered_interactions", "users": "user_traits", "items": "item_details"}
REJECTS = "rejects"

# Raised when the same events would come out as other rows: days that were converted before are then converted again.
_FORMAT = 1
_COMMIT = "_commit.json"
_PARTS = "_parts"
RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
# Files of a run that no commit names and that are older than this were left when it died.
_LEFTOVER_SECONDS = 24 * 3600
_READS_AT_ONCE = 32
_REJECTS_HEAD = 64 * 1024


def new_run_id() -> str:
    """Names the files of one engine run; sorts by time."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex[:6]}"


def fingerprint(dataset: Dataset) -> str:
    """Tells mappings apart: daily files made by another one do not go into the same export."""
    return hashlib.sha256(bytes([_FORMAT]) + msgspec.json.encode(dataset)).hexdigest()[:16]


class DamagedFile(PersonalizeAssetsError):
    """One of the small JSON files here that cannot be read as what it is."""


class IncompleteExport(PersonalizeAssetsError):
    """Exported files that are not what the engine's report says."""


class Destination:
    """The folder or bucket prefix that holds all that is made."""

    def __init__(self, uri: str, aws: Aws | None = None) -> None:
        self.store = open_store(uri, aws)
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
        return self._json(self.catalog_key(day), "raw_event_catalog")

    def profile_key(self, day: date | str) -> str:
        return f"catalog/profile/day={day}.json"

    def put_profile(self, day: date, profile: bytes) -> None:
        self.store.write(self.profile_key(day), profile)

    # -- daily files ----------------------------------------------------------------------------------------------

    def commit_day(self, folder: str, day: str, commit: Mapping[str, Any], part: str = "") -> None:
        """Put a day's files in force: ``commit["files"]`` and ``commit["reject_files"]``, as keys.

        ``folder`` is one of ``DAILY``, or ``REJECTS`` with the source's id as ``part`` for what belongs to no dataset.
        """
        self._commit(_commit_key(f"{folder}/day={day}", part), commit)

    def sweep_day(self, day: str) -> None:
        """Delete what runs that died have left of a day."""
        found = [file for folder in (*DAILY.values(), REJECTS) for file in self.store.files(f"{folder}/day={day}/")]
        leftovers = set(_old_run_files(found))
        if leftovers:
            # Rejects are named by the commits of several datasets: all of the day's have a say.
            commits = [file.key for file in found if _is_commit(file.key)]
            try:
                in_force = [_files(self._json(key, "it") or {}) for key in commits]
            except DamagedFile:
                return  # nobody knows what is in force; the error is for whoever reads that commit
            self.store.delete(sorted(leftovers.difference(*in_force)))

    def source_books(self, day: str, source: str) -> dict[str, Any]:
        """What was read of a source on a day; empty books where nothing was."""
        return self._json(_commit_key(f"{REJECTS}/day={day}", source), "the day's datasets") or {"malformed": {}}

    def commits_of(self, dataset: str, days: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The commits of some days, by day; a day without one is left out."""
        return self._of_days(DAILY[dataset], DAILY[dataset], sorted(days))

    def first_rejects(self, dataset: str, day: str, count: int) -> list[dict[str, Any]]:
        """The first rejects of a dataset and day, from the head of one of their files."""
        commit = self._json(_commit_key(f"{DAILY[dataset]}/day={day}"), DAILY[dataset]) or {}
        for key in commit.get("reject_files", ()):
            head = self.store.read(key, _REJECTS_HEAD) or b""
            lines = head.splitlines() if len(head) < _REJECTS_HEAD else head.splitlines()[:-1]
            return [json.loads(line) for line in lines[:count]]
        return []

    def day_commit(self, dataset: str, day: str) -> dict[str, Any] | None:
        """What is in force of a day in one dataset."""
        return self._json(_commit_key(f"{DAILY[dataset]}/day={day}"), DAILY[dataset])

    def daily_commits(self, dataset: str) -> dict[str, dict[str, Any]]:
        """The commits of all days, by day, oldest first."""
        return self._by_day(DAILY[dataset], DAILY[dataset])

    def daily_books(self, source: str) -> dict[str, dict[str, Any]]:
        """What was read of a source on all days, by day, oldest first."""
        return self._by_day(REJECTS, "the day's datasets", source)

    def _by_day(self, folder: str, asset: str, part: str = "") -> dict[str, dict[str, Any]]:
        days = sorted(name.removeprefix("day=") for name in self.store.folders(f"{folder}/") if name.startswith("day="))
        return self._of_days(folder, asset, days, part)

    def _of_days(self, folder: str, asset: str, days: Sequence[str], part: str = "") -> dict[str, dict[str, Any]]:
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            commits = threads.map(lambda day: self._json(_commit_key(f"{folder}/day={day}", part), asset), days)
            return {day: commit for day, commit in zip(days, commits, strict=True) if commit}

    # -- tables, exports, schemas ---------------------------------------------------------------------------------

    def commit_table(self, dataset: str, commit: Mapping[str, Any]) -> None:
        """Put the files of ``users`` or ``items`` in force."""
        self._commit(_commit_key(dataset), commit)
        leftovers = set(_old_run_files(self.store.files(f"{dataset}/")))
        self.store.delete(sorted(leftovers - _files(commit)))

    def table_commit(self, dataset: str) -> dict[str, Any] | None:
        return self._json(_commit_key(dataset), dataset)

    def csv_key(self, dataset: str) -> str:
        return f"exports/{dataset}.csv"

    def manifest_key(self, dataset: str) -> str:
        return f"exports/{dataset}.manifest.json"

    def schema_key(self, dataset: str) -> str:
        return f"schemas/{dataset}.avsc"

    def parts_folder(self, dataset: str, run_id: str) -> str:
        """Where a CSV's parts wait to be joined; not below ``exports/``, which Personalize may be pointed at."""
        return f"{_PARTS}/{dataset}-{run_id}"

    def csv_folder(self, dataset: str, run_id: str) -> str:
        """Where a run's CSVs lie that are not joined: apart from other runs', for Personalize takes all in a folder."""
        return f"exports/{dataset}/{run_id}"

    def put_csv(self, dataset: str, header: bytes, parts: Sequence[str]) -> Joined:
        """Replace a CSV by its joined parts (keys), in one step; then delete the parts."""
        joined = self.store.join(self.csv_key(dataset), header, parts)
        self.store.delete([*parts, *_old_run_files(self.store.files(f"{_PARTS}/"))])
        return joined

    def must_hold_csvs(self, folder: str, sizes: Mapping[str, int]) -> None:
        """Raise ``IncompleteExport`` unless a folder holds these files (key to bytes); delete what else is in it.

        A task that an engine has run twice may have left a file that its report does not name.
        """
        there = {file.key: file.bytes for file in self.store.files(f"{folder}/")}
        for key, size in sizes.items():
            if there.get(key) != size:
                found = f"holds {there[key]} bytes" if key in there else "is not there"
                raise IncompleteExport(
                    f"{self.uri_of(key)} {found}, but the engine's report says that it wrote {size} bytes; "
                    "nothing was put in force: run the export again"
                )
        self.store.delete([*sorted(set(there) - set(sizes)), *_old_run_files(self.store.files(f"{_PARTS}/"))])

    def put_manifest(self, dataset: str, manifest: Mapping[str, Any]) -> None:
        """Put an export in force; then delete the CSVs that were before, be it one or a folder, and leftovers."""
        try:
            before = self.manifest(dataset) or {}
        except DamagedFile:
            before = {}  # what it named is swept up as leftovers
        self.store.write(self.manifest_key(dataset), _encode(manifest))
        single = {self.csv_key(dataset)}
        in_force = {file["key"] for file in manifest["files"]} if "files" in manifest else single
        old = single | {file["key"] for file in before.get("files", ())}
        self.store.delete(sorted(old.union(_old_run_files(self.store.files(f"exports/{dataset}/"))) - in_force))

    def manifest(self, dataset: str) -> dict[str, Any] | None:
        return self._json(self.manifest_key(dataset), f"{dataset}_csv")

    def put_schema(self, dataset: str, schema: Mapping[str, Any]) -> None:
        self.store.write(self.schema_key(dataset), _encode(schema))

    # -- inside ---------------------------------------------------------------------------------------------------

    def _json(self, key: str, asset: str) -> dict[str, Any] | None:
        """A JSON object that was written here, or None. ``asset`` is what to make again if it is broken."""
        data = self.store.read(key)
        if data is None:
            return None
        try:
            value = json.loads(data)
        except ValueError as error:
            found = str(error)
        else:
            if isinstance(value, dict):
                return value
            found = f"a {type(value).__name__}"
        raise DamagedFile(
            f"{self.uri_of(key)} is damaged: expected a JSON object, found {found}; "
            f"materialize {asset} again to replace it"
        )

    def _commit(self, key: str, commit: Mapping[str, Any]) -> None:
        """Put files in force, and then delete those that were before."""
        try:
            before = self._json(key, "it") or {}
        except DamagedFile:
            before = {}  # the new one mends it; what it named is swept up as leftovers
        self.store.write(key, _encode(commit))
        self.store.delete(sorted(_files(before) - _files(commit)))


def _commit_key(folder: str, part: str = "") -> str:
    # A leading underscore: no reader of the folder (Spark, Athena) takes it for data.
    return f"{folder}/_{part}{_COMMIT}" if part else f"{folder}/{_COMMIT}"


def _is_commit(key: str) -> bool:
    return key.endswith(_COMMIT) and key.rpartition("/")[2].startswith("_")


def _old_run_files(files: Iterable[StoredFile]) -> list[str]:
    """The keys of files that a run has made a while ago; what others put beside them is not ours to delete."""
    oldest = time.time() - _LEFTOVER_SECONDS
    return [file.key for file in files if file.modified < oldest and RUN_ID.search(file.key)]


def _files(commit: Mapping[str, Any]) -> set[str]:
    return {*commit.get("files", ()), *commit.get("reject_files", ())}


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
