"""The likely causes of missing rows: the raw files of the days at fault are looked at again, as the catalog does."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from personalize_assets.catalog.file_heads import sample_events
from personalize_assets.conversion.mapping.paths import lookup, names_of, parse_path
from personalize_assets.conversion.mapping.timestamps import DAY_SECONDS, max_epoch_seconds_of
from personalize_assets.conversion.reading.unwrapping import NOT_JSON
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.converted_days import converted_days
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.causes import CauseFacts, causes, unidentified
from personalize_assets.storage.days import accounting_of, commits_of
from personalize_assets.storage.manifests import CatalogFile, DayAccounting, DayCommit, DayState

_MAX_DAYS = 5
_MAX_FILES = 40
_MAX_REJECTS = 1000


def likely_causes(
    group: DatasetGroup,
    name: str,
    commits: Mapping[str, DayCommit] | None = None,
    accounting: Mapping[str, DayAccounting] | None = None,
) -> tuple[str, ...]:
    """Why rows of a dataset are missing, a sentence each; see ``quality.causes``.

    It only reads, and it never fails: what cannot be looked at is the cause that is returned.

    Args:
        commits: Those of the days to explain, by day (ISO); by default all converted days.
        accounting: Of the dataset's source, by the same days.
    """
    try:
        if commits is None or accounting is None:
            states = converted_days(group)
            commits, accounting = commits_of(states, name), accounting_of(states, group.source_ids[name])
        return tuple(causes(_facts(group, name, commits, accounting)))
    except PersonalizeAssetsError as error:
        return (f"the raw files could not be looked at for a cause: {error}",)
    except Exception as error:
        return (f"the raw files could not be looked at for a cause: {type(error).__name__}: {error}",)


def likely_mistakes(group: DatasetGroup, states: Mapping[str, DayState]) -> list[str]:
    """What is likely not meant in the config although rows come out, a sentence each; see ``causes.unidentified``.

    It only reads: the beginnings of files of one converted day for each dataset with ``dedupe_by``, that with most
    rows. What cannot be read shows no mistake.

    Args:
        states: The converted days, by day (ISO).
    """
    found = []
    for name, dataset in group.datasets.items():
        kept = {day: commit.kept for day, commit in commits_of(states, name).items() if commit.kept}
        if dataset.dedupe_by and kept:
            day = max(kept, key=lambda day: kept[day])
            with suppress(PersonalizeAssetsError):
                of_day = {day: states[day]}
                accounting = accounting_of(of_day, group.source_ids[name])
                found.append((name, unidentified(_facts(group, name, commits_of(of_day, name), accounting))))
    return [f"{name}: {mistake}" for name, mistake in found if mistake]


def _facts(
    group: DatasetGroup, name: str, commits: Mapping[str, DayCommit], accounting: Mapping[str, DayAccounting]
) -> CauseFacts:
    rejected: Counter[str] = Counter()
    malformed: Counter[str] = Counter()
    for commit in commits.values():
        rejected.update(commit.rejected)
    for counts in accounting.values():
        malformed.update(counts.malformed)
    days = _worst_days(commits, accounting)
    return CauseFacts(
        dataset=group.datasets[name],
        days=len(commits),
        raw_files=sum(counts.raw_files for counts in accounting.values()),
        read=sum(counts.read for counts in accounting.values()),
        malformed=malformed,
        unreadable=sum(counts.unreadable for counts in accounting.values()),
        rows=sum(commit.rows for commit in commits.values()),
        rejected=rejected,
        sample=lambda: _sample(group, group.source_ids[name], days),
        max_epoch_seconds=_latest(group, group.source_ids[name], days),
        masked=tuple(names_of(parse_path(path)) for path in group.masked_paths),
        unparsed=lambda: _unparsed(group, accounting),
    )


def _unparsed(group: DatasetGroup, accounting: Mapping[str, DayAccounting]) -> dict[str, list[int]]:
    """The lengths of texts that are no JSON, by path, among the first rejects of the days that have most of them."""
    by_path: dict[str, list[int]] = {}
    worst = sorted(accounting.values(), key=lambda counts: -sum(counts.malformed.values()))[:_MAX_DAYS]
    for counts in worst:
        for reject in group.destination.days.first_rejects_in(counts.reject_files, _MAX_REJECTS):
            kind, _, path = reject.reason.partition(":")
            with suppress(ValueError):  # a long event is cut in its reject
                text = lookup(json.loads(reject.raw or ""), parse_path(path)) if kind == NOT_JSON else None
                if isinstance(text, str):
                    by_path.setdefault(path, []).append(len(text))
    return by_path


def _latest(group: DatasetGroup, source: str, days: list[date]) -> int:
    """The last second that a TIMESTAMP of any of these days may have."""
    if group.sources[source].source.layout == "flat" or not days:
        return int(time.time()) + DAY_SECONDS
    return max_epoch_seconds_of(max(days))


def _worst_days(commits: Mapping[str, DayCommit], accounting: Mapping[str, DayAccounting]) -> list[date]:
    """The days that lack most rows: first those with most rejects, then those with most events."""

    def lacking(day: str) -> tuple[int, int]:
        return sum(commits[day].rejected.values()), accounting[day].read if day in accounting else 0

    return [date.fromisoformat(day) for day in sorted(commits, key=lacking, reverse=True)[:_MAX_DAYS]]


def _sample(group: DatasetGroup, source: str, days: list[date]) -> list[dict[str, Any]]:
    """Events from the beginnings of some files of each day."""
    catalogs = group.destination.catalogs(days)
    files: list[CatalogFile] = []
    for catalog in catalogs.values():
        of_source = [file for file in catalog.files if file.source in group.places[source]]
        step = max(1, len(of_source) * len(catalogs) // _MAX_FILES)
        files += of_source[::step]
    return [dict(event) for event in sample_events(group.sources, files).events]
