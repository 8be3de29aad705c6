"""One dataset group: its config, datasets, sources and destination. The stages are functions over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property

from personalize_assets.config import Config
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.masking import hashed_paths, masked_columns
from personalize_assets.conversion.mapping.paths import lower_names
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import RawFiles
from personalize_assets.storage.s3 import arrow_s3_options

MAIN_SOURCE = "source"
"""The id of the config's `source`."""

FilesBySource = Mapping[str, Sequence[StoredObject]]
"""The raw files of a day by the id of their source."""


class DatasetGroup:
    """A config, ready to use. Nothing is read or called before a stage is.

    Attributes:
        datasets: By name, in the order of the config.
        source_ids: The id of each dataset's source, by dataset: ``source``, or the dataset's name if it has its own.
        places: The ids of the URIs of each source, by source: ``source``, ``source-2``, … in the order of the config.
        owns_destination: Whether ``pipeline.ownership`` has found that the destination is this group's.
    """

    def __init__(self, config: Config) -> None:
        """Take the datasets, sources and destination from a config."""
        self.config = config
        self.owns_destination = False
        self.datasets: dict[str, Dataset] = config.conversion_datasets()
        self.destination = Destination(config.destination.uri, config.aws)
        self.source_ids = {
            name: MAIN_SOURCE if dataset.source is None else name for name, dataset in config.datasets.named().items()
        }

        self.places = {
            id: (id, *(f"{id}-{number}" for number in range(2, len(config.source_of(name).uris) + 1)))
            for name, id in self.source_ids.items()
        }

    @property
    def masked_paths(self) -> tuple[str, ...]:
        """Paths of events whose values must not be shown: the config's ``mask``, and those of hashed columns.

        Where a source ignores the case of names, those of the config's are among them in lower case, too.
        """
        hashed = (path for dataset in self.datasets.values() for path in hashed_paths(dataset))
        mask = list(self.config.mask)
        if any(self.config.source_of(name).ignore_case for name in self.datasets):
            mask += map(lower_names, self.config.mask)
        return tuple(dict.fromkeys((*mask, *hashed)))

    def hidden_columns(self, name: str) -> set[str]:
        """The columns of a dataset whose values must not be shown, in a file of any age.

        Hashed columns are among them: a file that was made before the config said ``hash`` has their plain values.
        """
        dataset = self.datasets[name]
        return masked_columns(dataset, self.masked_paths) | {column.name for column in dataset.columns if column.hash}

    @cached_property
    def sources(self) -> dict[str, RawFiles]:
        """The URIs of all sources by the ids in ``places``, those of single datasets after the main source's."""
        return {
            place: RawFiles(source, self.config.aws)
            for name, id in self.source_ids.items()
            for place, source in zip(self.places[id], self.config.source_of(name).each(), strict=True)
        }

    @cached_property
    def s3_options(self) -> dict[str, str]:
        """How Arrow reaches the S3 of the sources and the destination; empty for folders."""
        uris = [self.destination.uri, *(source.store.uri for source in self.sources.values())]
        return arrow_s3_options(uris, self.config.aws)

    def files_by_day(self) -> dict[date, FilesBySource]:
        """The raw files of each day that has any, oldest first.

        Raises ``PersonalizeAssetsError`` if a source has no raw file at all.
        """
        listings = {id: source.all().days for id, source in self.sources.items()}
        days = sorted({day for listing in listings.values() for day in listing})
        return {day: {id: listing.get(day, []) for id, listing in listings.items()} for day in days}

    def bytes_by_day(self) -> dict[date, int]:
        """The stored size of the raw files of each day; see ``files_by_day``."""
        return {day: total_bytes(files) for day, files in self.files_by_day().items()}

    def files_of(self, days: Sequence[date]) -> dict[date, FilesBySource]:
        """The raw files of these days; a day may have none."""
        listings = {id: source.of(days).days for id, source in self.sources.items()}
        return {day: {id: listing[day] for id, listing in listings.items()} for day in days}


def total_bytes(files: FilesBySource) -> int:
    """The stored size of raw files."""
    return sum(file.bytes for of_source in files.values() for file in of_source)
