"""The catalog of an arrival day: its files and the fields of their events, as a Glue crawler would find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from personalize_assets.catalog.field_stats import FieldStats
from personalize_assets.catalog.file_heads import events_per_file, inspect_head, read_heads
from personalize_assets.storage.manifests import CatalogFile, CatalogSource, DayCatalog
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import RawFiles


def day_catalog(day: date, sources: Mapping[str, RawFiles], files: Mapping[str, Iterable[StoredObject]]) -> DayCatalog:
    """Catalog the files of a day (UTC), given by source id. ``content`` and ``foreign_files`` are left to the caller.

    A file that no longer exists is left out.
    """
    stats = FieldStats()
    found = []
    jobs = [(source, file) for source, listed in files.items() for file in listed]
    sample = events_per_file(len(jobs))
    for source, file, first_bytes in read_heads(sources, jobs):
        head = inspect_head(first_bytes, file.bytes, sample)
        for event in head.events:
            stats.add(event)
        found.append(CatalogFile(source, file.key, file.bytes, head.compression, head.framing))
    return DayCatalog(
        day=day.isoformat(),
        sources=catalog_sources(sources),
        bytes=sum(file.bytes for file in found),
        files=tuple(found),
        sampled_events=stats.events,
        fields=stats.fields(),
    )


def catalog_sources(sources: Mapping[str, RawFiles]) -> dict[str, CatalogSource]:
    """Sources as a catalog names them. A catalog of other sources does not describe the files of these."""
    return {id: CatalogSource(files.source.uri, files.source.layout) for id, files in sources.items()}
