"""A destination belongs to one dataset group: another one would export both groups' rows together.

The group's name and sources are stored in the destination by the first run. One without this mark, as older
versions made them, belongs to the first group that runs there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.storage.days import commits_of
from personalize_assets.storage.destination import LAYOUT, Destination
from personalize_assets.storage.manifests import OwnerMark
from personalize_assets.storage.object_store import StoreError
from personalize_assets.storage.older_layout import fold_older_layout

_SEVERAL = "\n"
"""Between the URIs of one source in the mark."""


class ForeignDestination(PersonalizeAssetsError):
    """A destination that belongs to another dataset group, or was made of other sources; the text says what to do."""


def claim_destination(group: DatasetGroup) -> None:
    """Make sure that the destination is this group's, before anything is written; asked once for each ``group``.

    Raises ``ForeignDestination`` if it is not: then nothing is changed. Datasets that the destination does not know
    yet, and other sources of those that have no rows yet, are added to what it knows.
    """
    if not group.owns_destination:
        confirm_owner(group)
    group.owns_destination = True


def confirm_owner(group: DatasetGroup) -> OwnerMark:
    """As ``claim_destination``, asked now: before a commit, because a run takes long. Returns the stored mark."""
    mine, destination = owner_mark(group), group.destination
    found = destination.owner()
    if found is None:
        fold_older_layout(destination)
        if destination.swap_owner(mine, None):
            _check_conditions(destination, mine)
            return mine
        found = destination.owner() or mine  # written by another run in the meantime
    mark = destination.uri_of(destination.owner_key())
    if found.dataset_group != mine.dataset_group:
        raise ForeignDestination(_of_another_group(destination.uri, mark, found, mine))
    if found.layout > LAYOUT:
        raise ForeignDestination(_of_a_newer_version(destination.uri, mark, found))
    if found.layout < LAYOUT:
        fold_older_layout(destination)
        _update(destination, layout=LAYOUT)
    for name, uri in mine.sources.items():
        known = found.sources.get(name, uri)
        # A URI may be added to a source; without one that it had, days would lose events when they are converted again.
        if not set(known.split(_SEVERAL)) <= set(uri.split(_SEVERAL)) and _has_rows(group, name):
            raise ForeignDestination(_of_another_source(destination.uri, mark, name, found.sources[name], uri))
    if {**found.sources, **mine.sources} != found.sources:
        _update(destination, sources=mine.sources)
    return found


def _check_conditions(destination: Destination, mine: OwnerMark) -> None:
    """Raise ``StoreError`` if the server ignores the condition of a write."""
    if destination.swap_owner(replace(mine, since=""), None):
        destination.remove([destination.owner_key()])
        raise StoreError(
            f"{destination.uri} is on a server that ignores the condition If-None-Match of a write, without which runs "
            "that overlap replace each other's results; use a server that knows conditional writes, or a folder"
        )


def _update(destination: Destination, sources: Mapping[str, str] | None = None, layout: int | None = None) -> None:
    """Change the mark, whatever other runs change in it meanwhile."""
    while True:
        stored, found = destination.find_owner()
        if stored is None or found is None:
            return  # deleted by hand: the next run writes it
        changed = replace(
            found, sources={**found.sources, **(sources or {})}, layout=found.layout if layout is None else layout
        )
        if destination.swap_owner(changed, stored):
            return


def _has_rows(group: DatasetGroup, name: str) -> bool:
    return any(commit.kept for commit in commits_of(group.destination.days.all(), name).values())


def owner_mark(group: DatasetGroup) -> OwnerMark:
    """The mark of this group, as of now."""
    return OwnerMark(
        dataset_group=group.config.dataset_group.name,
        sources={name: _SEVERAL.join(group.config.source_of(name).uris) for name in group.datasets},
        since=datetime.now(UTC).isoformat(timespec="milliseconds"),
        layout=LAYOUT,
    )


def _of_another_group(uri: str, mark: str, found: OwnerMark, mine: OwnerMark) -> str:
    return (
        f"{uri} belongs to the dataset group {found.dataset_group!r} (of {_uris(found)}, since {found.since}), as "
        f"{mark} says, but this config is of the dataset group {mine.dataset_group!r} (of {_uris(mine)}); write a "
        f"destination.uri of its own, or, if {mine.dataset_group!r} is to continue with what is stored there, delete "
        f"{mark} and run again"
    )


def _of_a_newer_version(uri: str, mark: str, found: OwnerMark) -> str:
    return (
        f"{uri} was written by a newer version of personalize-assets (layout {found.layout} in {mark}; this version "
        f"knows {LAYOUT}); install that version, or write another destination.uri"
    )


def _of_another_source(uri: str, mark: str, name: str, before: str, now: str) -> str:
    return (
        f"{uri} holds {name} made of {_listed(before)}, as {mark} says, but this config reads them from "
        f"{_listed(now)}; write another destination.uri for other events, or, if the same events have moved, delete "
        f"{mark} and run again: days that were converted before stay in the exports"
    )


def _uris(mark: OwnerMark) -> str:
    return ", ".join(dict.fromkeys(map(_listed, mark.sources.values())))


def _listed(uris: str) -> str:
    return ", ".join(uris.split(_SEVERAL))
