"""The raw files of a source by arrival day, and the digest of a day's listing."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import msgspec

from personalize_assets.config import Source
from personalize_assets.config.models import Aws
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.layouts import is_mark, layout
from personalize_assets.storage.object_store import StoredObject, open_store
from personalize_assets.storage.unread_keys import NO_KEYS, UnreadKeys, unread_keys

# Up to this many days are listed prefix by prefix; for more, one listing of everything takes fewer requests to S3.
_DAYS_BY_PREFIX = 7
_DIGEST_BITS = 96


@dataclass
class Listing:
    """Files of a source.

    Attributes:
        days: Files by arrival day, in the order of keys.
        foreign: Number of keys that do not fit the layout.
        foreign_by_day: Those of them that are in the folder of a day, such as ``_SUCCESS``; the number for a day does
            not depend on which other days were listed.
        early: Number of files from before the source's first day.
        skipped: Why entries of a folder are not read, by key; also counted as foreign.
        unfit: Those of the foreign keys that may be raw files: no marks of tools, nor ``skipped``.
        unfit_by_day: Those of them in the folder of a day, or below; ``unfit_elsewhere`` are the others.
    """

    days: dict[date, list[StoredObject]] = field(default_factory=dict)
    foreign: int = 0
    early: int = 0
    foreign_by_day: Counter[date] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    unfit: UnreadKeys = NO_KEYS
    unfit_by_day: dict[date, UnreadKeys] = field(default_factory=dict)
    unfit_elsewhere: UnreadKeys = NO_KEYS


class Tally(msgspec.Struct):
    """The sum of a day's listing; files may be added in any order and in several steps.

    Attributes:
        total: A sum of hashes modulo 2**96, in hexadecimal.
        files: Their number.
        bytes: Their stored size.
        newest: Latest time of modification in seconds since the epoch; 0 without files.
        sources: Ids of the sources that have files, in the order in which they were added.
    """

    total: str = "0" * (_DIGEST_BITS // 4)
    files: int = 0
    bytes: int = 0
    newest: float = 0.0
    sources: list[str] = msgspec.field(default_factory=list)

    def add(self, source: str, files: Iterable[StoredObject]) -> None:
        """Add files of one source."""
        total = int(self.total, 16)
        for file in files:
            text = f"{source}\0{file.key}\0{file.bytes}\0{file.version}".encode("utf-8", "surrogateescape")
            total += int.from_bytes(hashlib.blake2b(text, digest_size=_DIGEST_BITS // 8).digest(), "big")
            self.files += 1
            self.bytes += file.bytes
            self.newest = max(self.newest, file.modified)
            if source not in self.sources:
                self.sources.append(source)
        self.total = f"{total % 2**_DIGEST_BITS:0{_DIGEST_BITS // 4}x}"

    @property
    def digest(self) -> str:
        """Equal for equal keys, sizes and versions (``StoredObject``) of the same sources."""
        return self.total


NO_FILES = Tally().digest
"""The digest of a day without files."""


def content_digest(files: Mapping[str, Iterable[StoredObject]]) -> str:
    """The digest of a day's files, given by source id."""
    tally = Tally()
    for source, listed in files.items():
        tally.add(source, listed)
    return tally.digest


_shared: dict[tuple[str, str, date, bool], Listing] | None = None
"""Listings by URI, layout and first day of the source, within ``listed_once``."""


@contextmanager
def listed_once() -> Iterator[None]:
    """In this block, a source is listed as a whole at most once in this process: one run looks at one state of it."""
    global _shared
    before, _shared = _shared, {}
    try:
        yield
    finally:
        _shared = before


class RawFiles:
    """The raw files of a source of one URI. Raises ``StoreError`` if the folder or bucket does not exist.

    Attributes:
        source_uri: As in the config.
        skipped: Why entries of a folder are not read, by key; of all listings so far.
        unfit: As in ``Listing``; of the listing so far that has most of them. ``archived`` and ``empty`` likewise:
            files that must be restored before they can be read, and files without bytes.
        unfit_elsewhere: Those of ``unfit`` that are in no day's folder.
    """

    def __init__(self, source: Source, aws: Aws | None = None) -> None:
        """Nothing is read yet."""
        self.source = source
        (self.source_uri,) = source.uris
        self.store = open_store(self.source_uri, aws, follow_links=source.follow_links)
        self.layout = layout(source.layout, source.start_date)
        self.skipped: dict[str, str] = {}
        self.unfit = self.unfit_elsewhere = self.archived = self.empty = NO_KEYS

    def uri(self, key: str) -> str:
        """The URI of a key."""
        return f"{self.store.uri}/{key}"

    def day_of_object(self, bucket: str, key: str) -> date | None:
        """The arrival day of an object named by an S3 notification; None unless it is a raw file of this source."""
        prefix = f"{self.store.uri}/"
        uri = f"s3://{bucket}/{key}"
        return self.layout.day_of(uri.removeprefix(prefix)) if uri.startswith(prefix) else None

    def all(self) -> Listing:
        """Every file of the source. Raises ``PersonalizeAssetsError`` with the layout's pattern if no key fits it."""
        listing = self._all()
        if not listing.days:
            raise PersonalizeAssetsError(self._nothing_found(listing))
        return listing

    def _all(self) -> Listing:
        shared = {} if _shared is None else _shared
        key = self.store.uri, self.source.layout, self.source.start_date, self.source.follow_links
        if key not in shared:
            shared[key] = self._sorted(self.store.files())
            if not shared[key].days:  # a listing that finds files needs no request to see that they exist
                self.store.check_exists()
        return shared[key]

    def of(self, days: Sequence[date]) -> Listing:
        """The files of these days; a day without any has an empty list."""
        if len(days) > _DAYS_BY_PREFIX or _shared:
            listing = self._all()
        else:
            self.store.check_exists()
            folders = cache(self.store.folders)
            prefixes = _disjoint(prefix for day in days for prefix in self.prefixes(day, folders))
            listing = self._sorted(file for prefix in prefixes for file in self.store.files(prefix))
        return replace(listing, days={day: listing.days.get(day, []) for day in days})

    def prefixes(
        self, day: date, folders: Callable[[str], list[str]], may_have: Callable[[str], bool] = lambda pattern: True
    ) -> set[str]:
        """The prefixes of a day's keys, from the patterns of the layout.

        ``folders`` lists the names to put in place of those with a ``*``. Of patterns that begin in different ways,
        those are left out for which ``may_have`` is false.
        """
        patterns = self.layout.prefixes(day)
        if len({pattern.partition("=")[0] for pattern in patterns}) > 1:
            patterns = tuple(filter(may_have, patterns))
        return {prefix for pattern in patterns for prefix in _expanded("", pattern, folders)}

    def _sorted(self, files: Iterator[StoredObject]) -> Listing:
        listing = Listing()
        unfit: list[str] = []
        elsewhere: list[str] = []
        unfit_of: dict[date, list[str]] = {}
        for file in sorted(files):
            day = None if file.problem else self.layout.listed_day_of(file.key)
            if file.problem:
                listing.skipped[file.key] = file.problem
                self.skipped[file.key] = file.problem
            if day is None:
                listing.foreign += 1
                may_be_raw = not file.problem and not is_mark(file.key)
                if may_be_raw:
                    unfit.append(file.key)
                if (folder_day := self.layout.day_above(file.key)) is not None:
                    listing.foreign_by_day[folder_day] += 1
                    if may_be_raw:
                        unfit_of.setdefault(folder_day, []).append(file.key)
                elif may_be_raw:
                    elsewhere.append(file.key)
            elif day < self.source.start_date:
                listing.early += 1
            else:
                listing.days.setdefault(day, []).append(file)
        listing.unfit = unread_keys(unfit)
        listing.unfit_by_day = {day: unread_keys(keys) for day, keys in unfit_of.items()}
        listing.unfit_elsewhere = unread_keys(elsewhere)
        self._note(listing)
        return listing

    def _note(self, listing: Listing) -> None:
        files = [file for of_day in listing.days.values() for file in of_day]
        self.unfit = _more(self.unfit, listing.unfit)
        self.unfit_elsewhere = _more(self.unfit_elsewhere, listing.unfit_elsewhere)
        self.archived = _more(self.archived, archived_files(files))
        self.empty = _more(self.empty, empty_files(files))

    def _nothing_found(self, listing: Listing) -> str:
        seen = next((file.key for file in self.store.files()), None)
        found = f"e.g. {seen}" if seen else "nothing at all"
        if listing.skipped:
            found = "e.g. {} ({})".format(*next(iter(listing.skipped.items())))
        if listing.early:
            found = f"{listing.early} files, but all from before start_date {self.source.start_date}"
        return (
            f"{self.source_uri} holds no raw files of layout {self.source.layout!r}: expected keys like "
            f"{self.layout.example}, found {found}; correct uri, layout or start_date of the source in the config"
        )


def format_skipped(source: RawFiles) -> str:
    """How many entries of a source's folder are not read, with one of them for each reason."""
    examples = {reason: key for key, reason in sorted(source.skipped.items(), reverse=True)}
    return f"{len(source.skipped):,} in {source.store.uri}, e.g. " + "; ".join(
        f"{key} ({reason})" for reason, key in sorted(examples.items())
    )


def archived_files(files: Iterable[StoredObject]) -> UnreadKeys:
    """The files that must be restored from an archive before they can be read."""
    return unread_keys(file.key for file in files if file.archive)


def empty_files(files: Iterable[StoredObject]) -> UnreadKeys:
    """The files without bytes."""
    return unread_keys(file.key for file in files if not file.bytes)


def format_unread(source: RawFiles) -> Iterator[str]:
    """What of a source is not read, and what has nothing to read: a line each, with what to do."""
    place, layout_name = source.store.uri, source.source.layout
    if source.unfit.count:
        yield (
            f"Not read: {place} has keys that do not fit the layout {layout_name} ({source.layout.example}): "
            f"{source.unfit}; if they are events, correct layout or uri"
        )
    if source.archived.count:
        yield (
            f"Not read: {place} has objects in an archive (GLACIER, DEEP_ARCHIVE): {source.archived}; restore them in "
            "S3, then run their days with --force"
        )
    if source.empty.count:
        yield f"Empty:    {place} has files without bytes: {source.empty}"


def _more(one: UnreadKeys, other: UnreadKeys) -> UnreadKeys:
    return max(one, other, key=lambda found: found.count)


class DayListing:
    """Lists one day after another with few requests: what all days share is asked for once. For several threads.

    Cache for one sensor tick: folders created later are not seen.
    """

    def __init__(self, raw: RawFiles) -> None:
        """Nothing is listed yet."""
        self._raw = raw
        self._exists = False
        self._asking = threading.Lock()
        self._folders = cache(raw.store.folders)
        self._holds = cache(raw.store.holds)
        self._of_all_days: dict[date, list[StoredObject]] | None = None

    def files(self, day: date, after: str = "") -> Iterator[StoredObject]:
        """The raw files of a day whose keys come after ``after``, in the order of keys."""
        with self._asking:  # else two threads would ask for the same
            if not self._exists:
                self._raw.store.check_exists()
                self._exists = True
            prefixes = _disjoint(self._raw.prefixes(day, self._folders, self._may_have))
            if self._raw.layout.days_share_prefixes and self._of_all_days is None:
                self._of_all_days = {}
                for its_day, file in self._listed(prefixes):
                    self._of_all_days.setdefault(its_day, []).append(file)
        if self._of_all_days is not None:
            yield from (file for file in self._of_all_days.get(day, ()) if file.key > after)
            return
        yield from (file for its_day, file in self._listed(prefixes, after) if its_day == day)

    def _listed(self, prefixes: Sequence[str], after: str = "") -> Iterator[tuple[date, StoredObject]]:
        """The raw files below prefixes, with their days."""
        for prefix in prefixes:
            if prefix >= after or after.startswith(prefix):
                for file in self._raw.store.files(prefix, after):
                    day = None if file.problem else self._raw.layout.listed_day_of(file.key)
                    if day is not None:
                        yield day, file

    def _may_have(self, pattern: str) -> bool:
        """Whether a source may have keys of a pattern: of the spellings `day=`, `dt=`, `year=` it has one."""
        spelling, equals, _ = pattern.partition("=")
        return not equals or "*" in spelling or self._holds(spelling + equals)


def _expanded(before: str, rest: str, folders: Callable[[str], list[str]]) -> Iterator[str]:
    """The prefixes of a pattern whose first folders are known: ``before`` them, and ``rest`` with every ``*`` in it."""
    literal, star, _ = rest.partition("*")
    if not star:
        yield before + rest
        return
    above = literal[: literal.rfind("/") + 1]
    pattern, _, below = rest[len(above) :].partition("/")
    for name in folders(before + above):
        if _fits(name, pattern):
            yield from _expanded(f"{before}{above}{name}/", below, folders)


def _fits(name: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def _disjoint(prefixes: Iterable[str]) -> list[str]:
    """The prefixes without those that begin with another one, whose files would be listed twice."""
    found: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not found or not prefix.startswith(found[-1]):
            found.append(prefix)
    return found
