"""What a dataset holds.

- A FULL import replaces what was imported in bulk; an INCREMENTAL one adds to it: page bulk-data-import-step.
- Interactions with the same time and properties are kept once, and of items, users and actions with the same id the
  newest one counts: pages bulk-data-import-step and recording-item-interaction-events.
- An export of bulk data has all records that differ, one of an id's included; one of all data has the newest: page
  export-data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from personalize_assets_tests.helpers.personalize_emulator.csv_records import Row

_IDS = {"ITEMS": "ITEM_ID", "USERS": "USER_ID", "ACTIONS": "ACTION_ID"}


class Contents:
    """The rows of a dataset, oldest first, without those equal in every column."""

    def __init__(self, dataset_type: str, columns: tuple[str, ...]) -> None:
        self.dataset_type = dataset_type
        self.columns = columns
        self.is_imported = False
        self._rows: dict[Row, None] = {}

    def replace(self, rows: Iterable[Row]) -> None:
        """A FULL import."""
        self._rows = {}
        self.add(rows)

    def add(self, rows: Iterable[Row]) -> None:
        """An INCREMENTAL import: what is there already becomes the newest."""
        self.is_imported = True
        for row in rows:
            self._rows.pop(row, None)
            self._rows[row] = None

    def newest(self) -> list[Row]:
        """Sorted rows; of items, users and actions the newest of each id."""
        id_column = _IDS.get(self.dataset_type)
        if id_column is None:
            return sorted(self._rows)
        place = self.columns.index(id_column)
        return sorted({row[place]: row for row in self._rows}.values())

    def all_rows(self) -> list[Row]:
        """Rows in the order of their import, former ones of an id included."""
        return list(self._rows)

    def delete_users(self, users: Collection[str]) -> int:
        """Delete the rows of users; returns how many there were."""
        if "USER_ID" not in self.columns:
            return 0
        place = self.columns.index("USER_ID")
        kept = {row: None for row in self._rows if row[place] not in users}
        deleted = len(self._rows) - len(kept)
        self._rows = kept
        return deleted

    def become(self, columns: tuple[str, ...]) -> None:
        """Take other columns; new ones are null in all rows."""
        places = [self.columns.index(name) if name in self.columns else None for name in columns]
        self._rows = {tuple("" if place is None else row[place] for place in places): None for row in self._rows}
        self.columns = columns
