"""One dataset group's pipeline, without Dagster: what each stage asks of the engine, and what it does with the answer.

The assets are a thin shell around it. A stage is a spec for the engine (``…_spec``) and the commit of its report
(``commit_…``); only the catalog, the profile and the schemas, which are here, need no engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from personalize_assets.catalog.day_catalog import day_catalog, encode
from personalize_assets.catalog.event_profile import day_profile
from personalize_assets.catalog.glue_tables import describe
from personalize_assets.conversion.avro import avro_schema
from personalize_assets.conversion.mapping.masking import Mask
from personalize_assets.pipeline.arrivals import content_digest
from personalize_assets.pipeline.convert import DayStages
from personalize_assets.pipeline.export import ExportStages


class Pipeline(DayStages, ExportStages):
    """All stages for one config."""

    def catalog(self, days: Sequence[date]) -> dict[str, dict[str, Any]]:
        """Look at the raw files of these days and write the catalog of each; returns them by day."""
        listings = {id: source.of(days) for id, source in self.sources.items()}
        catalogs = {}
        for day in days:
            catalog = day_catalog(day, self.sources, {id: listing.days[day] for id, listing in listings.items()})
            # Of the files as they were listed: whatever changes from now on makes another digest.
            catalog["content"] = content_digest({id: listing.days[day] for id, listing in listings.items()})
            catalog["foreign_files"] = sum(listing.foreign_by_day[day] for listing in listings.values())
            self.destination.put_catalog(day, encode(catalog))
            catalogs[day.isoformat()] = catalog
        return catalogs

    def describe_for_athena(self, catalogs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Statements beside the catalogs and, where the config says so, tables of AWS Glue's (``data_catalog``)."""
        return describe(self.config, self.destination, self.datasets["interactions"], catalogs)

    def profile(self, days: Sequence[date]) -> dict[str, dict[str, Any]]:
        """Look at the events of these days' catalogued files and write the profile of each; returns them by day."""
        profiles = {}
        for day in days:
            profile = day_profile(day, self.sources, self.day_catalog(day)["files"], self.masked)
            self.destination.put_profile(day, encode(profile))
            profiles[day.isoformat()] = profile
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
