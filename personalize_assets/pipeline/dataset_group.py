"""One dataset group: its config, datasets, sources and destination, which every stage needs."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cached_property
from typing import Any

import msgspec

from personalize_assets.catalog.day_catalog import catalog_sources
from personalize_assets.config import Config
from personalize_assets.conversion.contract import Dataset
from personalize_assets.conversion.mapping.masking import hashed_paths, masked_columns
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage.destination import Destination
from personalize_assets.storage.raw_files import RawFiles
from personalize_assets.storage.s3 import arrow_s3_options

_MAIN_SOURCE = "source"


class DatasetGroup:
    """What a config says, ready to use. Nothing is read or called before a stage is."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.datasets: dict[str, Dataset] = config.conversion_datasets()
        self.destination = Destination(config.destination.uri, config.aws)
        # A source of its own is named after its dataset, in file names and in the books.
        self.source_ids = {
            name: _MAIN_SOURCE if dataset.source is None else name for name, dataset in config.datasets.named().items()
        }

    @property
    def masked(self) -> tuple[str, ...]:
        """Paths of events that nobody is to see: the config's ``mask``, and what hashed columns are made of."""
        hashed = (path for dataset in self.datasets.values() for path in hashed_paths(dataset))
        return tuple(dict.fromkeys((*self.config.mask, *hashed)))

    def hidden_columns(self, name: str) -> set[str]:
        """The columns of a dataset that nobody is to see outside of the files, in a file of any age.

        Also those that are hashed: a file that was made before the config said so holds them as they were.
        """
        dataset = self.datasets[name]
        return masked_columns(dataset, self.masked) | {column.name for column in dataset.columns if column.hash}

    @cached_property
    def sources(self) -> dict[str, RawFiles]:
        """The sources by id, the datasets' own after the main one."""
        return {id: RawFiles(self.config.source_of(name), self.config.aws) for name, id in self.source_ids.items()}

    @cached_property
    def s3_options(self) -> dict[str, str]:
        """How Arrow reaches the S3 of the sources and the destination; nothing for folders."""
        uris = [self.destination.uri, *(source.store.uri for source in self.sources.values())]
        return arrow_s3_options(uris, self.config.aws)

    def days_with_files(self) -> list[date]:
        """All days that have raw files in any source, oldest first. Raises an error if a source has none at all."""
        return list(self.bytes_by_day())

    def bytes_by_day(self) -> dict[date, int]:
        """As ``days_with_files``, with the size of the raw files as they lie there."""
        sizes: Counter[date] = Counter()
        for source in self.sources.values():
            for day, files in source.all().days.items():
                sizes[day] += sum(file.bytes for file in files)
        return dict(sorted(sizes.items()))

    def day_catalog(self, day: date) -> dict[str, Any]:
        """The catalog that was written of a day. Raises an error if there is none of the sources as they are now."""
        catalog = self.destination.catalog(day)
        if catalog is None:
            raise PersonalizeAssetsError(
                f"{self.destination.uri_of(self.destination.catalog_key(day))} is not there: the files of {day} are "
                "not catalogued; materialize raw_event_catalog for that day first"
            )
        if catalog.get("sources") != msgspec.to_builtins(catalog_sources(self.sources)):
            raise PersonalizeAssetsError(
                f"{self.destination.uri_of(self.destination.catalog_key(day))} lists the files of other sources than "
                "the config has now; materialize raw_event_catalog for that day again"
            )
        return catalog
