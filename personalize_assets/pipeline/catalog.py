"""The stages ``raw_event_catalog`` and ``event_profile``: what the raw files of a day hold. They need no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from msgspec.structs import replace

from personalize_assets.catalog.day_catalog import catalog_sources, day_catalogs
from personalize_assets.catalog.event_profile import EventProfile, day_profile, encode
from personalize_assets.catalog.glue_tables import register_tables
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.errors import PersonalizeAssetsError, TransientError
from personalize_assets.pipeline.dataset_group import MAIN_SOURCE, DatasetGroup, FilesBySource
from personalize_assets.pipeline.ownership import claim_destination
from personalize_assets.pipeline.unload import check_unloaded
from personalize_assets.storage.manifests import DayCatalog
from personalize_assets.storage.raw_files import archived_files, content_digest, empty_files
from personalize_assets.storage.stored_structs import Found
from personalize_assets.storage.unread_keys import NO_KEYS, UnreadKeys

# Each lost try means that another run has catalogued the day.
_TRIES = 5


class BusyCatalog(TransientError):
    """A day that other runs catalogue again and again."""


def catalog_days(
    group: DatasetGroup, days: Sequence[date], *, resume: bool = False, on_progress: OnProgress | None = None
) -> dict[str, DayCatalog]:
    """Catalog the raw files of days (arrival days, UTC) and write the catalogs; returns them by day (ISO).

    With ``resume``, days stay as they are whose catalog is of the same sources and files: only the others are read. A
    day that another run catalogues meanwhile is listed again, so that an older listing never replaces a newer one.
    ``on_progress`` is called after each file.
    """
    catalogs: dict[date, DayCatalog] = {}
    waiting = list(days)
    for _ in range(_TRIES):
        made, waiting = _catalog(group, waiting, resume=resume, on_progress=on_progress)
        catalogs |= made
        if not waiting:
            return {day.isoformat(): catalogs[day] for day in days}
    raise BusyCatalog(
        f"{group.destination.uri_of(group.destination.catalog_key(waiting[0]))} was replaced {_TRIES} times meanwhile: "
        "run again"
    )


def _catalog(
    group: DatasetGroup, days: Sequence[date], *, resume: bool, on_progress: OnProgress | None
) -> tuple[dict[date, DayCatalog], list[date]]:
    """The catalogs of days, and the days that another run has catalogued meanwhile."""
    # Read before the files are listed: what is written from now on may be of a newer listing.
    before = group.destination.find_catalogs(days)
    with ThreadPoolExecutor(len(group.sources)) as threads:
        listings = dict(
            zip(group.sources, threads.map(lambda source: source.of(days), group.sources.values()), strict=True)
        )
    claim_destination(group)
    if MAIN_SOURCE in listings:
        check_unloaded(group, listings[MAIN_SOURCE].days)
    files = {day: {id: listing.days[day] for id, listing in listings.items()} for day in days}
    foreign = {day: sum(listing.foreign_by_day[day] for listing in listings.values()) for day in days}
    listed = {
        day: _Listed(files[day], foreign[day], [listing.unfit_by_day.get(day) for listing in listings.values()])
        for day in days
    }
    same = _unchanged(group, before, listed) if resume else {}
    readable = {day: of_day.readable() for day, of_day in listed.items() if day not in same}
    catalogs = {
        # Of the files as they were listed: whatever changes from now on gives another digest.
        day: replace(catalog, content=content_digest(listed[day].files), **listed[day].counts())
        for day, catalog in day_catalogs(group.sources, readable, on_progress)
    }
    lost = group.destination.put_catalogs(catalogs, before)
    return {day: catalog for day, catalog in {**same, **catalogs}.items() if day not in lost}, lost


class _Listed:
    """What was listed of a day: its files by source id, the foreign ones, and what does not fit, by source."""

    def __init__(self, files: FilesBySource, foreign: int, unfit: Sequence[UnreadKeys | None]) -> None:
        self.files = files
        self._foreign = foreign
        self._unfit = sum(filter(None, unfit), NO_KEYS)

    def readable(self) -> FilesBySource:
        """The files without those in an archive, which stay in the digest: an archived file is still the same one."""
        return {id: [file for file in files if not file.archive] for id, files in self.files.items()}

    def counts(self) -> dict[str, int | UnreadKeys]:
        """The fields of the day's catalog that count what is not read."""
        files = [file for of_source in self.files.values() for file in of_source]
        return {
            "foreign_files": self._foreign,
            "unfit": self._unfit,
            "archived": archived_files(files),
            "empty": empty_files(files),
        }


def _unchanged(
    group: DatasetGroup, before: Mapping[date, Found[DayCatalog]], listed: Mapping[date, _Listed]
) -> dict[date, DayCatalog]:
    """The catalogs that are of these files."""
    sources = catalog_sources(group.sources)
    return {
        day: catalog
        for day, (_, catalog) in before.items()
        if catalog
        and (catalog.sources, catalog.content) == (sources, content_digest(listed[day].files))
        and all(getattr(catalog, name) == found for name, found in listed[day].counts().items())
    }


def current_catalog(group: DatasetGroup, day: date) -> DayCatalog:
    """The catalog of a day. Raises ``PersonalizeAssetsError`` if there is none of the sources in the config."""
    return current_catalogs(group, [day])[day]


def current_catalogs(group: DatasetGroup, days: Sequence[date]) -> dict[date, DayCatalog]:
    """The catalogs of days, in their order. Raises as ``current_catalog`` for the first without one."""
    destination, sources = group.destination, catalog_sources(group.sources)
    found = destination.catalogs(days)
    for day in days:
        uri = destination.uri_of(destination.catalog_key(day))
        if day not in found:
            raise PersonalizeAssetsError(
                f"{uri} does not exist: the files of {day} are not "
                f"catalogued; materialize raw_event_catalog for that day first, or use {_command(day)}"
            )
        if found[day].sources != sources:
            raise PersonalizeAssetsError(
                f"{uri} lists the files of other sources than the config "
                f"has now; materialize raw_event_catalog for that day again, or use {_command(day)}"
            )
    return {day: found[day] for day in days}


def _command(day: date) -> str:
    return f"`personalize-assets run --days {day}`"


def profile_days(group: DatasetGroup, days: Sequence[date]) -> dict[str, EventProfile]:
    """Profile the events of days' catalogued files and write the profiles; returns them by day (ISO)."""
    claim_destination(group)
    profiles = {}
    for day in days:
        profile = day_profile(day, group.sources, current_catalog(group, day).files, group.masked_paths)
        group.destination.put_profile(day, encode(profile))
        profiles[day.isoformat()] = profile
    return profiles


def register_in_athena(group: DatasetGroup, catalogs: Mapping[str, DayCatalog]) -> dict[str, str]:
    """Write statements beside the catalogs and, if the config names a database, register tables in AWS Glue.

    Returns what was done, as text by kind; empty if nothing is in S3.
    """
    events = [dataset for dataset in group.datasets.values() if dataset.is_events]
    return register_tables(group.config, group.destination, events, list(catalogs.values()))
