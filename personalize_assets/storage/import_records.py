"""Which exports imports read: one small object for each dataset. They are kept from being deleted.

They are below ``_imports/`` in the destination, whose underscore says that they are no output. What Personalize
holds is not decided by them, but by its own jobs (``pipeline.importing.held_rows``): a lost record costs a full import.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from msgspec.structs import replace

from personalize_assets.storage.manifests import ImportRecord
from personalize_assets.storage.stored_structs import StoredStructs

IMPORTS = "_imports"
_LONGEST_SECONDS = 7 * 24 * 3600
"""A run that reads an export since longer ago has died."""


class ImportRecords:
    """The records of one destination."""

    def __init__(self, structs: StoredStructs) -> None:
        """Nothing is read yet."""
        self._structs = structs

    def key(self, dataset: str) -> str:
        """The key of a record."""
        return f"{IMPORTS}/{dataset}.json"

    def find(self, dataset: str) -> ImportRecord:
        """The record of a dataset; an empty one without any, and instead of a damaged one."""
        return self._structs.find(self.key(dataset), ImportRecord).object or ImportRecord()

    def runs(self, datasets: Collection[str]) -> set[str]:
        """The runs whose exports imports of these datasets read, or need for the next increment."""
        oldest = time.time() - _LONGEST_SECONDS
        found = [
            record.object
            for record in self._structs.find_all([self.key(name) for name in datasets], None, ImportRecord)
            if record.object
        ]
        reading = {run for record in found for run, at in record.reading.items() if at > oldest}
        return reading | {record.holds for record in found if record.holds}

    def begin(self, dataset: str, run: str) -> None:
        """An import begins to read the export of a run."""
        self._change(dataset, lambda record: replace(record, reading={**record.reading, run: time.time()}))

    def add_untrained(self, dataset: str, columns: Collection[str], at: float) -> None:
        """Columns were added to a dataset."""
        added = dict.fromkeys(columns, at)
        self._change(dataset, lambda record: replace(record, untrained={**record.untrained, **added}))

    def forget_untrained(self, dataset: str, columns: Collection[str]) -> None:
        """All that trains on a dataset was made after these columns."""
        self._change(
            dataset,
            lambda record: replace(
                record, untrained={name: at for name, at in record.untrained.items() if name not in columns}
            ),
        )

    def end(self, dataset: str, run: str, holds: str) -> None:
        """An import has read the export of a run, and Personalize holds the rows of that of ``holds``."""
        self._change(
            dataset,
            lambda record: replace(
                record, holds=holds, reading={other: at for other, at in record.reading.items() if other != run}
            ),
        )

    def _change(self, dataset: str, change: Callable[[ImportRecord], ImportRecord]) -> None:
        while True:
            found = self._structs.find(self.key(dataset), ImportRecord)
            before = found.object or ImportRecord()
            after = change(before)
            if after == before or self._structs.swap(self.key(dataset), after, found.stored):
                return
