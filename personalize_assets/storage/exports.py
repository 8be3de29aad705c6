"""The exports: each a folder of CSVs, schemas and a manifest that never changes; one object says which is the latest.

``exports/latest.json`` is put last and switches all CSVs at once, by compare-and-swap. In a folder the symbolic link
``exports/latest`` follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from personalize_assets.storage.manifests import ExportManifest, ExportSet, RefusedExport
from personalize_assets.storage.object_store import ObjectStore
from personalize_assets.storage.stored_structs import Found, StoredStructs, encode, json_bytes

EXPORTS = "exports"
LATEST = f"{EXPORTS}/latest.json"
REFUSED = f"{EXPORTS}/refused"
LATEST_LINK = f"{EXPORTS}/latest"
INCREMENTS = f"{EXPORTS}/increments"
"""CSVs that import jobs read besides exports: below ``exports/``, which the policies let Personalize read."""
DELETIONS = f"{EXPORTS}/deletions"
"""CSVs that data deletion jobs read."""
_REMEMBERED_RUNS = 100


class Exports:
    """The exports of a destination."""

    def __init__(self, store: ObjectStore, structs: StoredStructs) -> None:
        """Nothing is read yet."""
        self._store = store
        self._structs = structs

    def folder(self, run_id: str) -> str:
        """The key of a run's export."""
        return f"{EXPORTS}/{run_id}"

    def refused_folder(self, run_id: str) -> str:
        """The key of what a run made and did not become current."""
        return f"{REFUSED}/{run_id}"

    def latest(self) -> ExportSet | None:
        """The current export, or None. Raises ``DamagedFile``."""
        return self._structs.read(LATEST, ExportSet, "delete it, and export again")

    def find_latest(self) -> Found[ExportSet]:
        """The current export with its version, for ``publish``; a damaged object is replaced by the next one."""
        return self._structs.find(LATEST, ExportSet)

    def manifest(self, dataset: str) -> ExportManifest | None:
        """The manifest of a dataset's current CSV, or None. Raises ``DamagedFile``."""
        latest = self.latest()
        return latest.datasets.get(dataset) if latest else None

    def put_schema(self, folder: str, dataset: str, schema: Mapping[str, Any]) -> str:
        """Write an Avro schema beside a CSV; returns its key."""
        key = f"{folder}/{dataset}.avsc"
        self._store.write(key, json_bytes(schema))
        return key

    def schema(self, manifest: ExportManifest) -> bytes | None:
        """The Avro schema of a CSV as it is stored, or None."""
        return self._store.read(manifest.schema) if manifest.schema else None

    def of_run(self, run_id: str) -> ExportSet | None:
        """The export of a run as it was made, or None; also for a manifest that is damaged."""
        return self._structs.find(f"{self.folder(run_id)}/manifest.json", ExportSet).object

    def put_manifest(self, made: ExportSet) -> None:
        """Write the manifest of an export into its folder."""
        self._store.write(f"{self.folder(made.run)}/manifest.json", encode(made))

    def publish(self, made: ExportSet, before: Found[ExportSet]) -> bool:
        """Make an export the latest one if the one before still is; False if it is not."""
        if not self._structs.swap(LATEST, made, before.stored):
            return False
        self.link_latest(made)
        return True

    def link_latest(self, latest: ExportSet) -> None:
        """Let the link lead to the latest export, also if a run died before it could do that."""
        if any(manifest.path.startswith(f"{self.folder(latest.run)}/") for manifest in latest.datasets.values()):
            self._store.link(LATEST_LINK, latest.run)

    def put_refused(self, refused: RefusedExport) -> None:
        """Write why CSVs did not become current, beside them."""
        self._store.write(self._refused_key(refused.run), encode(refused))

    def refused(self, run_id: str) -> RefusedExport | None:
        """What a run put aside, and why; None if it did not finish that, or the object is damaged."""
        return self._structs.find(self._refused_key(run_id), RefusedExport).object

    def newer_refused(self, latest: ExportSet | None) -> RefusedExport | None:
        """The newest of what was put aside by the latest export or since, or ever without one; None if there is none.

        An export may make some CSVs current and put others aside.
        """
        # Names of runs begin with their time.
        newer = [run for run in self.runs(REFUSED) if latest is None or run >= latest.run]
        return next(filter(None, map(self.refused, reversed(newer))), None)

    def is_refused(self, run_id: str) -> bool:
        """Whether a run has put all of what was refused aside."""
        return self._store.read(self._refused_key(run_id), 1) is not None

    def _refused_key(self, run_id: str) -> str:
        return f"{self.refused_folder(run_id)}/refused.json"

    def shown(self, path: str, latest_run: str) -> str:
        """The key under which people find a path of the latest export: by the link, if there is one."""
        folder = f"{self.folder(latest_run)}/"
        is_linked = self._store.has_links and path.startswith(folder)
        return f"{LATEST_LINK}/{path.removeprefix(folder)}" if is_linked else path

    def runs(self, beginning: str = EXPORTS) -> list[str]:
        """The runs that have a folder, oldest first."""
        return sorted(name for name in self._store.folders(f"{beginning}/") if name[:1].isdigit())


def former_runs(before: ExportSet | None) -> tuple[str, ...]:
    """The runs of the exports before the next one, the newest first."""
    return (before.run, *before.former)[:_REMEMBERED_RUNS] if before else ()


def unneeded_runs(latest: ExportSet, there: Iterable[str], keep: int, read: Iterable[str] = ()) -> list[str]:
    """The runs whose exports are deleted: former ones, but for the newest, and those that imports read.

    What never was the latest stays.
    """
    kept = {latest.run, *latest.former[: keep - 1], *read}
    return [run for run in there if run in latest.former and run not in kept]
