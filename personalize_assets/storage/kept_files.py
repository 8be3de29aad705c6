"""What an export leaves for the next one, below ``_kept/``."""

from __future__ import annotations

import time

from personalize_assets.conversion.kept import Kept
from personalize_assets.storage.manifests import KeptFiles
from personalize_assets.storage.object_store import ObjectStore
from personalize_assets.storage.run_ids import RUN_ID
from personalize_assets.storage.stored_structs import StoredStructs

KEPT = "_kept"


class KeptExports:
    """What exports left in a destination. Damaged objects count as none: then everything is exported again."""

    def __init__(self, store: ObjectStore, structs: StoredStructs) -> None:
        """Nothing is read yet."""
        self._store = store
        self._structs = structs

    def folder(self, dataset: str, run_id: str) -> str:
        """The key of the folder of what a run's export leaves for the next one."""
        return f"{KEPT}/{dataset}/{run_id}"

    def current(self, dataset: str) -> KeptFiles | None:
        """What the export before left, if all its files are there; else None."""
        found = self._structs.find(self._key(dataset), KeptFiles).object
        if found is None:
            return None
        there = {f"{self._store.uri}/{file.key}" for file in self._store.files(f"{KEPT}/{dataset}/")}
        return found if found.kept.files() <= there else None

    def put(self, dataset: str, kept: Kept, delete_after: float) -> list[str]:
        """Replace what the next export may use; returns the keys of files to delete.

        An export that began before may be reading those that are not named any more: they are to be deleted when they
        have been unused for ``delete_after`` seconds.
        """
        before = self._structs.find(self._key(dataset), KeptFiles).object
        used = {uri.removeprefix(f"{self._store.uri}/") for uri in kept.files()}
        known, now = (before.dropped if before else {}), time.time()
        dropped = {
            file.key: known.get(file.key, now)
            for file in self._store.files(f"{KEPT}/{dataset}/")
            if RUN_ID.search(file.key) and file.key not in used
        }
        old = [key for key, noticed in dropped.items() if noticed < now - delete_after]
        stay = {key: noticed for key, noticed in dropped.items() if key not in set(old)}
        self._structs.write(self._key(dataset), KeptFiles(kept=kept, dropped=stay))
        return old

    def forget(self, dataset: str) -> None:
        """Let the next export do everything again."""
        self._store.write(self._key(dataset), b"{}\n")

    def _key(self, dataset: str) -> str:
        return f"{KEPT}/{dataset}/kept.json"
