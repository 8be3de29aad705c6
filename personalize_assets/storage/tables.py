"""The tables of entities (users, items, actions): Parquet files that a commit names, replaced by compare-and-swap."""

from __future__ import annotations

from msgspec.structs import replace

from personalize_assets.conversion.dataset_types import ENTITY_DATASETS
from personalize_assets.storage.manifests import TableCommit, with_unneeded
from personalize_assets.storage.object_store import Versioned
from personalize_assets.storage.stored_structs import Found, StoredStructs

TABLES = ENTITY_DATASETS
"""The tables by name, each of the dataset of that name."""


class Tables:
    """The tables of a destination."""

    def __init__(self, structs: StoredStructs) -> None:
        """Nothing is read yet."""
        self._structs = structs

    def key(self, dataset: str) -> str:
        """The key of a table's commit. A leading underscore: readers of the folder do not take it for data."""
        return f"{dataset}/_commit.json"

    def prefix(self, dataset: str, run_id: str) -> str:
        """What the keys of a run's files of a table begin with."""
        return f"{dataset}/{run_id}"

    def current(self, dataset: str) -> TableCommit | None:
        """The current commit of a table, or None. Raises ``DamagedFile``."""
        return self._structs.read(self.key(dataset), TableCommit, f"materialize {dataset} again to replace it")

    def find(self, dataset: str) -> Found[TableCommit]:
        """The current commit with its version."""
        return self._structs.find(self.key(dataset), TableCommit)

    def swap(self, dataset: str, commit: TableCommit, before: Found[TableCommit]) -> bool:
        """Make a commit current if the one before still is; its files stay until a later run deletes them."""
        if former := before.object:
            unneeded = set(former.files) - set(commit.files)
            commit = replace(commit, replaced=with_unneeded(former.replaced, unneeded))
        return self._structs.swap(self.key(dataset), commit, before.stored)

    def forget_replaced(self, dataset: str, before: Versioned, commit: TableCommit) -> bool:
        """Replace a commit by one whose list of replaced files is shorter; False if it has changed meanwhile."""
        return self._structs.swap(self.key(dataset), commit, before)
