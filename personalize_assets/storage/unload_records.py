"""The records of what was unloaded from a warehouse: one small object for each table and arrival day.

They are below ``_unloads/`` in the destination, whose underscore says that they are no output: unloading the same rows
again is nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from personalize_assets.storage.manifests import UnloadRecord
from personalize_assets.storage.object_store import ObjectStore
from personalize_assets.storage.stored_structs import StoredStructs

UNLOADS = "_unloads"


class UnloadRecords:
    """The records of one destination."""

    def __init__(self, store: ObjectStore, structs: StoredStructs) -> None:
        """Nothing is read yet."""
        self._store = store
        self._structs = structs

    def key(self, table: str, day: date) -> str:
        """The key of a record."""
        return f"{UNLOADS}/day={day}/{table}.json"

    def some(self, wanted: Sequence[tuple[str, date]]) -> dict[tuple[str, date], UnloadRecord]:
        """The records of tables and days, read side by side; missing and damaged ones are left out."""
        found = self._structs.find_all([self.key(*one) for one in wanted], None, UnloadRecord)
        return {one: record.object for one, record in zip(wanted, found, strict=True) if record.object}

    def put(self, table: str, day: date, record: UnloadRecord) -> None:
        """Replace a record."""
        self._structs.write(self.key(table, day), record)
