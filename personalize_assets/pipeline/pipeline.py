"""One dataset group's pipeline, without Dagster: what each stage asks of the engine, and what it does with the answer.

The assets are a thin shell around it. A stage is a spec for the engine (``…_spec``) and the commit of its report
(``commit_…``); only the catalog, the profile and the schemas, which are here, need no engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from personalize_assets.catalog.day_catalog import day_catalog
from personalize_assets.catalog.event_profile import as_text, day_profile, encode
from personalize_assets.catalog.glue_tables import register_tables
from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.pipeline.arrivals import content_digest
from personalize_assets.pipeline.convert import DayStages
from personalize_assets.pipeline.export import ExportStages
from personalize_assets.storage.manifests import CatalogFile, DayCatalog


class Pipeline(DayStages, ExportStages):
    """All stages for one config."""

    def catalog(self, days: Sequence[date]) -> dict[str, dict[str, Any]]:
        """Look at the raw files of these days and write the catalog of each; returns them by day."""
        listings = {id: source.of(days) for id, source in self.sources.items()}
        catalogs = {}
        for day in days:
            files = {id: listing.days[day] for id, listing in listings.items()}
            catalog = msgspec.to_builtins(day_catalog(day, self.sources, files))
            # Of the files as they were listed: whatever changes from now on makes another digest.
            catalog["content"] = content_digest(files)
            catalog["foreign_files"] = sum(listing.foreign_by_day[day] for listing in listings.values())
            self.destination.put_catalog(day, as_text(catalog).encode())
            catalogs[day.isoformat()] = catalog
        return catalogs

    def describe_for_athena(self, catalogs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Statements beside the catalogs and, where the config says so, tables of AWS Glue's (``data_catalog``)."""
        found = msgspec.convert(list(catalogs.values()), list[DayCatalog])
        return register_tables(self.config, self.destination, self.datasets["interactions"], found)

    def profile(self, days: Sequence[date]) -> dict[str, dict[str, Any]]:
        """Look at the events of these days' catalogued files and write the profile of each; returns them by day."""
        profiles = {}
        for day in days:
            files = msgspec.convert(self.day_catalog(day)["files"], list[CatalogFile])
            profile = day_profile(day, self.sources, files, self.masked)
            self.destination.put_profile(day, encode(profile))
            profiles[day.isoformat()] = msgspec.to_builtins(profile)
        return profiles

    def put_schema(self, name: str) -> dict[str, Any]:
        """Write and return the Avro schema of a dataset."""
        schema = avro_schema(name, self.datasets[name].columns, self.config.dataset_group.domain)
        self.destination.put_schema(name, schema)
        return schema

    def first_rejects(self, name: str, day: str, count: int) -> list[dict[str, Any]]:
        """The first rejects of a dataset and day as people may see them: they may be older than the config's mask."""
        rows = self.destination.first_rejects(name, day, count)
        mask = Mask(self.masked)
        if not mask:
            return rows
        return [{**row, "raw": None if row["raw"] is None else mask.raw(row["raw"].encode())} for row in rows]
