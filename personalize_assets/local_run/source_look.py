"""What a run would find in the raw files: for ``personalize-assets validate``.

What belongs here: the answer as one struct, whose JSON has the same keys each time, and how it is gathered. What does
not: how it is printed (``source_look_lines``). Files are listed and the beginnings of some are read; nothing is
written.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

import msgspec

from personalize_assets.catalog.file_heads import sample_events
from personalize_assets.conversion.dataset_types import EVENT_DATASETS
from personalize_assets.conversion.mapping.event_mapper import EventMapper
from personalize_assets.conversion.mapping.paths import names_of, parse_path
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS, max_epoch_seconds_of
from personalize_assets.conversion.mapping.where import matcher
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline import hash_keys
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.causes import CauseFacts, causes, unidentified
from personalize_assets.storage.manifests import CatalogFile
from personalize_assets.storage.object_store import StoredObject
from personalize_assets.storage.raw_files import RawFiles, format_skipped, format_unread
from personalize_assets.storage.unread_keys import NO_KEYS, UnreadKeys

_Item = TypeVar("_Item")
_MOST_DAYS = 7
_MOST_FILES_PER_DAY = 20


class DayFiles(msgspec.Struct, frozen=True):
    """The raw files of a day (ISO) that fit the layout."""

    day: str
    files: int
    bytes: int


class SourceLook(msgspec.Struct, frozen=True, kw_only=True):
    """A place of raw files.

    Attributes:
        example: How a key of the layout looks.
        days: Oldest first.
        unfit: Keys that do not fit the layout, and may be raw files.
        early: Files from before ``start_date``.
        problem: Why there is no raw file; empty if there are some.
        lines: What is not read, in words.
    """

    uri: str
    layout: str
    example: str
    days: tuple[DayFiles, ...]
    unfit: UnreadKeys
    early: int
    problem: str
    lines: tuple[str, ...]


class DatasetLook(msgspec.Struct, frozen=True, kw_only=True):
    """What a sample of events gives for a dataset.

    Attributes:
        raw_files: Of its source; the sample is from some of them.
        events: Of the sample, without malformed ones.
        wanted: Those that match ``where``.
        rows: Rows of these, kept and rejected.
        rejected: Rows by reason.
        dropped: Values by reason that their rows would lack.
        causes: Why rows are missing.
        warnings: What else is likely not meant.
    """

    raw_files: int
    events: int
    wanted: int
    rows: int
    kept: int
    rejected: dict[str, int]
    dropped: dict[str, int]
    causes: tuple[str, ...]
    warnings: tuple[str, ...]


class SourceCheck(msgspec.Struct, frozen=True, kw_only=True):
    """All that ``personalize-assets validate`` says.

    Attributes:
        warehouse: Whether a warehouse is to be unloaded: then there may be no raw file yet.
        sampled_days: Days (ISO) whose files were read, of any source.
        malformed: How many of the sampled events cannot be read, by reason; they are of no dataset.
        datasets: By name.
    """

    dataset_group: str
    warehouse: bool
    sources: tuple[SourceLook, ...]
    sampled_days: tuple[str, ...]
    malformed: dict[str, int]
    datasets: dict[str, DatasetLook]

    @property
    def empty(self) -> tuple[str, ...]:
        """The datasets without a row; of a warehouse without raw files nothing is known."""
        return tuple(
            name
            for name, dataset in self.datasets.items()
            if not dataset.kept and (dataset.raw_files or not self.warehouse)
        )

    @property
    def gives_rows(self) -> bool:
        """Whether every dataset of events gets a row; interactions are in every config.

        Entities may be rare: a sample without any of them does not show that a run finds none.
        """
        return set(self.empty).isdisjoint(EVENT_DATASETS)


class _Sample(NamedTuple):
    """Some events of a day, those that cannot be read by reason, and the last second that a time in them may have."""

    day: date
    events: Sequence[dict[str, Any]]
    malformed: Counter[str]
    max_epoch_seconds: int


def look_at_source(group: DatasetGroup) -> SourceCheck:
    """List the raw files, read the beginnings of up to 20 files of seven days each, and map their events.

    Raises ``PersonalizeAssetsError`` for a place that cannot be listed or read, or without the key of hashed columns.
    """
    hash_keys.check_key(group.datasets)
    looks: dict[str, SourceLook] = {}
    files: dict[str, Mapping[date, Sequence[StoredObject]]] = {}
    for place, raw in group.sources.items():
        raw.store.check_exists()
        looks[place], files[place] = _listed(raw)
    samples = {source: _samples(group, places, files) for source, places in group.places.items()}
    sampled = sorted({sample.day for of_source in samples.values() for sample in of_source})
    return SourceCheck(
        dataset_group=group.config.dataset_group.name,
        warehouse=group.config.source.redshift is not None,
        sources=tuple(looks.values()),
        sampled_days=tuple(map(str, sampled)),
        malformed=_most_first(_malformed(sample for of_source in samples.values() for sample in of_source)),
        datasets={
            name: _dataset(group, name, samples[source], [looks[place] for place in group.places[source]])
            for name, source in group.source_ids.items()
        },
    )


def _listed(raw: RawFiles) -> tuple[SourceLook, Mapping[date, Sequence[StoredObject]]]:
    unfit, early, problem = NO_KEYS, 0, ""
    days: Mapping[date, Sequence[StoredObject]] = {}
    try:
        listing = raw.all()
        days, unfit, early = dict(sorted(listing.days.items())), listing.unfit, listing.early
    except PersonalizeAssetsError as error:
        problem, unfit = str(error), raw.unfit
    skipped = [f"Skipped:  {format_skipped(raw)}"] if raw.skipped else []
    look = SourceLook(
        uri=raw.store.uri,
        layout=raw.source.layout,
        example=raw.layout.example,
        days=tuple(DayFiles(str(day), len(of_day), sum(file.bytes for file in of_day)) for day, of_day in days.items()),
        unfit=unfit,
        early=early,
        problem=problem,
        lines=(*skipped, *format_unread(raw)),
    )
    return look, days


def _samples(
    group: DatasetGroup, places: Sequence[str], files: Mapping[str, Mapping[date, Sequence[StoredObject]]]
) -> list[_Sample]:
    """The first events of some files of days that are spread over all."""
    found = []
    for day in _spread(sorted({day for place in places for day in files[place]}), _MOST_DAYS):
        readable = [
            CatalogFile(place, file.key, file.bytes, "", "")
            for place in places
            for file in files[place].get(day, ())
            if file.bytes and not file.archive
        ]
        sample = sample_events(group.sources, _spread(readable, _MOST_FILES_PER_DAY))
        is_dated = all(group.sources[place].layout.is_dated for place in places)
        latest = max_epoch_seconds_of(day) if is_dated else int(time.time()) + DAY_SECONDS
        found.append(_Sample(day, list(map(dict, sample.events)), sample.malformed, latest))
    return found


def _spread(all: Sequence[_Item], most: int) -> list[_Item]:
    """Up to ``most`` of a sequence, evenly spread, the first and the last among them."""
    if len(all) <= most:
        return list(all)
    return [all[number * (len(all) - 1) // (most - 1)] for number in range(most)]


def _dataset(group: DatasetGroup, name: str, samples: Sequence[_Sample], looks: Sequence[SourceLook]) -> DatasetLook:
    dataset = group.datasets[name]
    is_wanted, mapper = matcher(dataset), EventMapper(dataset)
    rejected: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    wanted = rows = 0
    for sample in samples:
        for event in filter(is_wanted, sample.events):
            wanted += 1
            for row in mapper.rows(event, sample.max_epoch_seconds):
                rows += 1
                if row.reason is not None:
                    rejected[row.reason] += 1
                dropped.update(row.dropped)
    events = [event for sample in samples for event in sample.events]
    malformed = _malformed(samples)
    facts = CauseFacts(
        dataset=dataset,
        days=len(samples),
        raw_files=sum(day.files for look in looks for day in look.days),
        read=len(events) + malformed.total(),
        malformed=malformed,
        unreadable=0,
        rows=rows,
        rejected=rejected,
        sample=lambda: events,
        max_epoch_seconds=max((sample.max_epoch_seconds for sample in samples), default=0),
        masked=tuple(names_of(parse_path(path)) for path in group.masked_paths),
        is_converted=False,
    )
    return DatasetLook(
        raw_files=facts.raw_files,
        events=len(events),
        wanted=wanted,
        rows=rows,
        kept=rows - rejected.total(),
        rejected=_most_first(rejected),
        dropped=_most_first(dropped),
        # Without a raw file the source's own problem says it better.
        causes=tuple(causes(facts)) if facts.raw_files else (),
        warnings=tuple(filter(None, [unidentified(facts)])),
    )


def _malformed(samples: Iterable[_Sample]) -> Counter[str]:
    return sum((sample.malformed for sample in samples), Counter())


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
