"""The catalog of an arrival day: its files and the fields of their events, as a Glue crawler would find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice

from personalize_assets.catalog.field_stats import FieldStats
from personalize_assets.catalog.file_heads import ReadHead, events_per_file, heads_in_order, inspect_head
from personalize_assets.conversion.progress import Meter, OnProgress
from personalize_assets.storage.manifests import CatalogFile, CatalogSource, DayCatalog
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import RawFiles


def day_catalogs(
    sources: Mapping[str, RawFiles],
    files: Mapping[date, Mapping[str, Iterable[StoredObject]]],
    on_progress: OnProgress | None = None,
) -> Iterator[tuple[date, DayCatalog]]:
    """Catalog the files of days (UTC), given by source id. ``content`` and ``foreign_files`` are left to the caller.

    A file that no longer exists is left out. The heads of later days are read while a day is catalogued.
    ``on_progress`` is called after each file.
    """
    jobs = {day: [(id, file) for id, listed in of_day.items() for file in listed] for day, of_day in files.items()}
    in_order = [job for of_day in jobs.values() for job in of_day]
    heads = _counted(heads_in_order(sources, in_order), in_order, on_progress)
    for day, of_day in jobs.items():
        yield day, _day_catalog(day, sources, islice(heads, len(of_day)), events_per_file(len(of_day)))


def _counted(
    heads: Iterator[ReadHead], jobs: Sequence[tuple[str, StoredObject]], on_progress: OnProgress | None
) -> Iterator[ReadHead]:
    counted = Meter("catalog", on_progress, unit="files").plan(jobs, 0) if on_progress else None
    for job, head in zip(jobs, heads, strict=True):
        if counted:
            counted.finish(job, None)
        yield head


def _day_catalog(day: date, sources: Mapping[str, RawFiles], heads: Iterable[ReadHead], sample: int) -> DayCatalog:
    stats = FieldStats()
    found = []
    for source, file, first_bytes in heads:
        if first_bytes is None:
            continue
        head = inspect_head(first_bytes, file.bytes, sample, sources[source].source.conversion_format)
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
    return {
        id: CatalogSource(files.source_uri, files.source.layout, files.source.own_format)
        for id, files in sources.items()
    }
