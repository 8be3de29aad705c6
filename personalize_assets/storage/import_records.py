"""Which exports imports read: one small object for each dataset. They are kept from being deleted.

They are below ``_imports/`` in the destination, whose underscore says that they are no output. What Personalize
holds is not decided by them, but by its own jobs (``pipeline.importing.held_rows``): a lost record costs a full import.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from uuid import uuid4

from msgspec.structs import replace

from personalize_assets.storage.manifests import ComparedRows, ImportRecord
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

    def runs(self, datasets: Collection[str]) -> set[str] | None:
        """The runs whose exports imports of these datasets read, or need for the next increment.

        None if a record is damaged: any export may be among them.
        """
        oldest = time.time() - _LONGEST_SECONDS
        records = self._structs.find_all([self.key(name) for name in datasets], None, ImportRecord)
        if any(record.stored is not None and record.object is None for record in records):
            return None
        found = [record.object for record in records if record.object]
        reading = {_run_of(reader) for record in found for reader, at in record.reading.items() if at > oldest}
        return reading | {record.holds for record in found if record.holds}

    def readers(self, dataset: str) -> list[str]:
        """The runs whose exports are being read, perhaps by imports that have died."""
        return list(map(_run_of, self.find(dataset).reading))

    def begin(self, dataset: str, run: str) -> str:
        """An import begins to read the export of a run; returns the name of this reading, for ``end``."""
        reader = f"{run} {uuid4().hex[:8]}"
        self._change(dataset, lambda record: replace(record, reading={**record.reading, reader: time.time()}))
        return reader

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

    def put_compared(self, dataset: str, compared: ComparedRows) -> None:
        """What a dataset holds was compared."""
        self._change(dataset, lambda record: replace(record, compared=compared))

    def end(self, dataset: str, readers: Collection[str], holds: str) -> None:
        """An import has ended its readings, and Personalize holds the rows of the export of the run ``holds``."""
        self._change(
            dataset,
            lambda record: replace(
                record,
                holds=holds,
                reading={other: at for other, at in record.reading.items() if other not in readers},
            ),
        )

    def _change(self, dataset: str, change: Callable[[ImportRecord], ImportRecord]) -> None:
        while True:
            found = self._structs.find(self.key(dataset), ImportRecord)
            before = found.object or ImportRecord()
            after = change(before)
            if after == before or self._structs.swap(self.key(dataset), after, found.stored):
                return


def _run_of(reader: str) -> str:
    return reader.partition(" ")[0]
