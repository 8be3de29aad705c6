"""Where everything is stored below the destination.

Data files are written under names that contain the run's id. They become the current ones when the small object that
names them is replaced: one of a day (``days``), of a table (``tables``), or ``exports/latest.json`` (``exports``). A
run that dies before that has changed nothing. The files that were current before are deleted later, by another run
(``pipeline.cleaning``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from personalize_assets.config.models import Aws
from personalize_assets.conversion.contract import Dataset
from personalize_assets.storage import cleanup
from personalize_assets.storage.days import DATA_FOLDERS, Days, day_of, find_days
from personalize_assets.storage.exports import EXPORTS, Exports
from personalize_assets.storage.import_records import IMPORTS, ImportRecords
from personalize_assets.storage.kept_files import KEPT, KeptExports
from personalize_assets.storage.manifests import DayCatalog, OwnerMark, RunMark, SweepMark
from personalize_assets.storage.object_store import Versioned, open_store
from personalize_assets.storage.stored_structs import Found, StoredStructs
from personalize_assets.storage.tables import TABLES, Tables
from personalize_assets.storage.unload_records import UNLOADS, UnloadRecords

# Raised when the same events would give other rows: days converted before are then converted again.
_FORMAT = 2
LAYOUT = 2
"""Of the objects below a destination, as in ``OwnerMark``."""
PARTS = "_parts"
REPORT = "report.html"
"""For people; nothing reads it, so it is neither part of an export nor a sign of a change."""
_CATALOG = "catalog"
_OBJECT_FOLDERS = (_CATALOG, "days", "schemas")
_RUN_MARK = "_run.json"
_SWEEP_MARK = "_sweep.json"
_OWNER_MARK = "_group.json"


def fingerprint(dataset: Dataset) -> str:
    """Identifies a column mapping: daily files made with different mappings are not exported together."""
    return hashlib.sha256(bytes([_FORMAT]) + msgspec.json.encode(dataset)).hexdigest()[:16]


class Destination:
    """The folder or bucket prefix that holds all that is made.

    Attributes:
        days: The converted days.
        tables: The tables of entities.
        exports: The CSVs.
        kept: What exports leave for the next one.
        unloads: What was unloaded from a warehouse.
        imports: Which exports imports read.
    """

    def __init__(self, uri: str, aws: Aws | None = None) -> None:
        """``uri`` is a folder or ``s3://bucket/prefix``. Nothing is read or created yet."""
        self.store = open_store(uri, aws)
        self.uri = self.store.uri
        self._structs = StoredStructs(self.store)
        self.days = Days(self.store, self._structs)
        self.tables = Tables(self._structs)
        self.exports = Exports(self.store, self._structs)
        self.kept = KeptExports(self.store, self._structs)
        self.unloads = UnloadRecords(self.store, self._structs)
        self.imports = ImportRecords(self._structs)

    def uri_of(self, key: str) -> str:
        """The URI of a key."""
        return f"{self.uri}/{key}"

    def key_of(self, uri: str) -> str:
        """The key of a URI below the destination."""
        return uri.removeprefix(self.uri + "/")

    # -- the catalog of a day -------------------------------------------------------------------------------------

    def catalog_key(self, day: date | str) -> str:
        """The key of a day's catalog."""
        return f"{_CATALOG}/day={day}.json"

    def put_catalogs(self, catalogs: Mapping[date, DayCatalog], before: Mapping[date, Found[DayCatalog]]) -> list[date]:
        """Replace the catalogs of days that are still those found before; returns the other days."""

        def put(day: date) -> bool:
            return self._structs.swap(self.catalog_key(day), catalogs[day], before[day].stored)

        done = self._structs.objects.side_by_side(put, list(catalogs))
        return [day for day, is_done in zip(catalogs, done, strict=True) if not is_done]

    def find_catalogs(self, days: Sequence[date]) -> dict[date, Found[DayCatalog]]:
        """The catalogs of days with their versions; a damaged one is there, and says nothing."""
        found = find_days(self._structs, _CATALOG, map(str, days), DayCatalog)
        return {day: found[str(day)] for day in days}

    def catalogs(self, days: Sequence[date]) -> dict[date, DayCatalog]:
        """The catalogs of days; days without one are left out. Raises ``DamagedFile``."""
        advice = "materialize raw_event_catalog again to replace it"
        catalogs = {
            day: self._structs.checked(self.catalog_key(day), found, DayCatalog, advice)
            for day, found in self.find_catalogs(days).items()
        }
        return {day: catalog for day, catalog in catalogs.items() if catalog}

    def catalogued_days(self) -> list[str]:
        """The days (ISO) that have a catalog, oldest first; only listed."""
        return [day_of(file.key) for file in self.store.files(f"{_CATALOG}/day=")]

    def profile_key(self, day: date | str) -> str:
        """The key of a day's event profile."""
        return f"{_CATALOG}/profile/day={day}.json"

    def put_report(self, page: str) -> str:
        """Replace the report; returns its URI. There is one alone, so that nothing deleted stays in an older one."""
        self.store.write(REPORT, page.encode())
        return self.uri_of(REPORT)

    def put_profile(self, day: date, profile: bytes) -> None:
        """Replace a day's event profile, given as JSON."""
        self.store.write(self.profile_key(day), profile)

    # -- files of runs --------------------------------------------------------------------------------------------

    def parts_folder(self, dataset: str, run_id: str) -> str:
        """The key of the parts to be joined; not below ``exports/``, which Personalize may be pointed at."""
        return f"{PARTS}/{dataset}-{run_id}"

    def scratch_folder(self, run_id: str) -> str:
        """The key of files that an export writes and reads by itself."""
        return f"{PARTS}/scratch-{run_id}"

    def files_of_export(self, run_id: str, datasets: Iterable[str]) -> list[str]:
        """The keys of what a run wrote for an export of datasets."""
        beginnings = [self.scratch_folder(run_id), self.exports.folder(run_id), self.exports.refused_folder(run_id)]
        for dataset in datasets:
            for beginning_of in (self.parts_folder, self.kept.folder, self.tables.prefix):
                beginnings.append(beginning_of(dataset, run_id))
        return [file.key for beginning in beginnings for file in self.store.files(beginning)]

    def write_all(self, objects: Mapping[str, bytes]) -> None:
        """Write objects (by key) side by side."""
        self._structs.objects.side_by_side(lambda key: self.store.write(key, objects[key]), list(objects))

    def remove(self, keys: Iterable[str]) -> bool:
        """Delete what nothing needs any more; False if that failed, which must not end a run that has done its work."""
        return cleanup.remove(self.store, keys)

    def remove_unfinished(self) -> bool:
        """Delete what killed processes left of files that they had begun to write; False as in ``remove``."""
        folders = (*DATA_FOLDERS, *TABLES, *_OBJECT_FOLDERS, EXPORTS, PARTS, KEPT, UNLOADS, IMPORTS)
        marks = (_RUN_MARK, _SWEEP_MARK, _OWNER_MARK, REPORT)
        return cleanup.remove_unfinished(self.store, [*(f"{folder}/" for folder in folders), *marks])

    # -- marks ----------------------------------------------------------------------------------------------------

    def run_mark(self) -> RunMark | None:
        """What the last run of the command line found and left, or None."""
        return self._structs.read(_RUN_MARK, RunMark, "delete it")

    def put_run_mark(self, mark: RunMark) -> None:
        """Replace the mark of the last run."""
        self._structs.write(_RUN_MARK, mark)

    def sweep_mark(self) -> SweepMark | None:
        """When leftovers were last searched for; None if never, or if the mark is damaged."""
        return self._structs.find(_SWEEP_MARK, SweepMark).object

    def put_sweep_mark(self, mark: SweepMark) -> None:
        """Replace the time of the last sweep."""
        self._structs.write(_SWEEP_MARK, mark)

    def owner_key(self) -> str:
        """The key of the mark that names the dataset group."""
        return _OWNER_MARK

    def owner(self) -> OwnerMark | None:
        """The dataset group that everything here belongs to; None if no run has written that yet."""
        return self._structs.read(_OWNER_MARK, OwnerMark, "delete it and run again")

    def swap_owner(self, mark: OwnerMark, before: Versioned | None) -> bool:
        """Replace the mark if it is still the one that was found; False if it is another."""
        return self._structs.swap(_OWNER_MARK, mark, before)

    def find_owner(self) -> Found[OwnerMark]:
        """The mark with its version."""
        return self._structs.find(_OWNER_MARK, OwnerMark)
