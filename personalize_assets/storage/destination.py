"""Where everything is stored below the destination, and how it is replaced atomically.

Data files are written beside the old ones, under names that contain the run's id. They become the current ones when the
small object that names them (``_commit.json`` or a manifest) is written; then the old ones are deleted. A run that dies
before that has changed nothing.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from os.path import commonprefix
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import msgspec

from personalize_assets.config.models import Aws
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.kept import Kept
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.manifests import (
    DayAccounting,
    DayCatalog,
    DayCommit,
    ExportManifest,
    KeptFiles,
    OwnerMark,
    Reject,
    RunMark,
    TableCommit,
)
from personalize_assets.storage.object_store import StoredObject, is_confined, open_store
from personalize_assets.storage.small_objects import READS_AT_ONCE, SmallObjects

DAILY = {"interactions": "filtered_interactions", "users": "user_traits", "items": "item_details"}
"""The folder of a dataset's daily files, which is also the name of its daily asset."""
REJECTS = "rejects"

# Raised when the same events would give other rows: days converted before are then converted again.
_FORMAT = 2
_COMMIT = "_commit.json"
_PARTS = "_parts"
_RUN_MARK = "_run.json"
_OWNER_MARK = "_group.json"
_KEPT = "_kept"
RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
# Files of a run that no commit names and that are older than this were left when the run died.
_LEFTOVER_SECONDS = 24 * 3600
# Days with at most so many others between them are listed together: a request lists a thousand files.
_DAYS_BETWEEN = 7
# Reading fewer objects one by one takes no more requests than listing them first.
_FEW = 2
_REJECTS_HEAD_BYTES = 64 * 1024

_Object = TypeVar("_Object", bound=msgspec.Struct)
_WANTED = {
    DayCatalog: "the catalog of a day",
    DayAccounting: "the counts of a source's day",
    DayCommit: "the commit of a dataset's day",
    TableCommit: "the commit of a table",
    ExportManifest: "the manifest of an export",
    RunMark: "the mark of a run",
    OwnerMark: "the name and sources of the dataset group",
    KeptFiles: "what the next export may use",
}


def new_run_id() -> str:
    """A name for the files of one engine run; names sort by time."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex[:6]}"


def fingerprint(dataset: Dataset) -> str:
    """Identifies a column mapping: daily files made with different mappings are not exported together."""
    return hashlib.sha256(bytes([_FORMAT]) + msgspec.json.encode(dataset)).hexdigest()[:16]


class DamagedFile(PersonalizeAssetsError):
    """One of the small JSON files that cannot be decoded."""


class DayCommits(NamedTuple):
    """What is committed of a day: what was read, by source, and the rows, by dataset."""

    accounting: Mapping[str, DayAccounting]
    datasets: Mapping[str, DayCommit]


class Destination:
    """The folder or bucket prefix that holds all that is made."""

    def __init__(self, uri: str, aws: Aws | None = None) -> None:
        """``uri`` is a folder or ``s3://bucket/prefix``. Nothing is read or created yet."""
        self.store = open_store(uri, aws)
        self.uri = self.store.uri
        self._small = SmallObjects(self.store)

    def uri_of(self, key: str) -> str:
        """The URI of a key."""
        return f"{self.uri}/{key}"

    def key_of(self, uri: str) -> str:
        """The key of a URI below the destination."""
        return uri.removeprefix(self.uri + "/")

    # -- the catalog of a day -------------------------------------------------------------------------------------

    def catalog_key(self, day: date | str) -> str:
        """The key of a day's catalog."""
        return f"catalog/day={day}.json"

    def put_catalogs(self, catalogs: Mapping[date, DayCatalog]) -> None:
        """Replace the catalogs of days, side by side."""
        self._small.write_all({self.catalog_key(day): _encode(catalog) for day, catalog in catalogs.items()})

    def catalogs(self, days: Sequence[date]) -> dict[date, DayCatalog]:
        """The catalogs of days; days without one are left out."""
        keys = {day.isoformat(): self.catalog_key(day) for day in days}
        found = self._read_days(keys, "catalog", DayCatalog, "raw_event_catalog")
        return {date.fromisoformat(day): catalog for day, catalog in found.items()}

    def catalog(self, day: date) -> DayCatalog | None:
        """A day's catalog, or None. Raises ``DamagedFile``, as all reads of small objects here do."""
        return self._read(self.catalog_key(day), DayCatalog, "raw_event_catalog")

    def profile_key(self, day: date | str) -> str:
        """The key of a day's event profile."""
        return f"catalog/profile/day={day}.json"

    def put_profile(self, day: date, profile: bytes) -> None:
        """Replace a day's event profile, given as JSON."""
        self.store.write(self.profile_key(day), profile)

    # -- days -----------------------------------------------------------------------------------------------------

    def commit_day(self, dataset: str, day: str, commit: DayCommit) -> None:
        """Make a commit the current one of a dataset's day, and delete the files of the one before."""
        self._commit(_day_key(DAILY[dataset], day), commit)

    def commit_accounting(self, source: str, day: str, accounting: DayAccounting) -> None:
        """As ``commit_day``, for what was read of a source and belongs to no dataset."""
        self._commit(_day_key(REJECTS, day, source), accounting)

    def commit_days(self, days: Mapping[str, DayCommits]) -> None:
        """Make the commits of days (ISO) the current ones, and delete files of the ones before and leftovers.

        Days are written side by side, the accounting of each first; a file is deleted when no commit of its day names
        it any more. If a commit cannot be written, its day is left as it is; the error is raised when the others are
        done. What another run commits between the listing and the writing is replaced, and its files are leftovers.
        """
        listed: dict[str, list[StoredObject]] = {day: [] for day in days}
        for folder in (*DAILY.values(), REJECTS):
            for file in self._files_of_days(folder, days):
                listed[_day_of(file.key)].append(file)
        writes: list[Future[set[str]]] = []
        with ThreadPoolExecutor(READS_AT_ONCE) as threads:
            for day, commits in days.items():
                objects: dict[str, DayAccounting | DayCommit] = {
                    **{_day_key(REJECTS, day, source): one for source, one in commits.accounting.items()},
                    **{_day_key(DAILY[dataset], day): one for dataset, one in commits.datasets.items()},
                }
                writes.append(threads.submit(self._commit_listed_day, objects, listed[day]))
        self.store.delete(sorted({key for write in writes if not write.exception() for key in write.result()}))
        for write in writes:
            write.result()

    def _commit_listed_day(
        self, objects: Mapping[str, DayAccounting | DayCommit], files: Sequence[StoredObject]
    ) -> set[str]:
        """Write the commits of a day, and return the keys of files to delete; ``files`` are the day's."""
        there = {file.key: file for file in files}
        unneeded: set[str] = set()
        for key, commit in objects.items():
            if key in there:
                unneeded |= _files(self._read_or_none(there[key], type(commit)))
            self._small.write(key, _encode(commit))
        current = {file for commit in objects.values() for file in _files(commit)}
        others = [file for file in files if _is_commit(file.key) and file.key not in objects]
        return unneeded.union(self._leftovers(files, others)) - current

    def _read_or_none(self, file: StoredObject, kind: type[_Object]) -> _Object | None:
        """A commit that is about to be replaced; None if it is damaged: the files that it named are leftovers."""
        try:
            return self._decoded(file.key, self._small.read_listed(file), kind, "")
        except DamagedFile:
            return None

    def day_commit(self, dataset: str, day: str) -> DayCommit | None:
        """The current commit of a dataset's day (ISO), or None."""
        return self._read(_day_key(DAILY[dataset], day), DayCommit, DAILY[dataset])

    def day_commits(self, dataset: str, days: Iterable[str]) -> dict[str, DayCommit]:
        """The commits of some days, by day, oldest first; days without one are left out."""
        keys = {day: _day_key(DAILY[dataset], day) for day in sorted(days)}
        return self._read_days(keys, DAILY[dataset], DayCommit, DAILY[dataset])

    def daily_commits(self, dataset: str) -> dict[str, DayCommit]:
        """The commits of all days, by day, oldest first."""
        return self._all_days(DAILY[dataset], _COMMIT, DayCommit, DAILY[dataset])

    def day_accounting(self, source: str, day: str) -> DayAccounting | None:
        """What was read of a source on a day (ISO), or None."""
        return self._read(_day_key(REJECTS, day, source), DayAccounting, "the day's datasets")

    def day_accountings(self, source: str, days: Iterable[str]) -> dict[str, DayAccounting]:
        """What was read of a source on some days, by day, oldest first; days without one are left out."""
        keys = {day: _day_key(REJECTS, day, source) for day in sorted(days)}
        return self._read_days(keys, REJECTS, DayAccounting, "the day's datasets")

    def daily_accounting(self, source: str) -> dict[str, DayAccounting]:
        """What was read of a source on all days, by day, oldest first."""
        return self._all_days(REJECTS, f"_{source}{_COMMIT}", DayAccounting, "the day's datasets")

    def first_rejects(self, dataset: str, day: str, count: int) -> list[Reject]:
        """The first rejects of a dataset and day, from the first 64 KiB of one of their files."""
        commit = self.day_commit(dataset, day)
        for key in commit.reject_files if commit else ():
            head = self.store.read(key, _REJECTS_HEAD_BYTES) or b""
            lines = head.splitlines() if len(head) < _REJECTS_HEAD_BYTES else head.splitlines()[:-1]
            return [msgspec.json.decode(line, type=Reject) for line in lines[:count]]
        return []

    def delete_leftovers(self, day: str) -> None:
        """Delete files of a day that dead runs left more than 24 hours ago; nothing if a commit cannot be decoded."""
        found = [file for folder in (*DAILY.values(), REJECTS) for file in self.store.files(f"{folder}/day={day}/")]
        self.store.delete(sorted(self._leftovers(found, [file for file in found if _is_commit(file.key)])))

    def delete_convert(self, run_id: str, days: Iterable[str]) -> None:
        """Delete what a run wrote for days (ISO) and no commit names, because the run failed."""
        days = list(days)
        found = [file.key for folder in (*DAILY.values(), REJECTS) for file in self._files_of_days(folder, days)]
        self.store.delete([key for key in found if run_id in key])

    def _leftovers(self, files: Sequence[StoredObject], commits: Sequence[StoredObject]) -> set[str]:
        """The old files of a day that none of these commits names; none if one of them cannot be decoded."""
        leftovers = set(_old_run_files(files))
        # Files of a day's rejects are named by the commits of several datasets and sources: all of them are read.
        for file in commits if leftovers else ():
            kind: type[DayAccounting | DayCommit] = DayAccounting if file.key.startswith(f"{REJECTS}/") else DayCommit
            try:
                leftovers -= _files(self._decoded(file.key, self._small.read_listed(file), kind, ""))
            except DamagedFile:
                return set()  # which files are current is unknown; the reader of that commit gets the error
        return leftovers

    def _all_days(self, folder: str, name: str, kind: type[_Object], asset: str) -> dict[str, _Object]:
        """The objects of that name of all days of a folder, by day, oldest first."""
        if self._small.has_known(f"{folder}/day="):
            listed = {file.key: file for file in self.store.files(f"{folder}/day=") if file.key.endswith(f"/{name}")}
            keys = {_day_of(key): key for key in listed}
            return self._read_keys(keys, listed, kind, asset)
        folders = (found for found in self.store.folders(f"{folder}/") if found.startswith("day="))
        keys = {found.removeprefix("day="): f"{folder}/{found}/{name}" for found in sorted(folders)}
        return self._read_keys(keys, None, kind, asset)

    def _read_days(self, keys: Mapping[str, str], folder: str, kind: type[_Object], asset: str) -> dict[str, _Object]:
        """The objects of some days, given as keys by day; days without one are left out."""
        if len(keys) <= _FEW:
            return self._read_keys(keys, None, kind, asset)
        listed = {file.key: file for file in self._files_of_days(folder, keys)}
        return self._read_keys(keys, listed, kind, asset)

    def _read_keys(
        self, keys: Mapping[str, str], listed: Mapping[str, StoredObject] | None, kind: type[_Object], asset: str
    ) -> dict[str, _Object]:
        read = self._small.read_all(list(keys.values()), listed)
        found = {
            day: self._decoded(key, data, kind, asset) for (day, key), data in zip(keys.items(), read, strict=True)
        }
        return {day: one for day, one in found.items() if one is not None}

    def _files_of_days(self, folder: str, days: Iterable[str]) -> Iterable[StoredObject]:
        """The files of a folder that belong to days, in as few requests as their number allows."""
        keys = set(days)
        ranges: list[list[str]] = []
        for day in sorted(keys):
            is_near = ranges and (date.fromisoformat(day) - date.fromisoformat(ranges[-1][-1])).days <= _DAYS_BETWEEN
            if is_near:
                ranges[-1].append(day)
            else:
                ranges.append([day])
        found = self._small.listed(_range_of(f"{folder}/day=", those[0], those[-1]) for those in ranges)
        return (file for file in found if _day_of(file.key) in keys)

    # -- tables, exports, schemas ---------------------------------------------------------------------------------

    def commit_table(self, dataset: str, commit: TableCommit) -> None:
        """Make a commit the current one of the table ``users`` or ``items``, and delete the files of the one before."""
        self._commit(f"{dataset}/{_COMMIT}", commit)
        leftovers = set(_old_run_files(self.store.files(f"{dataset}/")))
        self.store.delete(sorted(leftovers - _files(commit)))

    def table_commit(self, dataset: str) -> TableCommit | None:
        """The current commit of the table ``users`` or ``items``, or None."""
        return self._read(f"{dataset}/{_COMMIT}", TableCommit, dataset)

    def table_prefix(self, dataset: str, run_id: str) -> str:
        """What the keys of a run's files of the table ``users`` or ``items`` begin with."""
        return f"{dataset}/{run_id}"

    def csv_key(self, dataset: str) -> str:
        """The key of a CSV that is a single file."""
        return f"exports/{dataset}.csv"

    def csv_folder(self, dataset: str, run_id: str) -> str:
        """The key of a run's folder of CSVs: each run has its own, because Personalize reads every file of a folder."""
        return f"exports/{dataset}/{run_id}"

    def parts_folder(self, dataset: str, run_id: str) -> str:
        """The key of the parts to be joined; not below ``exports/``, which Personalize may be pointed at."""
        return f"{_PARTS}/{dataset}-{run_id}"

    def scratch_folder(self, run_id: str) -> str:
        """The key of files that an export writes and reads by itself."""
        return f"{_PARTS}/scratch-{run_id}"

    def delete_scratch(self, run_id: str) -> None:
        """Delete what an export that is committed wrote for itself."""
        self.store.delete([file.key for file in self.store.files(f"{self.scratch_folder(run_id)}/")])

    def delete_export(self, run_id: str, datasets: Iterable[str]) -> None:
        """Delete what a run wrote for an export of datasets and nothing names, because the run failed."""
        beginnings = [self.scratch_folder(run_id)]
        for dataset in datasets:
            for beginning_of in (self.parts_folder, self.kept_folder, self.csv_folder, self.table_prefix):
                beginnings.append(beginning_of(dataset, run_id))
        self.store.delete([file.key for beginning in beginnings for file in self.store.files(beginning)])

    def old_parts(self) -> list[str]:
        """Keys of parts that dead runs left more than 24 hours ago."""
        return _old_run_files(self.store.files(f"{_PARTS}/"))

    def manifest_key(self, dataset: str) -> str:
        """The key of a CSV's manifest."""
        return f"exports/{dataset}.manifest.json"

    def put_manifest(self, dataset: str, manifest: ExportManifest) -> None:
        """Make an export the current one; then delete the CSVs of the one before, file or folder, and leftovers."""
        try:
            before = self.manifest(dataset)
        except DamagedFile:
            before = None  # the files that it named are deleted as leftovers
        self.store.write(self.manifest_key(dataset), _encode(manifest))
        single = self.csv_key(dataset)
        old = {single, *(file.key for file in (before.files if before else ()))}
        leftovers = _old_run_files(self.store.files(f"exports/{dataset}/"))
        current = {file.key for file in manifest.files} or {single}
        self.store.delete(sorted(old.union(leftovers) - current))

    def manifest(self, dataset: str) -> ExportManifest | None:
        """The manifest of the current CSV, or None."""
        return self._read(self.manifest_key(dataset), ExportManifest, f"{dataset}_csv")

    def schema_key(self, dataset: str) -> str:
        """The key of a dataset's Avro schema."""
        return f"schemas/{dataset}.avsc"

    def put_schema(self, dataset: str, schema: Mapping[str, Any]) -> None:
        """Replace a dataset's Avro schema."""
        self.store.write(self.schema_key(dataset), _json(schema))

    def run_mark(self) -> RunMark | None:
        """What the last run of the command line found and left, or None."""
        return self._read(_RUN_MARK, RunMark, "everything")

    def put_run_mark(self, mark: RunMark) -> None:
        """Replace the mark of the last run."""
        self.store.write(_RUN_MARK, _encode(mark))

    # -- the owner ------------------------------------------------------------------------------------------------

    def owner_key(self) -> str:
        """The key of the mark that names the dataset group."""
        return _OWNER_MARK

    def owner(self) -> OwnerMark | None:
        """The dataset group that everything here belongs to; None if no run has written that yet."""
        return self._decoded(_OWNER_MARK, self.store.read(_OWNER_MARK), OwnerMark, "", "delete it and run again")

    def create_owner(self, mark: OwnerMark) -> bool:
        """Write the mark unless there is one; False if there is."""
        return self.store.create(_OWNER_MARK, _encode(mark))

    def put_owner(self, mark: OwnerMark) -> None:
        """Replace the mark."""
        self.store.write(_OWNER_MARK, _encode(mark))

    # -- what an export leaves for the next one -------------------------------------------------------------------

    def kept_folder(self, dataset: str, run_id: str) -> str:
        """The key of the folder of what a run's export leaves for the next one."""
        return f"{_KEPT}/{dataset}/{run_id}"

    def kept(self, dataset: str) -> KeptFiles | None:
        """What the export before left, if all its files are there; else None, and everything is exported again."""
        try:
            found = self._read(self._kept_key(dataset), KeptFiles, f"{dataset}_csv")
        except DamagedFile:
            return None  # replaced by the next export
        if found is None:
            return None
        there = {self.uri_of(file.key) for file in self.store.files(f"{_KEPT}/{dataset}/")}
        return found if found.kept.files() <= there else None

    def put_kept(self, dataset: str, kept: Kept) -> None:
        """Replace what the next export may use. Files that it names no more are deleted a day later, not before.

        An export that began before may be reading them.
        """
        try:
            before = self._read(self._kept_key(dataset), KeptFiles, "")
        except DamagedFile:
            before = None
        used = {self.key_of(uri) for uri in kept.files()}
        known, now = (before.dropped if before else {}), time.time()
        dropped = {
            file.key: known.get(file.key, now)
            for file in self.store.files(f"{_KEPT}/{dataset}/")
            if RUN_ID.search(file.key) and file.key not in used
        }
        old = [key for key, noticed in dropped.items() if noticed < now - _LEFTOVER_SECONDS]
        stay = {key: noticed for key, noticed in dropped.items() if key not in set(old)}
        self.store.write(self._kept_key(dataset), _encode(KeptFiles(kept=kept, dropped=stay)))
        self.store.delete(old)

    def forget_kept(self, dataset: str) -> None:
        """Let the next export do everything again."""
        self.store.delete([self._kept_key(dataset)])

    def _kept_key(self, dataset: str) -> str:
        return f"{_KEPT}/{dataset}/kept.json"

    # -- small objects --------------------------------------------------------------------------------------------

    def _read(self, key: str, kind: type[_Object], asset: str) -> _Object | None:
        """A small object that was written here, or None. ``asset`` is what to materialize again if it is damaged."""
        return self._decoded(key, self._small.read(key), kind, asset)

    def _decoded(
        self, key: str, data: bytes | None, kind: type[_Object], asset: str, advice: str = ""
    ) -> _Object | None:
        """``advice`` is what to do if it is damaged; by default, to materialize ``asset`` again."""
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=kind)
            outside = next((named for named in _keys_of(found) if not is_confined(named)), None)
            if outside is not None:
                raise ValueError(f"the key {outside!r}, which leads out of {self.uri}")
        except (msgspec.MsgspecError, ValueError) as error:
            raise DamagedFile(
                f"{self.uri_of(key)} is damaged: expected {_WANTED[kind]} as JSON, found: {error}; "
                f"{advice or f'materialize {asset} again to replace it'}"
            ) from error
        return found

    def _commit(self, key: str, commit: DayCommit | DayAccounting | TableCommit) -> None:
        """Write a commit, and then delete the files that only the one before names."""
        try:
            before = self._read(key, type(commit), "")
        except DamagedFile:
            before = None  # replaced now; the files that it named are deleted as leftovers
        self.store.write(key, _encode(commit))
        self.store.delete(sorted(_files(before) - _files(commit)))


def _day_key(folder: str, day: str, source: str = "") -> str:
    # A leading underscore: readers of the folder (Spark, Athena) do not take it for data.
    return f"{folder}/day={day}/_{source}{_COMMIT}" if source else f"{folder}/day={day}/{_COMMIT}"


def _range_of(begin: str, first: str, last: str) -> tuple[str, str, str]:
    """Prefix, after and before of the keys of days."""
    # What follows the day is a slash, or a dot in the key of a catalog; both come before the digit.
    return begin + commonprefix((first, last)), begin + first, f"{begin}{last}0"  # noqa: RUF071 - of text, not of paths


def _day_of(key: str) -> str:
    """The day in the key of a catalog, or of a file of a day."""
    return key.partition("/day=")[2][: len("2026-10-01")]


def _is_commit(key: str) -> bool:
    return key.endswith(_COMMIT) and key.rpartition("/")[2].startswith("_")


def _old_run_files(files: Iterable[StoredObject]) -> list[str]:
    """The keys of files that a run wrote more than 24 hours ago; files of other names are not ours to delete."""
    oldest = time.time() - _LEFTOVER_SECONDS
    return [file.key for file in files if file.modified < oldest and RUN_ID.search(file.key)]


def _files(commit: DayCommit | DayAccounting | TableCommit | None) -> set[str]:
    return {*getattr(commit, "files", ()), *getattr(commit, "reject_files", ())}


def _keys_of(found: msgspec.Struct) -> Iterator[str]:
    """The keys that a small object names: of files that are read, and deleted once it is replaced."""
    files: list[Any] = [file for name in ("files", "reject_files", "dropped") for file in getattr(found, name, ())]
    if isinstance(found, DayCatalog):
        # Its files are those of the sources. In a bucket, dots in a key are nothing but dots.
        buckets = {id for id, source in found.sources.items() if source.uri.startswith("s3://")}
        files = [file for file in found.files if file.source not in buckets]
    for file in files:
        yield file if isinstance(file, str) else file.key
    yield getattr(found, "path", "").rstrip("/")


def _encode(value: msgspec.Struct) -> bytes:
    """As JSON, without what is None at the top level."""
    return _json({key: field for key, field in msgspec.to_builtins(value).items() if field is not None})


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
