"""The raw files of a source, by arrival day: a layout and a store put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from personalize_assets.aws.client import Aws
from personalize_assets.config import Source
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import layout
from personalize_assets.storage.object_store import StoredFile, open_store

_T = TypeVar("_T")

# Up to this many days are listed prefix by prefix; for more, one listing of everything asks less of S3.
_DAYS_BY_PREFIX = 7


@dataclass
class Listing:
    """``days`` maps arrival days to their files, in the order of keys; ``foreign`` and ``early`` count the others.

    ``foreign`` are keys that are no raw files of the layout, ``early`` those from before the source's first day.
    ``foreign_by_day`` counts only those in the folder of a day (a ``_SUCCESS`` beside its files); it says the same
    whichever days were asked for.
    """

    days: dict[date, list[StoredFile]] = field(default_factory=dict)
    foreign: int = 0
    early: int = 0
    foreign_by_day: Counter[date] = field(default_factory=Counter)


class RawFiles:
    """What lies in a source. Raises ``StoreError`` where the folder or bucket is not there."""

    def __init__(self, source: Source, aws: Aws | None = None) -> None:
        self.source = source
        self.store = open_store(source.uri, aws)
        self.layout = layout(source.layout, source.start_date)

    def uri(self, key: str) -> str:
        return f"{self.store.uri}/{key}"

    def all(self) -> Listing:
        """Every file of the source. Raises an error that shows the layout's pattern if not one fits it."""
        self.store.must_be_there()
        listing = self._sorted(self.store.files())
        if not listing.days:
            raise PersonalizeAssetsError(self._nothing_found(listing))
        return listing

    def of(self, days: Sequence[date]) -> Listing:
        """The files of these days; a day without any has an empty list."""
        self.store.must_be_there()
        if len(days) > _DAYS_BY_PREFIX:
            listing = self._sorted(self.store.files())
        else:
            prefixes = {
                prefix for day in days for pattern in self.layout.prefixes(day) for prefix in self._expand(pattern)
            }
            listing = self._sorted(file for prefix in sorted(prefixes) for file in self.store.files(prefix))
        listing.days = {day: listing.days.get(day, []) for day in days}
        return listing

    def _expand(self, pattern: str) -> Iterator[str]:
        before, star, after = pattern.partition("*")
        if not star:
            yield pattern
        else:
            yield from (before + name + after for name in self.store.folders(before))

    def _sorted(self, files: Iterator[StoredFile]) -> Listing:
        listing = Listing()
        for file in sorted(files):
            day = self.layout.day_of(file.key)
            if day is None or not any(_leads_to(prefix, file.key) for prefix in self.layout.prefixes(day)):
                listing.foreign += 1
                folder_day = self.layout.day_of(file.key[: file.key.rfind("/") + 1] + "any-name")
                if folder_day is not None:
                    listing.foreign_by_day[folder_day] += 1
            elif day < self.source.start_date:
                listing.early += 1
            else:
                listing.days.setdefault(day, []).append(file)
        return listing

    def _nothing_found(self, listing: Listing) -> str:
        seen = next((file.key for file in self.store.files()), None)
        found = f"e.g. {seen}" if seen else "nothing at all"
        if listing.early:
            found = f"{listing.early} files, but all from before start_date {self.source.start_date}"
        return (
            f"{self.source.uri} holds no raw files of layout {self.source.layout!r}: expected keys like "
            f"{self.layout.example}, found {found}; correct uri, layout or start_date of the source in the config"
        )


class DayListing:
    """Lists one day after another for as little as it can: what all days share is asked for once.

    To be thrown away soon, as new collectors and folders are not noticed any more.
    """

    def __init__(self, raw: RawFiles) -> None:
        self._raw = raw
        self._is_there = False
        self._folders: dict[str, list[str]] = {}
        self._holds: dict[str, bool] = {}

    def files(self, day: date, after: str = "") -> Iterator[StoredFile]:
        """The raw files of a day whose keys come after ``after``, in the order of keys."""
        if not self._is_there:
            self._raw.store.must_be_there()
            self._is_there = True
        prefixes = {prefix for pattern in self._raw.layout.prefixes(day) for prefix in self._expand(pattern)}
        for prefix in sorted(prefixes):
            if prefix >= after or after.startswith(prefix):
                for file in self._raw.store.files(prefix, after):
                    if self._raw.layout.day_of(file.key) == day:
                        yield file

    def _expand(self, pattern: str) -> Iterator[str]:
        # `day=`, `dt=`, `year=`: of the ways to write a day, a source knows one.
        way, equals, _ = pattern.partition("=")
        if equals and "*" not in way and not self._once(self._holds, way + equals, self._raw.store.holds):
            return
        before, star, after = pattern.partition("*")
        if not star:
            yield pattern
        else:
            names = self._once(self._folders, before, self._raw.store.folders)
            yield from (before + name + after for name in names)

    @staticmethod
    def _once(known: dict[str, _T], name: str, ask: Callable[[str], _T]) -> _T:
        if name not in known:
            known[name] = ask(name)
        return known[name]


def _leads_to(prefix: str, key: str) -> bool:
    """Whether a layout's prefix, in which ``*`` stands for one folder, is one of this key."""
    before, star, after = prefix.partition("*")
    if not key.startswith(before):
        return False
    return not star or ("/" + key[len(before) :].partition("/")[2]).startswith(after)
